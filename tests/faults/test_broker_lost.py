"""F7 to F10: the broker is emptied, stopped, frozen and full; clocks and senders lose nothing."""

import threading

import pytest

from hitlsite import broker
from tests import factories
from tests.faults.load import Load
from tests.faults.stage import Stage
from tests.site.installation import until
from tests.site.test_broker_faults import _fill

pytestmark = [pytest.mark.fault]

# What reliability.md promises of a web whose broker is frozen.
SOON = 3.0


def _assert_the_web_goes_on(stage: Stage, name: str) -> None:
    """Send a prediction and ask how things are, each answered SOON."""
    payload = factories.a_payload(external_id=name)
    sent = stage.call("POST", "/api/v1/predictions", payload, who="bot", idempotency_key=name)
    assert sent.status == 201, sent.body
    ready = stage.call("GET", "/readyz")
    assert (ready.status, ready.json["checks"]["broker"]["ok"]) == (503, False)
    assert max(sent.seconds, ready.seconds) < SOON


def test_f7_a_broker_that_is_emptied_all_the_time_loses_no_item_and_no_breach(
    stage: Stage,
) -> None:
    stage.web()
    workers = stage.worker(processes=2, wait=False)
    over = threading.Event()

    def flush() -> None:
        with broker.connect(stage.broker.url) as client:
            while not over.wait(1):
                client.flushall()

    flushing = threading.Thread(target=flush)
    with Load(stage) as load:
        flushing.start()
        stage.until_ready(workers)
        for _ in range(4):
            stage.tick()
            over.wait(0.7)
        over.set()
        flushing.join()

    stage.tick()
    until(lambda: stage.count("reviews_escalation") == 300, "it has swept", 30)
    stage.relay()
    stage.until_drained()
    assert load.statuses == {201}
    load.assert_kept()
    stage.assert_fired_once(300)


def test_f8_a_broker_that_is_stopped_and_started_costs_time_only(stage: Stage) -> None:
    stage.web()
    worker = stage.worker()
    stage.broker.end()

    _assert_the_web_goes_on(stage, "while it is gone")
    beat = stage.beat()
    until(lambda: "refused" in beat.said.lower(), "the schedule finds no broker", 30)
    stage.assert_untouched()

    stage.broker.start()
    stage.until_drained()
    stage.assert_fired_once(300, promises=1)
    assert worker.process.poll() is None


def test_f9_a_broker_that_is_frozen_holds_up_neither_the_web_nor_the_next_sweep(
    stage: Stage,
) -> None:
    stage.web()
    worker = stage.worker()
    stage.broker.freeze()

    _assert_the_web_goes_on(stage, "while it is frozen")
    stage.assert_untouched()

    stage.broker.thaw()
    until(lambda: stage.call("GET", "/readyz").json["checks"]["broker"]["ok"], "it answers", 20)
    stage.tick()
    until(lambda: stage.count("reviews_escalation") == 300, "it has swept", 60)
    stage.relay()
    stage.until_drained()
    stage.assert_fired_once(300, promises=1)
    assert worker.process.poll() is None


def test_f10_a_broker_that_is_full_delays_the_sweep_and_drops_nothing(stage: Stage) -> None:
    with broker.connect(stage.broker.url) as client:
        _fill(client)
        # A worker that cannot take a message ends, and is started again by its supervisor.
        site = stage.up()
        logs = stage.folder / "data" / "logs"
        until(lambda: "maxmemory" in (logs / "beat.log").read_text(), "the schedule is told", 60)
        sent = stage.call("POST", "/api/v1/predictions", factories.a_payload(), who="bot")
        assert sent.status == 201, sent.body
        assert sent.seconds < SOON
        stage.assert_untouched()
        client.flushall()
        client.config_set("maxmemory", "64mb")

    stage.until_drained(seconds=120)
    stage.assert_fired_once(300)
    assert site.process.poll() is None
