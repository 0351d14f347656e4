"""The outbox: a promise is kept once, tried again when it fails, and at last left to a person."""

from datetime import timedelta
from typing import Any

import pytest
from celery import shared_task
from django.db import transaction

from governance.models import OutboxMessage
from governance.services import dispatch
from tests.factories import NOW

pytestmark = pytest.mark.django_db
DONE: list[str] = []


@shared_task(name="tests.note")
def note(*, word: str) -> None:
    DONE.append(word)


@shared_task(name="tests.fail")
def fail() -> None:
    raise ZeroDivisionError("for a test")


@pytest.fixture(autouse=True)
def nothing_done() -> None:
    DONE.clear()


def test_a_promise_is_kept_once() -> None:
    message = dispatch.enqueue("tests.note", now=NOW, word="a")
    assert dispatch.run(message_id=str(message.pk), now=NOW) is True
    assert dispatch.run(message_id=str(message.pk), now=NOW + timedelta(days=1)) is False
    assert DONE == ["a"]


def test_a_promise_is_told_of_after_the_commit_and_not_before(
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks(execute=False) as callbacks:
        dispatch.enqueue("tests.note", now=NOW, word="b")
        assert DONE == []
    assert len(callbacks) == 1


def test_a_promise_of_an_act_that_was_taken_back_is_none() -> None:
    with transaction.atomic():
        dispatch.enqueue("tests.note", now=NOW, word="c")
        transaction.set_rollback(True)
    assert not OutboxMessage.objects.exists()


def test_a_name_that_no_task_has_is_refused_at_once() -> None:
    with pytest.raises(LookupError):
        dispatch.enqueue("tests.nothing", now=NOW)


def test_the_same_promise_twice_is_one() -> None:
    first = dispatch.enqueue("tests.note", now=NOW, dedupe="once", word="d")
    assert dispatch.enqueue("tests.note", now=NOW, dedupe="once", word="d").pk == first.pk
    assert OutboxMessage.objects.count() == 1


def test_two_runners_do_not_take_one_message() -> None:
    message = dispatch.enqueue("tests.note", now=NOW, word="e")
    assert dispatch.lease(message_id=str(message.pk), now=NOW) is not None
    assert dispatch.lease(message_id=str(message.pk), now=NOW + timedelta(seconds=60)) is None
    assert dispatch.due(now=NOW + timedelta(seconds=60)) == []
    late = NOW + dispatch.LEASE
    assert [m for m, _ in dispatch.due(now=late)] == [str(message.pk)]
    assert dispatch.run(message_id=str(message.pk), now=late) is True


def test_what_fails_is_tried_again_later_and_is_dead_after_five_times() -> None:
    message = dispatch.enqueue("tests.fail", now=NOW)
    now, waits = NOW, []
    for _ in range(dispatch.MAX_ATTEMPTS):
        assert [m for m, _ in dispatch.due(now=now)] == [str(message.pk)]
        assert dispatch.run(message_id=str(message.pk), now=now) is False
        message.refresh_from_db()
        waits.append(message.next_at - now)
        now = message.next_at
    assert waits == [timedelta(seconds=5**n) for n in range(1, 6)]
    assert message.dead_at is not None
    assert "for a test" in message.last_error
    assert dispatch.due(now=now + timedelta(days=30)) == []
    assert dispatch.run(message_id=str(message.pk), now=now + timedelta(days=30)) is False


def test_a_runner_that_dies_each_time_leaves_the_message_dead() -> None:
    message = dispatch.enqueue("tests.note", now=NOW, word="f")
    now = NOW
    for _ in range(dispatch.MAX_ATTEMPTS):
        assert dispatch.lease(message_id=str(message.pk), now=now) is not None
        now += dispatch.LEASE
    assert dispatch.run(message_id=str(message.pk), now=now) is False
    message.refresh_from_db()
    assert (message.dead_at, DONE) == (now, [])
