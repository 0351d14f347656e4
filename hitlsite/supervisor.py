"""Runs the processes of one installation: starts them in order, restarts them, stops them.

The supervisor has one thread. Each child leads a process group of its own, writes to a log file of
its own, and is killed by the kernel when the supervisor dies, however that happens.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

TICK = 0.1
LONGEST_PAUSE = 30.0
STEADY = 60.0
PR_SET_PDEATHSIG = 1
LOG_LIMIT = 10_000_000
LOGS_KEPT = 5

Say = Callable[[str], None]


class StartFailed(Exception):
    """A child did not come up; the message is for the person who started it."""


@dataclass(slots=True)
class Child:
    """A process to run.

    `grace` is how many seconds it gets to end after SIGTERM. With `once` it is not started again,
    and what it says goes to the terminal. One that is `beside` the child before it ends with it.
    """

    name: str
    command: Sequence[str]
    grace: float
    pass_fds: tuple[int, ...] = ()
    once: bool = False
    beside: bool = False
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    restart_at: float = 0.0

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    def pause(self) -> float:
        """Return how many seconds to wait before the next start: longer after each failure."""
        return min(LONGEST_PAUSE, 0.5 * 2.0**self.failures)


@dataclass(slots=True)
class Supervisor:
    """Keeps children running in `folder` until it is told to stop by SIGINT or SIGTERM."""

    folder: Path
    logs: Path
    say: Say
    children: list[Child] = field(default_factory=list)
    signals: int = 0

    def listen(self) -> None:
        """Take SIGINT, SIGTERM and SIGHUP as the wish to stop."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._heard)

    @property
    def stopping(self) -> bool:
        """Whether somebody asked to stop."""
        return self.signals > 0

    def start(self, child: Child) -> None:
        """Run a child, and keep it running from now on."""
        self._launch(child)
        self.children.append(child)

    def wait_until(self, ready: Callable[[], bool], child: Child, *, seconds: float) -> bool:
        """Wait until `ready`; False when asked to stop. StartFailed when the child gives up."""
        deadline = time.monotonic() + seconds
        while not self.stopping:
            if ready():
                return True
            if not child.running or time.monotonic() > deadline:
                raise StartFailed(f"{child.name} did not start: {self.last_words(child)}")
            time.sleep(TICK)
        return False

    def run(self) -> None:
        """Restart whatever dies, until somebody asks to stop."""
        rotate_at = 0.0
        while not self.stopping:
            for child in list(self.children):
                self._tend(child)
            if time.monotonic() >= rotate_at:
                rotate_at = time.monotonic() + STEADY
                for child in self.children:
                    rotate(self.log_of(child))
            time.sleep(TICK)

    def stop(self) -> None:
        """End every child in reverse order, by force after its grace or at a second signal."""
        asked: list[Child] = []
        for child in reversed(self.children):
            if child.running and child.process is not None:
                child.process.terminate()
            asked.append(child)
            if not child.beside:
                for each in asked:
                    self._end(each)
                asked.clear()

    def log_of(self, child: Child) -> Path:
        """Return the file that the child writes to."""
        return self.logs / f"{child.name}.log"

    def last_words(self, child: Child) -> str:
        """Return the last line the child wrote, and where the others are."""
        log = self.log_of(child)
        lines = log.read_text(encoding="utf-8", errors="replace")[-4000:].strip().splitlines()
        return f"{lines[-1] if lines else 'it said nothing'} (see {log})"

    def _heard(self, number: int, frame: FrameType | None) -> None:
        self.signals += 1

    def _launch(self, child: Child) -> None:
        with self._open_log(child) as log:
            child.process = subprocess.Popen(  # noqa: S603 - commands are ours
                child.command,
                stdin=subprocess.DEVNULL,
                stdout=None if child.once else log,
                stderr=None if child.once else log,
                cwd=self.folder,
                pass_fds=child.pass_fds,
                start_new_session=True,
                preexec_fn=_die_with_parent(os.getpid()),  # noqa: PLW1509 - one thread only
            )
        child.started = time.monotonic()

    def _open_log(self, child: Child) -> IO[bytes]:
        self.logs.mkdir(parents=True, exist_ok=True)
        return self.log_of(child).open("ab")

    def _tend(self, child: Child) -> None:
        if child.running:
            if child.failures and time.monotonic() - child.started > STEADY:
                child.failures = 0
            return
        now = time.monotonic()
        if not child.restart_at:
            # What it left behind may still hold its port or its queue.
            _kill_group(child, signal.SIGKILL)
            status = child.process.returncode if child.process else None
            if child.once:
                self._dismiss(child, status)
                return
            pause = child.pause()
            child.restart_at, child.failures = now + pause, child.failures + 1
            self.say(f"{child.name} ended ({_cause(status)}); it starts again in {pause:g} s.")
        elif now >= child.restart_at:
            child.restart_at = 0.0
            self._launch(child)

    def _dismiss(self, child: Child, status: int | None) -> None:
        self.children.remove(child)
        if status:
            self.say(f"{child.name} ended ({_cause(status)}).")

    def _end(self, child: Child) -> None:
        heard = self.signals
        deadline = time.monotonic() + child.grace
        while child.running and time.monotonic() < deadline and self.signals <= max(heard, 1):
            time.sleep(TICK / 2)
        _kill_group(child, signal.SIGKILL)
        if child.process is not None:
            child.process.wait()


def rotate(log: Path, *, limit: int = LOG_LIMIT, kept: int = LOGS_KEPT) -> bool:
    """Move a log over `limit` bytes aside, to `.1`, keeping `kept` old ones; say whether it was.

    The file is copied and emptied, not renamed: the processes that append to it hold it open.
    """
    if not log.exists() or log.stat().st_size <= limit:
        return False
    for number in range(kept - 1, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        if older.exists():
            older.replace(log.with_name(f"{log.name}.{number + 1}"))
    shutil.copyfile(log, log.with_name(f"{log.name}.1"))
    os.truncate(log, 0)
    return True


def _die_with_parent(parent: int) -> Callable[[], None]:
    if not sys.platform.startswith("linux"):
        return _nothing
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return ask_kernel


def _nothing() -> None:
    return


def _kill_group(child: Child, number: signal.Signals) -> None:
    if child.process is None:
        return
    try:
        os.killpg(child.process.pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _cause(status: int | None) -> str:
    if status is not None and status < 0:
        return signal.Signals(-status).name
    return f"status {status}"
