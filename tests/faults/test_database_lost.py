"""F11 to F13: PostgreSQL is restarted under load, and crashes in the middle of a sweep."""

import pytest

from tests.faults.load import TAKEN, Load
from tests.faults.stage import Stage
from tests.site.installation import until

pytestmark = [pytest.mark.fault]


def test_f11_a_restart_of_postgresql_under_load_is_a_503_and_costs_nothing(stage: Stage) -> None:
    stage.web()
    worker = stage.worker()

    with Load(stage) as load:
        until(lambda: len(load.taken) > 20, "predictions come in", 30)
        stage.tick()
        stage.cluster.stop()
        until(lambda: 503 in load.statuses, "the web says so", 30)
        stage.cluster.start()
        taken = len(load.taken)
        until(lambda: len(load.taken) > taken + 20, "predictions come in again", 30)

    assert load.statuses <= {*TAKEN, 503}
    for answer in load.answers:
        if answer.status == 503:
            assert answer.headers["content-type"] == "application/problem+json"
            assert int(answer.headers["retry-after"]) > 0
    load.assert_kept()
    stage.tick()
    until(lambda: stage.count("reviews_escalation") == 300, "it has swept", 30)
    stage.relay()
    stage.until_drained()
    stage.assert_fired_once(300, promises=1)
    assert worker.process.poll() is None


def test_f12_f13_a_crash_of_postgresql_in_a_sweep_leaves_nothing_and_the_worker_goes_on(
    stage: Stage,
) -> None:
    worker = stage.worker()
    with stage.nobody_writes("governance_outboxmessage"):
        stage.tick()
        stage.until_held_up()
        stage.cluster.crash()
    # It is told to sweep while there is no database at all.
    failed = worker.said.count("OperationalError")
    stage.tick()
    until(lambda: worker.said.count("OperationalError") > failed, "the sweep fails", 30)

    stage.cluster.start()
    stage.assert_untouched()
    stage.tick()
    stage.until_drained()
    stage.assert_fired_once(300, promises=1)
    assert worker.process.poll() is None
