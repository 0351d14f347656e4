"""The supervisor: what it starts, restarts, ends and rotates."""

import sys
import threading
from pathlib import Path

import pytest

from hitlsite.supervisor import LONGEST_PAUSE, Child, StartFailed, Supervisor, rotate
from tests.site.installation import until


def _supervisor(tmp_path: Path) -> tuple[Supervisor, list[str]]:
    said: list[str] = []
    return Supervisor(folder=tmp_path, logs=tmp_path / "logs", say=said.append), said


def _python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_child_that_gives_up_is_told_with_its_last_words(tmp_path: Path) -> None:
    supervisor, _ = _supervisor(tmp_path)
    child = Child("web", _python("print('no such module'); raise SystemExit(3)"), grace=1)
    supervisor.start(child)

    with pytest.raises(StartFailed, match="web did not start: no such module"):
        supervisor.wait_until(lambda: False, child, seconds=20)


def test_a_child_that_is_not_ready_in_time_is_told(tmp_path: Path) -> None:
    supervisor, _ = _supervisor(tmp_path)
    child = Child("web", _python("import time; time.sleep(60)"), grace=1)
    supervisor.start(child)

    with pytest.raises(StartFailed, match="web did not start: it said nothing"):
        supervisor.wait_until(lambda: False, child, seconds=0.3)
    supervisor.stop()
    assert not child.running


def test_a_child_that_ignores_the_wish_to_end_is_ended_by_force(tmp_path: Path) -> None:
    supervisor, _ = _supervisor(tmp_path)
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True)"
    child = Child("deaf", _python(f"{deaf}; time.sleep(60)"), grace=0.3)
    supervisor.start(child)
    until(lambda: "1" in supervisor.log_of(child).read_text(), "it is deaf", 20)

    supervisor.stop()

    assert child.process is not None
    assert child.process.returncode == -9


SLOW = """
import signal, sys, time
def heard(*_):
    print("heard", time.monotonic(), flush=True)
    time.sleep(1)
    print("ended", time.monotonic(), flush=True)
    sys.exit()
signal.signal(15, heard)
print("listens", flush=True)
time.sleep(60)
"""


def test_children_beside_each_other_end_together_and_the_others_one_after_another(
    tmp_path: Path,
) -> None:
    supervisor, _ = _supervisor(tmp_path)
    broker, worker = (Child(name, _python(SLOW), grace=8) for name in ("broker", "worker"))
    bulk = Child("bulk", _python(SLOW), grace=8, beside=True)
    for child in (broker, worker, bulk):
        supervisor.start(child)
        log = supervisor.log_of(child)
        until(lambda log=log: "listens" in log.read_text(), f"{child.name} listens", 20)

    supervisor.stop()

    said = {}
    for child in (broker, worker, bulk):
        words = supervisor.log_of(child).read_text().split()
        said[child.name] = float(words[2]), float(words[4])
    assert said["worker"][0] < said["bulk"][1], "both were asked before either had ended"
    assert said["broker"][0] > max(said["worker"][1], said["bulk"][1])


def test_a_child_that_runs_once_is_not_started_again(tmp_path: Path) -> None:
    supervisor, said = _supervisor(tmp_path)
    supervisor.start(Child("demo", _python("raise SystemExit(4)"), grace=1, once=True))
    timer = threading.Timer(3, lambda: setattr(supervisor, "signals", 1))
    timer.start()

    supervisor.run()

    assert said == ["demo ended (status 4)."]
    assert supervisor.children == []


def test_pauses_grow_with_each_failure_up_to_a_limit() -> None:
    child = Child("web", [], grace=1)
    pauses = []
    for failures in range(9):
        child.failures = failures
        pauses.append(child.pause())

    assert pauses[:4] == [0.5, 1, 2, 4]
    assert pauses[-1] == LONGEST_PAUSE


def test_a_log_over_its_limit_is_moved_aside_and_the_oldest_is_dropped(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    with log.open("ab") as held:
        for number in range(5):
            held.write(b"%d" % number * 20)
            held.flush()
            assert rotate(log, limit=10, kept=3)
            assert log.stat().st_size == 0
        held.write(b"short")

    assert not rotate(log, limit=10, kept=3)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "web.log",
        "web.log.1",
        "web.log.2",
        "web.log.3",
    ]
    assert (tmp_path / "web.log.1").read_bytes() == b"4" * 20
    assert log.read_bytes() == b"short"
