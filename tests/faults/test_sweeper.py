"""Rows 49 to 52, F1, F2, F16, F17: sweeps that are killed, that meet, and that come often."""

from collections.abc import Callable

import pytest

from hitlsite import broker
from tests.faults.stage import Stage
from tests.site.installation import until

pytestmark = [pytest.mark.fault]

# What a sweep writes last: whoever waits for it has written all the rest, and committed nothing.
LAST = "governance_outboxmessage"


def test_row_49_f1_a_worker_killed_inside_a_sweep_leaves_nothing_and_the_next_fires_once(
    stage: Stage,
) -> None:
    worker = stage.worker()
    with stage.nobody_writes(LAST):
        stage.tick()
        stage.until_held_up()
        worker.kill()

    stage.assert_untouched()
    stage.worker()
    stage.tick()
    stage.until_drained()
    stage.again()
    stage.assert_fired_once(300, promises=1)


def test_row_50_a_worker_killed_between_commit_and_hint_has_promised(stage: Stage) -> None:
    worker = stage.worker()
    with stage.nobody_writes(LAST):
        stage.tick()
        stage.until_held_up()
        # It will wait a second for a broker that takes no hint, which is when it is killed.
        stage.broker.freeze()
    until(lambda: stage.count("reviews_escalation") == 300, "the sweep is committed", 20)
    worker.kill()
    # What a frozen broker had in its socket is lost with it.
    stage.broker.end()
    stage.broker.start()

    assert stage.rows("SELECT task, attempts FROM governance_outboxmessage") == [
        ("reviews.tell", 0)
    ]
    assert stage.count("reviews_notification") == 0
    stage.worker()
    stage.relay()
    stage.until_drained()
    _assert_told_once(stage)
    stage.again()
    stage.assert_fired_once(300, promises=1)


def test_row_51_three_sweepers_on_10000_due_clocks_fire_10000_times(
    build: Callable[[int], Stage],
) -> None:
    stage = build(10_000)
    stage.until_ready(*[stage.worker(wait=False) for _ in range(3)])

    with stage.nobody_writes(LAST):
        stage.tick(times=3)
        # Each has a batch of its own, and all of it locked.
        stage.until_held_up(3)

    stage.until_drained()
    stage.again()
    stage.assert_fired_once(10_000)


def test_row_52_f16_a_message_that_is_delivered_three_times_has_one_effect(stage: Stage) -> None:
    stage.tick()
    _copy(stage, "critical", 1)
    stage.worker(queues="critical", processes=3)
    until(lambda: stage.ran("reviews.sweep_clocks") == 3, "each copy is run", 30)
    assert stage.count("reviews_escalation") == 300

    # Sweeps that met have shared the clocks; each has promised to tell of its part.
    promises = _tell_of_promises(stage)
    _copy(stage, "default", promises)
    stage.worker(queues="default", processes=3)
    until(lambda: stage.ran("governance.run_message") == 3 * promises, "each copy is run", 30)
    stage.until_drained()
    assert stage.rows("SELECT DISTINCT attempts FROM governance_outboxmessage") == [(1,)]
    _assert_told_once(stage)
    stage.assert_fired_once(300)


def test_f2_a_pool_child_that_is_killed_costs_its_message_and_nothing_else(stage: Stage) -> None:
    worker = stage.worker()
    with stage.nobody_writes(LAST):
        stage.tick()
        stage.until_held_up()
        worker.kill_child()

    stage.assert_untouched()
    with stage.nobody_writes("reviews_notification"):
        stage.tick()
        # This time its child is at telling people.
        stage.until_held_up()
        assert stage.count("reviews_escalation") == 300
        worker.kill_child()
    until(lambda: stage.rows("SELECT attempts FROM governance_outboxmessage") == [(1,)], "one", 20)
    assert stage.count("reviews_notification") == 0
    stage.again()
    assert stage.count("governance_outboxmessage WHERE done_at IS NULL") == 1, "it is leased"
    # Its lease ends.
    stage.change("UPDATE governance_outboxmessage SET next_at = now()")
    stage.relay()
    stage.until_drained()
    assert stage.rows("SELECT attempts FROM governance_outboxmessage") == [(2,)]
    _assert_told_once(stage)
    stage.assert_fired_once(300, promises=1)


def test_f17_promises_that_are_kept_in_another_order_end_the_same(
    build: Callable[[int], Stage],
) -> None:
    stage = build(2000)
    stage.worker(queues="critical")
    stage.tick()
    until(lambda: stage.count("reviews_escalation") == 2000, "it has swept", 60)
    _tell_of_promises(stage)

    stage.worker(queues="default", processes=2)
    stage.until_drained()

    _assert_told_once(stage)
    stage.assert_fired_once(2000, promises=4)


def _tell_of_promises(stage: Stage) -> int:
    """Leave one message for each promise, the last promise first; returns how many.

    Hints may have been lost, as they always may.
    """
    with broker.connect(stage.broker.url) as client:
        client.delete("default")
    found = stage.rows("SELECT id::text FROM governance_outboxmessage ORDER BY 1 DESC")
    for (message,) in found:
        stage.send("governance.run_message", queue="default", message_id=message)
    return len(found)


def _copy(stage: Stage, queue: str, messages: int) -> None:
    """Put two copies of each of the messages of a queue beside them."""
    with broker.connect(stage.broker.url) as client:
        found = client.lrange(queue, 0, -1)
        assert len(found) == messages
        client.rpush(queue, *found, *found)


def _assert_told_once(stage: Stage) -> None:
    """Every person has one notice of one thing."""
    twice = "SELECT person_id, source FROM reviews_notification GROUP BY 1, 2 HAVING count(*) > 1"
    assert stage.rows(twice) == []
    assert stage.count("reviews_notification") > 0
