"""A challenge has a clock until it is judged: late is told once, and judging stops it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from governance.models import User
from governance.selectors import principals
from governance.services import dispatch
from hitlsite import attention
from reviews.models import Challenge, ClockEvent, Notification, Resolution, SLAClock
from reviews.services import challenge_clocks, challenges, notifications, sweeping
from tests import factories

pytestmark = pytest.mark.django_db
BEHIND = "django.contrib.auth.backends.ModelBackend"
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
WHEN = timezone.now().replace(microsecond=0) - 2 * DAY


@pytest.fixture
def doubted() -> tuple[Challenge, User, User]:
    """Return an open challenge, a lead who may judge it, and who opened it."""
    return doubt(WHEN)


def doubt(when: Any) -> tuple[Challenge, User, User]:
    factories.a_pipeline()
    bot, reviewer = factories.a_service(), factories.a_person("ann")
    judge, doubter = (factories.a_person(name, roles=("lead",)) for name in ("jo", "di"))
    factories.an_administrator("chief")
    factories.an_item(bot, now=when)
    held = factories.claim(reviewer, now=when)
    assert held is not None
    factories.decide(reviewer, held, now=when)
    row = challenges.challenge(
        principal=principals.of_person(doubter), actor=doubter,
        resolution_id=Resolution.objects.get().pk, reason="Is it?", anonymous=True, now=when,
    )  # fmt: skip
    return row, judge, doubter


def clock_of(row: Challenge) -> SLAClock:
    return SLAClock.objects.get(subject=f"challenge:{row.pk}")


def judged(row: Challenge, judge: User, now: Any) -> None:
    challenges.uphold(
        principal=principals.of_person(judge), actor=judge, challenge_id=row.pk,
        rationale="It is right.", now=now,
    )  # fmt: skip


def late(moment: Any) -> list[str]:
    for _ in range(2):
        sweeping.sweep(now=lambda: moment)
        events = ClockEvent.objects.order_by("pk").values_list("pk", flat=True)
        notifications.tell(event_ids=[str(pk) for pk in events], now=moment)
    rows = Notification.objects.filter(kind="escalated").order_by("created_at", "pk")
    return list(rows.values_list("person__username", flat=True))


def test_o23_a_challenge_is_judged_within_three_days_and_late_is_told_once(doubted: Any) -> None:
    row, judge, _ = doubted
    dispatch.relay(now=lambda: timezone.now() + timedelta(seconds=1))
    clock = clock_of(row)
    assert (clock.started_at, clock.due_at) == (WHEN, WHEN + 3 * DAY)
    assert set(late(WHEN + 3 * DAY + MINUTE)) == {"jo", "di"}
    assert sorted(late(WHEN + 4 * DAY + MINUTE)) == ["chief", "di", "jo"]
    judged(row, judge, WHEN + 5 * DAY)
    clock.refresh_from_db()
    assert (clock.status, clock.outcome) == ("stopped", "missed")


def test_o23_the_judgement_stops_the_clock(doubted: Any) -> None:
    row, judge, _ = doubted
    challenge_clocks.start(challenge_id=row.pk)
    judged(row, judge, WHEN + DAY)
    clock = clock_of(row)
    assert (clock.status, clock.outcome, clock.stopped_at) == ("stopped", "met", WHEN + DAY)
    assert late(WHEN + 9 * DAY) == []


def test_o23_a_judgement_before_the_clock_was_started_stops_it_where_it_was_given(
    doubted: Any,
) -> None:
    row, judge, _ = doubted
    judged(row, judge, WHEN + timedelta(hours=1))
    for _ in range(2):
        challenge_clocks.start(challenge_id=row.pk)
    clock = clock_of(row)
    assert (clock.status, clock.stopped_at) == ("stopped", WHEN + timedelta(hours=1))


def test_the_clock_of_an_unnamed_challenge_names_nobody(doubted: Any) -> None:
    row, _, doubter = doubted
    challenge_clocks.start(challenge_id=row.pk)
    (event,) = ClockEvent.objects.filter(clock=clock_of(row))
    assert doubter.pk != event.actor_id
    assert event.actor_id is None


def test_the_database_keeps_one_clock_for_each_challenge(doubted: Any) -> None:
    row, _, _ = doubted
    clock = challenge_clocks.start(challenge_id=row.pk)
    copy = {f.attname: getattr(clock, f.attname) for f in clock._meta.fields if f.name != "id"}
    with pytest.raises(IntegrityError), transaction.atomic():
        SLAClock(**copy).save()


@pytest.mark.parametrize(("days", "late"), [(2, False), (4, True)])
def test_a_challenge_that_waits_too_long_is_shown_as_overdue_and_cannot_wait(
    days: int, late: Any
) -> None:
    when = timezone.now() - days * DAY
    row, judge, _ = doubt(when)
    challenge_clocks.start(challenge_id=row.pk)
    client = Client()
    client.force_login(judge, backend=BEHIND)
    page = client.get(f"/challenges/{row.pk}").content.decode()
    assert f"{when + 3 * DAY:%Y-%m-%d}" in page
    for each in (page, client.get("/challenges").content.decode()):
        assert ("Overdue" in each) == late
    chief = User.objects.get(username="chief")
    matters = attention.matters(principals.of_person(chief), chief)
    assert [each.urgent for each in matters if "awaits a judge" in each.words] == [late]
