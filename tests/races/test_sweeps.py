"""Sweeps at the same moment, sweeps that are killed, and decisions that come between."""

from collections import Counter

import pytest

from governance.models import AuditEvent, OutboxMessage, User
from reviews.models import ClockEvent, Escalation, ReviewItem, SLAClock
from reviews.selectors import clocks
from tests import factories
from tests.races.conftest import people
from tests.races.crowd import Crowd, member

pytestmark = [pytest.mark.race, pytest.mark.xdist_group("races")]

LATE = 5 * 3600
LADDER = {"levels": [{"delay": "PT0S", "notify": ["role:lead"]}, {"delay": "P9D"}]}


@pytest.fixture
def sender(transactional_db: None) -> User:
    factories.a_pipeline()
    factories.apply(factories.SLA | {"targets": {"decide": "PT4H"}, "ladder": LADDER})
    factories.a_person("lea", roles=("lead",))
    return factories.a_service()


def _late_items(sender: User, count: int) -> None:
    for _ in range(0, count, 500):
        factories.send(sender, *(factories.a_payload() for _ in range(min(count, 500))))


def _assert_each_fired_once(count: int) -> None:
    fired = Escalation.objects.values_list("clock", "cycle", "loop", "level")
    assert len(set(fired)) == len(fired) == count
    assert Counter(ClockEvent.objects.values_list("kind", flat=True))["breach"] == count
    assert AuditEvent.objects.filter(action="sla.breached").count() == count
    promised = [
        event
        for message in OutboxMessage.objects.filter(task="reviews.tell")
        for event in message.arguments["events"]
    ]
    assert len(set(promised)) == len(promised) == 2 * count
    for row in SLAClock.objects.order_by("?")[:50]:
        assert clocks.drift(row, clocks.events_of([row.pk])[row.pk]) == {}


def test_row_51_three_sweeps_at_once_fire_each_level_once(crowd: Crowd, sender: User) -> None:
    _late_items(sender, 2000)

    done = crowd.go(*[member("sweep", after=LATE, limit=50)] * 3)

    # What one of them has locked, another passes over; whoever comes last finds the rest.
    done += crowd.go(member("sweep", after=LATE))
    assert sum(each["escalations"] for each in done) == 2000
    _assert_each_fired_once(2000)


def test_row_49_a_sweep_that_is_killed_inside_leaves_nothing(crowd: Crowd, sender: User) -> None:
    _late_items(sender, 40)

    crowd.go(member("sweep", after=LATE, dies="inside"))

    assert not Escalation.objects.exists()
    assert not OutboxMessage.objects.exists()
    crowd.go(member("sweep", after=LATE + 15))
    _assert_each_fired_once(40)


def test_row_50_a_sweep_that_is_killed_after_has_promised(crowd: Crowd, sender: User) -> None:
    _late_items(sender, 40)

    crowd.go(member("sweep", after=LATE, dies="after"))

    _assert_each_fired_once(40)
    assert OutboxMessage.objects.filter(task="reviews.tell").count() == 1
    crowd.go(member("sweep", after=LATE + 15))
    _assert_each_fired_once(40)


def test_people_who_claim_while_sweeps_run_neither_block_nor_lose_a_breach(
    crowd: Crowd, sender: User
) -> None:
    _late_items(sender, 200)
    claims = [member("claim", user=user, after=LATE) for user in people(20)]

    held, swept = crowd.go(*claims, *[member("sweep", after=LATE, limit=20)] * 2), []
    swept = held[20:]

    assert all("error" not in (each or {}) for each in held), held
    assert all(each for each in held[:20])
    swept += crowd.go(member("sweep", after=LATE))
    assert ClockEvent.objects.filter(kind="breach").count() == 200
    assert ReviewItem.objects.filter(status="in_review").count() == 20
