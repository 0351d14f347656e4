"""Clocks that follow a maintenance: sweeps at once, one that is killed, and who acts meanwhile."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.db.models import Count

from governance.models import User
from governance.selectors import clock
from reviews.models import ClockEvent, Maintenance, SLAClock
from reviews.selectors import clocks as states
from reviews.services import clocks, maintenance
from tests import factories
from tests.races.conftest import people
from tests.races.crowd import Crowd, member
from tests.races.waits import until_somebody_waits

pytestmark = [pytest.mark.race, pytest.mark.xdist_group("races")]


@pytest.fixture
def sender(transactional_db: None) -> User:
    factories.a_pipeline()
    return factories.a_service()


def _items(sender: User, count: int) -> None:
    factories.send(sender, *(factories.a_payload() for _ in range(count)))


def _begin(after: float) -> None:
    at = factories.NOW + timedelta(seconds=after)
    maintenance.begin(principal=None, actor=None, reason="A new disk", now=lambda: at)


def _end(after: float) -> None:
    at = factories.NOW + timedelta(seconds=after)
    maintenance.end(principal=None, actor=None, now=lambda: at)


def _assert_each_stood_once(kinds: set[str]) -> None:
    by_clock = ClockEvent.objects.filter(kind__in=("pause", "resume")).order_by()
    counted = by_clock.values("clock", "kind").annotate(n=Count("pk"))
    assert {row["n"] for row in counted} == {1}
    assert {row["kind"] for row in counted} == kinds
    assert len(counted) == SLAClock.objects.count() * len(kinds)
    for row in SLAClock.objects.order_by("?")[:50]:
        assert states.drift(row, states.events_of([row.pk])[row.pk]) == {}


def test_three_sweeps_at_once_and_one_that_is_killed_let_each_clock_stand_once(
    crowd: Crowd, sender: User
) -> None:
    _items(sender, 500)
    _begin(60)
    sweeps = [member("sweep", after=120, limit=50)] * 3

    crowd.go(*sweeps, member("sweep", after=120, limit=50, dies="inside"))
    crowd.go(member("sweep", after=121))

    _assert_each_stood_once({"pause"})
    assert set(SLAClock.objects.values_list("status", flat=True)) == {"paused"}
    begun = Maintenance.objects.get().began_at
    assert set(SLAClock.objects.values_list("paused_at", flat=True)) == {begun}

    _end(600)
    crowd.go(*[member("sweep", after=700, limit=50)] * 3)
    crowd.go(member("sweep", after=701))

    _assert_each_stood_once({"pause", "resume"})
    assert set(SLAClock.objects.values_list("status", flat=True)) == {"running"}
    resumed = ClockEvent.objects.filter(kind="resume").values_list("at", flat=True)
    assert set(resumed) == {Maintenance.objects.get().ended_at}


def test_people_who_claim_while_clocks_follow_are_not_kept_from_it(
    crowd: Crowd, sender: User
) -> None:
    _items(sender, 200)
    _begin(60)
    claims = [member("claim", user=user, after=90) for user in people(20)]

    done = crowd.go(*claims, *[member("sweep", after=120, limit=20)] * 2)
    crowd.go(member("sweep", after=121))

    assert all("error" not in (each or {}) for each in done), done
    assert all(done[:20])
    assert ClockEvent.objects.filter(kind="pause").values("clock").distinct().count() == 400
    assert not SLAClock.objects.filter(status="running").exists()


def test_a_maintenance_begins_after_all_that_was_done_to_clocks_without_it(sender: User) -> None:
    _items(sender, 1)

    def begin() -> Maintenance:
        try:
            return maintenance.begin(principal=None, actor=None, reason="A new disk", now=clock.now)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            held = clocks.holding(list(SLAClock.objects.all()))
            beginning = pool.submit(begin)
            until_somebody_waits(connection)
            written = clock.now()
        assert beginning.result(timeout=20).began_at > written
    assert all(not each.standstills for each in held)
