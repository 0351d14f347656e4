"""Dead messages: tried again or discarded by a person, with a reason and an event."""

from datetime import timedelta
from typing import Any

import pytest
from celery import shared_task

from governance.exceptions import Conflict, InvalidInput, NotFound
from governance.models import AuditEvent, OutboxMessage, User
from governance.selectors import outbox
from governance.selectors.outbox import State
from governance.services import dispatch
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)
ACTS = [dispatch.retry, dispatch.discard]


@shared_task(name="tests.fail_until_mended")
def fail_until_mended(*, name: str) -> None:
    User.objects.get(username=name)


def a_dead_message() -> OutboxMessage:
    message = dispatch.enqueue("tests.fail_until_mended", now=NOW, name="nobody")
    now = NOW
    for _ in range(dispatch.MAX_ATTEMPTS):
        dispatch.run(message_id=str(message.pk), now=now)
        message.refresh_from_db()
        now = message.next_at
    assert message.dead_at is not None
    return message


def act_of(message: OutboxMessage, actor: User, reason: str = "Mended") -> dict[str, Any]:
    return {"message_id": str(message.pk), "actor": actor, "reason": reason, "now": LATER}


def test_a_dead_message_that_is_retried_has_all_its_attempts_again(admin_user: User) -> None:
    message = a_dead_message()
    message = dispatch.retry(**act_of(message, admin_user))
    assert (message.dead_at, message.attempts, message.next_at) == (None, 0, LATER)
    factories.a_person("nobody", roles=(), pipelines=(), skills=())
    assert dispatch.run(message_id=str(message.pk), now=LATER) is True
    message.refresh_from_db()
    assert message.done_at == LATER
    event = AuditEvent.objects.get(stream=f"outbox:{message.pk}")
    assert (event.action, event.actor, event.reason) == ("outbox.retried", admin_user, "Mended")
    assert event.detail == {"task": "tests.fail_until_mended", "attempts": dispatch.MAX_ATTEMPTS}


def test_a_retry_that_fails_five_times_more_is_dead_again(admin_user: User) -> None:
    message = dispatch.retry(**act_of(a_dead_message(), admin_user))
    now = LATER
    for _ in range(dispatch.MAX_ATTEMPTS):
        assert dispatch.run(message_id=str(message.pk), now=now) is False
        message.refresh_from_db()
        now = message.next_at
    assert message.dead_at is not None
    dispatch.retry(**act_of(message, admin_user) | {"now": now})
    assert AuditEvent.objects.filter(stream=f"outbox:{message.pk}").count() == 2


def test_a_discarded_message_stays_and_is_never_run(admin_user: User) -> None:
    message = dispatch.discard(**act_of(a_dead_message(), admin_user, "The case was closed"))
    assert message.discarded_at == LATER
    assert outbox.state_of(message, now=LATER) == State.DISCARDED
    assert dispatch.run(message_id=str(message.pk), now=LATER) is False
    assert dispatch.relay(now=lambda: LATER) == 0
    assert dispatch.forget(now=LATER + timedelta(days=999)) == 0
    event = AuditEvent.objects.get(stream=f"outbox:{message.pk}")
    assert (event.action, event.reason) == ("outbox.discarded", "The case was closed")


@pytest.mark.parametrize("act", ACTS)
def test_only_a_dead_message_is_retried_or_discarded(act: Any, admin_user: User) -> None:
    waiting = dispatch.enqueue("tests.fail_until_mended", now=NOW, name="nobody")
    with pytest.raises(Conflict, match="still being tried"):
        act(**act_of(waiting, admin_user))
    factories.a_person("nobody", roles=(), pipelines=(), skills=())
    dispatch.run(message_id=str(waiting.pk), now=NOW)
    with pytest.raises(Conflict, match="is done"):
        act(**act_of(waiting, admin_user))
    assert not AuditEvent.objects.filter(stream__startswith="outbox:").exists()


@pytest.mark.parametrize("act", ACTS)
def test_what_was_discarded_stays_discarded(act: Any, admin_user: User) -> None:
    message = dispatch.discard(**act_of(a_dead_message(), admin_user))
    with pytest.raises(Conflict, match="was discarded"):
        act(**act_of(message, admin_user))
    assert AuditEvent.objects.filter(stream=f"outbox:{message.pk}").count() == 1


@pytest.mark.parametrize("act", ACTS)
def test_an_act_on_a_dead_message_needs_a_reason_and_a_message(act: Any, admin_user: User) -> None:
    message = a_dead_message()
    with pytest.raises(InvalidInput) as refused:
        act(**act_of(message, admin_user, "  "))
    assert refused.value.faults[0].pointer == "/reason"
    nobody = act_of(message, admin_user) | {"message_id": "01900000-0000-7000-8000-000000000000"}
    with pytest.raises(NotFound):
        act(**nobody)
    message.refresh_from_db()
    assert outbox.state_of(message, now=NOW) == State.DEAD


def test_every_message_is_in_one_state_and_both_ways_to_tell_it_agree(admin_user: User) -> None:
    made = {
        State.WAITING: dispatch.enqueue("tests.fail_until_mended", now=NOW, name="a"),
        State.RUNNING: dispatch.enqueue("tests.fail_until_mended", now=NOW, name="b"),
        State.DONE: dispatch.enqueue("governance.beat", now=NOW),
        State.DEAD: a_dead_message(),
        State.DISCARDED: dispatch.discard(**act_of(a_dead_message(), admin_user)),
    }
    failed_once = dispatch.enqueue("tests.fail_until_mended", now=NOW, name="c")
    dispatch.run(message_id=str(failed_once.pk), now=NOW)
    dispatch.lease(message_id=str(made[State.RUNNING].pk), now=NOW)
    dispatch.run(message_id=str(made[State.DONE].pk), now=NOW)
    for state, message in made.items():
        message.refresh_from_db()
        assert outbox.state_of(message, now=NOW) == state
        found = outbox.in_state(OutboxMessage.objects.all(), state, now=NOW)
        expected = {message, failed_once} if state == State.WAITING else {message}
        assert set(found) == expected
    lapsed = NOW + dispatch.LEASE
    assert outbox.state_of(made[State.RUNNING], now=lapsed) == State.WAITING


def test_a_traceback_is_kept_without_the_values_that_a_database_adds() -> None:
    trace = "Traceback\n  File x\nIntegrityError: duplicate key\nDETAIL:  Key (name)=(Ada) exists."
    assert dispatch._told(trace) == "Traceback\n  File x\nIntegrityError: duplicate key"
    assert len(dispatch._told("x" * 10_000)) == dispatch.LONGEST_ERROR
