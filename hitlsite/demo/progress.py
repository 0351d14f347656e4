"""Telling how far a load has come: one line that moves on a terminal, plain lines elsewhere."""

from dataclasses import dataclass
from typing import Protocol

WIDTH = 24
PLAIN_STEP = 25


class Output(Protocol):
    """Where lines go."""

    def write(self, msg: str = "", style_func: None = None, ending: str | None = None) -> None:
        """Write text and an ending."""

    def flush(self) -> None:
        """Let it be seen."""


@dataclass
class Progress:
    """Percent done of a load whose steps each take a known share of it."""

    out: Output
    moving: bool
    text: str = ""
    start: int = 0
    end: int = 0
    shown: int = -1

    def step(self, text: str, until: int) -> None:
        """Begin a step that ends when `until` percent of the whole is done."""
        self.start, self.end = self.end, until
        self.text, self.shown = text, -1
        self.at(0, 1)

    def at(self, done: int, total: int) -> None:
        """Say that `done` of the `total` parts of this step are done."""
        share = done / total if total else 1.0
        percent = round(self.start + (self.end - self.start) * share)
        counts = f" {done:,} of {total:,}" if total > 1 else ""
        if self.moving:
            bar = "#" * round(percent * WIDTH / 100)
            line = f"[{bar:.<{WIDTH}}] {percent:3} %  {self.text}{counts}"
            self.out.write(f"\r\x1b[K{line}", ending="")
            self.out.flush()
            return
        stage = int(share * 100) // PLAIN_STEP
        if stage != self.shown:
            self.shown = stage
            self.say(f"{percent:3} %  {self.text}{counts}")

    def done(self) -> None:
        """Leave the moving line."""
        if self.moving:
            self.out.write("\r\x1b[K", ending="")
        self.moving = False

    def say(self, line: str = "") -> None:
        """Write a line of its own."""
        self.out.write(line)
        self.out.flush()
