"""Promises of work: run once by many, again after a crash, and never for ever."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from governance.models import Heartbeat, OutboxMessage
from governance.services import dispatch
from tests.races.crowd import Crowd, member

pytestmark = [
    pytest.mark.race,
    pytest.mark.xdist_group("races"),
    pytest.mark.django_db(transaction=True),
]


def _promise(task: str = "governance.beat", **ids: Any) -> str:
    """Make a promise whose hint the broker never got."""
    message = OutboxMessage.objects.create(
        task=task, arguments=ids, created_at=timezone.now(), next_at=timezone.now()
    )
    return str(message.pk)


def test_two_relays_at_once_run_a_message_once(crowd: Crowd) -> None:
    promised = [_promise() for _ in range(30)]

    relayed = crowd.go(*([member("relay")] * 6))

    ran = [message for entry in relayed for message in entry["ran"]]
    assert sorted(ran) == sorted(promised)
    assert set(OutboxMessage.objects.values_list("attempts", flat=True)) == {1}
    assert not OutboxMessage.objects.filter(done_at=None).exists()


def test_relays_at_once_share_a_backlog(crowd: Crowd) -> None:
    for _ in range(600):
        _promise()

    ran = [entry["ran"] for entry in crowd.go(*([member("drain")] * 3))]

    assert sum(ran) == 600
    assert min(ran) >= dispatch.BATCH, "each had a part of it"
    assert set(OutboxMessage.objects.values_list("attempts", flat=True)) == {1}
    assert not OutboxMessage.objects.filter(done_at=None).exists()


def test_a_relay_that_was_killed_takes_no_attempt_from_what_it_had_not_begun(crowd: Crowd) -> None:
    for _ in range(5):
        _promise()
    crowd.go(member("reserve", dies="after"))
    assert OutboxMessage.objects.filter(attempts=0, next_at__gt=timezone.now()).count() == 5

    OutboxMessage.objects.update(next_at=timezone.now())
    assert crowd.go(member("drain")) == [{"ran": 5}]
    assert set(OutboxMessage.objects.values_list("attempts", flat=True)) == {1}


def test_a_message_that_is_delivered_many_times_runs_once(crowd: Crowd) -> None:
    message = _promise()

    delivered = crowd.go(*([member("run_message", message=message)] * 12))

    assert sum(entry["ran"] for entry in delivered) == 1
    assert OutboxMessage.objects.get().attempts == 1


def test_a_message_whose_runner_was_killed_runs_again_when_its_lease_ends(crowd: Crowd) -> None:
    message = _promise()
    assert crowd.go(member("lease", message=message, dies="after")) == [{"leased": True}]

    assert crowd.go(member("relay")) == [{"ran": []}], "somebody may still be at it"
    later = dispatch.LEASE.total_seconds() + 1
    assert crowd.go(member("relay", after=later)) == [{"ran": [message]}]
    assert Heartbeat.objects.count() == 1


def test_a_message_that_kills_its_runner_five_times_is_dead(crowd: Crowd) -> None:
    message = _promise()

    for attempt in range(1, dispatch.MAX_ATTEMPTS + 1):
        crowd.go(member("lease", message=message, dies="after"))
        row = OutboxMessage.objects.get()
        assert (row.attempts, row.dead_at) == (attempt, None)
        OutboxMessage.objects.update(next_at=timezone.now())

    assert crowd.go(member("relay")) == [{"ran": []}]
    assert OutboxMessage.objects.get().dead_at is not None
    later = dispatch.LEASE.total_seconds() * 10
    assert crowd.go(member("relay", after=later)) == [{"ran": []}]
    assert not Heartbeat.objects.exists()


def test_a_message_that_fails_five_times_is_dead_and_says_why(crowd: Crowd) -> None:
    # The task takes no such argument.
    message = _promise(surprise=1)
    healthy = _promise()
    now = timezone.now()

    for attempt in range(1, dispatch.MAX_ATTEMPTS + 1):
        assert dispatch.run(message_id=message, now=now) is False
        row = OutboxMessage.objects.get(pk=message)
        assert row.attempts == attempt
        assert "surprise" in row.last_error
        now = max(now, row.next_at) + timedelta(seconds=1)

    assert row.dead_at is not None
    assert [m for m, _ in dispatch.due(now=now)] == [healthy], "its neighbour is not held up"


def test_a_promise_of_a_transaction_that_was_rolled_back_is_none(crowd: Crowd) -> None:
    with transaction.atomic():
        dispatch.enqueue("governance.beat", now=timezone.now())
        transaction.set_rollback(True)

    assert not OutboxMessage.objects.exists()
    assert crowd.go(member("relay", after=3600)) == [{"ran": []}]
