"""Those who answer for an incident are told as its legal time runs out, each time once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from governance.models import Incident, User
from governance.selectors import policies, principals
from governance.services import incidents
from reviews.models import ClockEvent, Escalation, Notification, SLAClock
from reviews.services import incident_clocks, notifications, sweeping
from tests import factories, governed

pytestmark = pytest.mark.django_db
AWARE = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.fixture
def people() -> tuple[User, User, User]:
    factories.a_pipeline()
    approver, other = governed.approvers(2)
    return factories.an_administrator("chief"), approver, other


def opened(by: User) -> Incident:
    """Open one that is to be reported within two days, with its clock."""
    row = incidents.begin(
        principal=principals.of_person(by), actor=by, pipeline="intents", severity="widespread",
        title="Cards were lost", text="Forty.", aware_at=AWARE, now=AWARE,
    )  # fmt: skip
    incident_clocks.start(incident_id=row.pk)
    return row


def at(moment: datetime) -> None:
    """Let happen what is due, twice, and tell people of all that ever happened, twice."""
    for _ in range(2):
        sweeping.sweep(now=lambda: moment)
        events = ClockEvent.objects.order_by("pk").values_list("pk", flat=True)
        notifications.tell(event_ids=[str(pk) for pk in events], now=moment)


def told(user: User) -> list[str]:
    rows = Notification.objects.filter(person=user).order_by("created_at", "pk")
    return [str(kind) for kind in rows.values_list("kind", flat=True)]


def test_o14_who_approves_is_told_at_half_at_most_and_at_the_end_of_the_time_each_once(
    people: Any,
) -> None:
    chief, approver, other = people
    opened(approver)
    at(AWARE + DAY)
    assert (told(approver), told(other)) == (["at_risk"], ["at_risk"])
    at(AWARE + 1.6 * DAY)
    assert told(other) == ["at_risk", "at_risk"]
    at(AWARE + 2 * DAY + MINUTE)
    assert told(other) == ["at_risk", "at_risk", "escalated"]
    assert "escalated" not in told(chief)
    at(AWARE + 3 * DAY + MINUTE)
    assert told(chief) == ["escalated"]
    assert Escalation.objects.count() == 2


def test_o14_the_report_ends_the_ladder(people: Any) -> None:
    chief, approver, other = people
    row = opened(approver)
    step = incidents.step(
        principal=principals.of_person(other), actor=other, incident_id=row.pk, kind="reported",
        text="To the authority.", now=AWARE + DAY / 4,
    )  # fmt: skip
    incident_clocks.end(step_id=step.pk)
    at(AWARE + 9 * DAY)
    assert (told(chief), told(approver), told(other)) == ([], [], [])
    assert SLAClock.objects.get(subject=f"incident:{row.pk}").outcome == "met"


def test_o14_the_end_of_its_ladder_ends_nothing_else(people: Any) -> None:
    _, approver, _ = people
    row = opened(approver)
    for days in range(1, 12):
        at(AWARE + days * DAY)
    clock = SLAClock.objects.get(subject=f"incident:{row.pk}")
    assert (clock.status, clock.breached_at) == ("running", AWARE + 2 * DAY)
    rows = Escalation.objects.order_by("level")
    assert list(rows.values_list("outcome", flat=True)) == ["fired", "fired", "final"]


def test_the_policy_is_made_once_and_then_belongs_to_who_administers(people: Any) -> None:
    _, approver, _ = people
    opened(approver)
    first = policies.current_sla("incident-widespread")
    assert first is not None
    opened(approver)
    assert policies.current_sla("incident-widespread") == first
    document = policies.document(first[0])
    assert [level["notify"] for level in document["ladder"]["levels"]] == [
        ["role:approver"], ["user:chief"],
    ]  # fmt: skip
