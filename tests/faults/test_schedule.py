"""F3, F4: a schedule that is killed, and one too many."""

import time
from collections.abc import Callable

import pytest

from tests.faults.stage import Stage
from tests.faults.stock import TARGET
from tests.site.installation import until

pytestmark = [pytest.mark.fault]

SWEPT = "governance_heartbeat WHERE name = 'sweep'"


def test_f3_what_fell_due_while_the_schedule_was_dead_fires_once_when_it_is_back(
    build: Callable[[int], Stage],
) -> None:
    stage = build(0)
    stage.worker()
    beat = stage.beat()
    until(lambda: stage.count(SWEPT), "it sweeps", 30)
    beat.kill()
    stage.stock("items", "50", str(TARGET - 2))
    time.sleep(3)
    assert stage.count("reviews_slaclock WHERE due_at < now() AND breached_at IS NULL") == 50

    stage.beat()
    until(lambda: stage.count("reviews_escalation") == 50, "they are found", 40)
    stage.until_drained()

    late = "SELECT bool_and(detected_at > breached_at) FROM reviews_slaclock"
    assert stage.rows(late) == [(True,)], "when it was due and when it was seen are two things"
    stage.assert_fired_once(50)


def test_f4_two_schedules_and_two_workers_fire_each_level_once(stage: Stage) -> None:
    stage.until_ready(stage.worker(wait=False), stage.worker(wait=False))
    for _ in range(2):
        stage.beat()

    stage.until_drained()

    until(lambda: stage.ran("reviews.sweep_clocks") >= 2, "both have let sweep", 40)
    stage.assert_fired_once(300)
