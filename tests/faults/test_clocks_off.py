"""Row 56, F19, F20: the worker's own clock is wrong, and the database's is not."""

from pathlib import Path

import pytest

from tests.faults.stage import Stage
from tests.faults.stock import TARGET
from tests.site.installation import until

pytestmark = [pytest.mark.fault]

HALF_AN_HOUR = str(TARGET - 1800)


def _faketime(**settings: str) -> dict[str, str]:
    """Return the environment of a process that believes another time; skip where none can."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    if not found:
        pytest.skip("There is no faketime on this machine.")
    steady = {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
    return {"LD_PRELOAD": str(found[-1]), **steady, **settings}


@pytest.mark.parametrize("off", ["+1h", "-1h"])
def test_row_56_f19_a_worker_an_hour_off_fires_nothing_early_and_nothing_late(
    stage: Stage, off: str
) -> None:
    stage.stock("items", "20", HALF_AN_HOUR)
    worker = stage.worker(**_faketime(FAKETIME=off))

    stage.tick()
    stage.until_drained()

    due = "reviews_slaclock WHERE due_at BETWEEN now() AND now() + interval '31 minutes'"
    assert stage.count(due) == stage.count(f"{due} AND breached_at IS NULL") == 20
    # What was late was seen at the database's time.
    (seen,) = stage.rows("SELECT max(abs(extract(epoch FROM now() - fired_at))) "
                         "FROM reviews_escalation")  # fmt: skip
    assert seen[0] < 600
    assert worker.process.poll() is None
    stage.assert_fired_once(300, promises=1)


def test_f20_a_worker_whose_clock_steps_back_records_in_order(stage: Stage) -> None:
    clock = stage.folder / "clock"
    clock.write_text("+0", encoding="ascii")
    worker = stage.worker(**_faketime(FAKETIME_TIMESTAMP_FILE=str(clock), FAKETIME_NO_CACHE="1"))
    stage.tick()
    stage.until_drained()

    clock.write_text("-120", encoding="ascii")
    stage.stock("items", "50", str(TARGET + 60))
    stage.tick()
    until(lambda: stage.count("reviews_escalation") == 350, "it has swept", 30)
    stage.until_drained()

    assert stage.count("reviews_escalation WHERE overdue < interval '0' OR fired_at < planned_at "
                       "OR fired_at < breached_at") == 0  # fmt: skip
    assert stage.count("reviews_slaclock WHERE elapsed < interval '0'") == 0
    backwards = """
        SELECT 1 FROM (SELECT {at}, lag({at}) OVER (PARTITION BY {of} ORDER BY {seq}) AS before
        FROM {table}) AS each WHERE {at} < before
    """
    for table, of, seq, at in (
        ("reviews_clockevent", "clock_id", "seq", "recorded_at"),
        ("governance_auditevent", "stream", "sequence", "at"),
    ):
        assert stage.rows(backwards.format(table=table, of=of, seq=seq, at=at)) == []
    assert worker.process.poll() is None
    stage.assert_fired_once(350)
