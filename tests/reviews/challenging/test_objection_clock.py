"""The clock of an objection to a change: who is told of one that lies, and what stops it."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from governance.models import AdjustmentChallenge, User
from governance.selectors import principals
from governance.services import adjustments, dispatch
from reviews.models import ClockEvent, Notification, SLAClock
from reviews.services import notifications, objection_clocks, sweeping
from tests import factories, governed

pytestmark = pytest.mark.django_db
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
WHEN = timezone.now().replace(microsecond=0) - 9 * DAY


def said(user: User, row: AdjustmentChallenge, now: Any) -> dict[str, Any]:
    who = {"principal": principals.of_person(user), "actor": user}
    return who | {"adjustment_id": row.adjustment_id, "now": now}


@pytest.fixture
def raised() -> tuple[AdjustmentChallenge, list[User]]:
    """Return an objection, and who wrote the change, who objects and another who approves."""
    factories.a_pipeline()
    people = governed.approvers(3)
    factories.an_administrator("chief")
    change = governed.submit(governed.draft(people[0], now=WHEN), now=WHEN)
    row = adjustments.challenge(
        principal=principals.of_person(people[1]), actor=people[1], adjustment_id=change.pk,
        objection="Is it?", now=WHEN,
    )  # fmt: skip
    return row, people


def keep_promises() -> None:
    while dispatch.relay(now=lambda: timezone.now() + timedelta(seconds=1)):
        pass


def clock_of(row: AdjustmentChallenge) -> SLAClock:
    return SLAClock.objects.get(subject=f"objection:{row.pk}")


def late(moment: Any) -> list[str]:
    for _ in range(2):
        sweeping.sweep(now=lambda: moment)
        events = ClockEvent.objects.order_by("pk").values_list("pk", flat=True)
        notifications.tell(event_ids=[str(pk) for pk in events], now=moment)
    rows = Notification.objects.filter(kind="escalated").order_by("created_at", "pk")
    return list(rows.values_list("person__username", flat=True))


def test_o23_an_objection_is_answered_within_three_days_and_late_is_told_once(raised: Any) -> None:
    row, people = raised
    keep_promises()
    clock = clock_of(row)
    assert (clock.started_at, clock.due_at) == (WHEN, WHEN + 3 * DAY)
    approvers = {each.username for each in people}
    assert set(late(WHEN + 3 * DAY + MINUTE)) == approvers
    assert sorted(late(WHEN + 4 * DAY + MINUTE)) == sorted([*approvers, "chief"])


def test_o23_the_answer_stops_the_clock(raised: Any) -> None:
    row, people = raised
    keep_promises()
    adjustments.answer(
        challenge_id=row.pk, response="It is.", **said(people[2], row, WHEN + DAY)
    )  # fmt: skip
    keep_promises()
    clock = clock_of(row)
    assert (clock.status, clock.outcome, clock.stopped_at) == ("stopped", "met", WHEN + DAY)
    assert late(WHEN + 9 * DAY) == []


@pytest.mark.parametrize("end", ["withdraw", "reject"])
def test_a_change_that_ended_needs_no_answer_any_more(raised: Any, end: str) -> None:
    row, people = raised
    keep_promises()
    getattr(adjustments, end)(reason="Enough.", **said(people[2], row, WHEN + DAY))
    keep_promises()
    assert clock_of(row).stopped_at == WHEN + DAY
    assert late(WHEN + 9 * DAY) == []


def test_an_answer_before_the_clock_was_started_stops_it_where_it_was_given(raised: Any) -> None:
    row, people = raised
    adjustments.answer(
        challenge_id=row.pk, response="It is.", **said(people[2], row, WHEN + DAY)
    )  # fmt: skip
    for _ in range(3):
        objection_clocks.follow(challenge_id=row.pk)
    assert clock_of(row).stopped_at == WHEN + DAY
