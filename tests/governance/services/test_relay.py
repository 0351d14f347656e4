"""The relay: it drains what waits, shares it with others, and holds nobody up for a bad message."""

import time
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app, shared_task
from celery.exceptions import OperationalError as BrokerLost

from governance.models import OutboxMessage
from governance.services import dispatch
from governance.services.dispatch import Promise
from tests.factories import NOW

pytestmark = pytest.mark.django_db
RAN: list[str] = []


@shared_task(name="tests.write_down")
def write_down(*, word: str) -> None:
    RAN.append(word)


@shared_task(name="tests.take_long", time_limit=900)
def take_long() -> None:
    RAN.append("long")


@pytest.fixture(autouse=True)
def nothing_ran(monkeypatch: pytest.MonkeyPatch) -> None:
    RAN.clear()
    monkeypatch.setattr(dispatch._broker, "silent_until", 0.0)


@pytest.fixture
def hints(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Return what a worker is told, and tell it nothing."""
    told: list[dict[str, Any]] = []
    for name in ("governance.run_message", "governance.relay_outbox"):
        monkeypatch.setattr(
            current_app.tasks[name],
            "apply_async",
            lambda name=name, **options: told.append({"told": name, **options}),
        )
    return told


def promised(count: int) -> None:
    words = [f"{number:03}" for number in range(count)]
    dispatch.enqueue_all([Promise("tests.write_down", {"word": word}) for word in words], now=NOW)


def relay(seconds: float = 60, after: float = 0) -> int:
    return dispatch.relay(now=lambda: NOW + timedelta(seconds=after), seconds=seconds)


def test_one_relay_drains_more_than_a_batch() -> None:
    promised(3 * dispatch.BATCH + 1)
    assert relay() == len(RAN) == 3 * dispatch.BATCH + 1
    assert sorted(RAN) == sorted(set(RAN))
    assert not OutboxMessage.objects.filter(done_at=None).exists()


def test_a_relay_whose_time_is_up_gives_back_what_it_has_not_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    promised(10)
    steady = iter([0.0, 0.0, 0.0, 0.0, 99.0])
    monkeypatch.setattr(dispatch.time, "monotonic", lambda: next(steady, 99.0))
    assert relay(seconds=10) == len(RAN) == 2
    left = OutboxMessage.objects.filter(done_at=None)
    assert set(left.values_list("attempts", "next_at", "started_at")) == {(0, NOW, None)}
    monkeypatch.undo()
    assert relay() == 8


def test_what_a_relay_has_reserved_is_nobody_elses_and_is_no_attempt() -> None:
    promised(3)
    batch = dispatch._reserve([], NOW)
    assert len(batch) == 3
    assert relay() == 0
    assert dispatch.run(message_id=str(batch[0].pk), now=NOW) is False
    # Its relay was killed: the others find it when the reservation ends.
    assert relay(after=dispatch.RESERVED.total_seconds()) == 3
    assert set(OutboxMessage.objects.values_list("attempts", flat=True)) == {1}


def test_a_relay_that_comes_back_too_late_begins_nothing() -> None:
    promised(1)
    (message,) = dispatch._reserve([], NOW)
    assert relay(after=dispatch.RESERVED.total_seconds()) == 1
    assert dispatch._started(message, NOW + dispatch.RESERVED) is False
    assert RAN == ["000"]


def test_what_failed_before_runs_after_its_neighbours() -> None:
    promised(2)
    first = OutboxMessage.objects.order_by("pk").first()
    assert first is not None
    OutboxMessage.objects.filter(pk=first.pk).update(attempts=2)
    relay()
    assert RAN == ["001", "000"]


def test_a_runner_that_lost_its_lease_changes_nothing_by_failing() -> None:
    message = dispatch.enqueue("tests.write_down", now=NOW, word="a", surprise=1)
    slow = dispatch.lease(message_id=str(message.pk), now=NOW)
    assert slow is not None
    late = NOW + dispatch.LEASE
    other = dispatch.lease(message_id=str(message.pk), now=late)
    assert other is not None
    assert dispatch._run(slow, late) is False
    message.refresh_from_db()
    assert (message.attempts, message.next_at) == (2, other.next_at)
    assert message.last_error == ""


@pytest.mark.parametrize(
    ("task", "arguments", "why"),
    [
        ("tests.nobody_knows", {}, "NotRegistered"),
        ("tests.write_down", {"word": "a", "surprise": 1}, "surprise"),
        ("tests.write_down", {"sentence": "a"}, "sentence"),
        ("tests.write_down", {"word": "x", "": ""}, "unexpected keyword"),
    ],
)  # fmt: skip
def test_f23_poison_is_quarantined_after_five_attempts_and_its_neighbours_are_not_held_up(
    task: str, arguments: dict[str, Any], why: str
) -> None:
    poison = OutboxMessage.objects.create(
        task=task, arguments=arguments, created_at=NOW, next_at=NOW
    )
    promised(5)
    assert relay() == len(RAN) == 5
    after = 0.0
    for _ in range(20):
        after += 700
        relay(after=after)
    poison.refresh_from_db()
    assert poison.attempts == dispatch.MAX_ATTEMPTS
    assert poison.dead_at is not None
    assert why in poison.last_error
    assert len(RAN) == 5


def test_f17_promises_that_run_in_another_order_end_the_same() -> None:
    promised(7)
    keys = [str(pk) for pk in OutboxMessage.objects.order_by("-pk").values_list("pk", flat=True)]
    for key in keys + keys[::-1]:
        dispatch.run(message_id=key, now=NOW)
    assert sorted(RAN) == [f"{number:03}" for number in range(7)]


def test_long_work_is_told_of_and_never_holds_up_the_rest(hints: list[dict[str, Any]]) -> None:
    dispatch.enqueue_all([Promise("tests.take_long") for _ in range(2 * dispatch.BATCH)], now=NOW)
    dispatch.enqueue_all([Promise("tests.write_down", {"word": "short"})], now=NOW)
    assert relay() == 1
    assert RAN == ["short"]
    assert len(hints) == dispatch.BATCH
    assert {hint["queue"] for hint in hints} == {"bulk"}
    assert {hint["time_limit"] for hint in hints} == {900}


def test_only_what_names_a_longer_limit_is_long_work(hints: list[dict[str, Any]]) -> None:
    assert dispatch.is_long("tests.take_long")
    assert dispatch.is_long("feedback.seal_version")
    assert not dispatch.is_long("tests.write_down")
    assert not dispatch.is_long("tests.nobody_knows")
    dispatch.hint(message_id="x", task="tests.write_down")
    assert not {"queue", "time_limit", "soft_time_limit"} & set(hints[0])


def test_long_work_that_waits_for_hours_does_not_fill_the_broker(
    hints: list[dict[str, Any]],
) -> None:
    dispatch.enqueue_all([Promise("tests.take_long")], now=NOW)
    for tick in range(240):
        relay(after=15 * tick)
    assert 20 < len(hints) < 40


def test_promises_in_bulk_are_unique_and_told_of_once(
    hints: list[dict[str, Any]], django_capture_on_commit_callbacks: Any
) -> None:
    promises = [Promise("tests.write_down", {"word": w}, dedupe=w) for w in ("a", "b", "a")]
    with django_capture_on_commit_callbacks(execute=True):
        dispatch.enqueue_all(promises, now=NOW)
        dispatch.enqueue_all([Promise("tests.write_down", {"word": "b"}, dedupe="b")], now=NOW)
        dispatch.enqueue_all([], now=NOW)
    assert [hint["told"] for hint in hints] == ["governance.relay_outbox"] * 2
    relay()
    assert sorted(RAN) == ["a", "b"]
    with pytest.raises(LookupError):
        dispatch.enqueue_all([Promise("tests.nothing")], now=NOW)


def test_a_broker_that_is_lost_is_asked_once_by_an_act_of_many_promises(
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked = []

    def lost(**options: Any) -> None:
        asked.append(options)
        raise BrokerLost("Timeout reading from socket")

    monkeypatch.setattr(current_app.tasks["governance.run_message"], "apply_async", lost)
    with django_capture_on_commit_callbacks(execute=True):
        for number in range(50):
            dispatch.enqueue("tests.write_down", now=NOW, word=str(number))
    assert len(asked) == 1
    assert "the relay will find the work" in caplog.text
    assert relay() == 50
    dispatch._broker.silent_until = time.monotonic() - 1
    dispatch.hint(message_id="x", task="tests.write_down")
    assert len(asked) == 2, "after a while it is asked again"


def old_message(**changes: Any) -> OutboxMessage:
    fields = {"task": "tests.write_down", "created_at": NOW, "next_at": NOW} | changes
    return OutboxMessage.objects.create(**fields)


def test_what_was_done_long_ago_is_forgotten_and_what_is_dead_is_not() -> None:
    # The key of a message says when it was made: all of these are older than KEPT.
    first = "01900000-0000-7000-8000-00000000000"
    old_message(pk=f"{first}1", done_at=NOW)
    recent = old_message(pk=f"{first}2", done_at=NOW + timedelta(days=9))
    dead = old_message(pk=f"{first}3", dead_at=NOW)
    given_up = old_message(pk=f"{first}4", dead_at=NOW, discarded_at=NOW)
    waiting = old_message(pk=f"{first}5")
    later = NOW + dispatch.KEPT + timedelta(days=1)
    assert dispatch.forget(now=later) == 1
    left = {str(pk) for pk in OutboxMessage.objects.values_list("pk", flat=True)}
    assert left == {str(m.pk) for m in (recent, dead, given_up, waiting)}
    assert dispatch.forget(now=later) == 0


def test_forgetting_goes_on_until_nothing_old_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "FORGOTTEN_AT_ONCE", 3)
    for number in range(10):
        old_message(pk=f"01900000-0000-7000-8000-{number:012}", done_at=NOW)
    assert dispatch.forget(now=NOW + dispatch.KEPT + timedelta(days=1)) == 10
