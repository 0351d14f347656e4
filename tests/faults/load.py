"""Senders of predictions that go on through a fault, and repeat what was not taken."""

import threading
import time
from dataclasses import dataclass, field
from types import TracebackType

from tests import factories
from tests.faults.stage import Answer, Stage

TAKEN = (200, 201)
PATIENCE = 60.0


@dataclass
class Load:
    """A few threads, each of which sends one prediction after the other until it is taken."""

    stage: Stage
    senders: int = 3
    answers: list[Answer] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "Load":
        """Begin."""
        for sender in range(self.senders):
            self.threads.append(threading.Thread(target=self._send_on, args=(sender,)))
            self.threads[-1].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let each come to the end of what it has begun."""
        self.over.set()
        for thread in self.threads:
            thread.join()

    def _send_on(self, sender: int) -> None:
        count = 0
        while not self.over.is_set():
            self._send(f"load-{sender}-{count}")
            count += 1
            time.sleep(0.02)

    def _send(self, name: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            payload = factories.a_payload(external_id=name)
            answer = self.stage.call("POST", "/api/v1/predictions", payload, who="bot")
            self.answers.append(answer)
            if answer.status in TAKEN:
                self.taken.append(name)
                return
            time.sleep(0.1)

    @property
    def statuses(self) -> set[int]:
        """Every status that there was."""
        return {answer.status for answer in self.answers}

    def assert_kept(self) -> None:
        """All that was taken is there once, and nothing else."""
        found = self.stage.rows(
            "SELECT external_id FROM reviews_prediction WHERE external_id LIKE %s", "load-%"
        )
        assert self.taken
        assert sorted(name for (name,) in found) == sorted(self.taken)
