"""Those who answer for an incident are told as its legal time runs out, each time once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from governance.models import Incident, User
from governance.selectors import policies, principals
from governance.services import incidents
from reviews.models import ClockEvent, Escalation, Notification, SLAClock
from reviews.services import (
    clock_rows,
    clocks,
    incident_clocks,
    maintenance,
    notifications,
    sweeping,
)
from tests import factories, governed

pytestmark = pytest.mark.django_db
BEHIND = "django.contrib.auth.backends.ModelBackend"
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
        ["role:approver"], ["administrators"],
    ]  # fmt: skip


def test_o14_a_maintenance_gives_no_time_to_report(people: Any) -> None:
    chief, approver, other = people
    row = opened(approver)
    maintenance.begin(
        principal=principals.of_person(chief), actor=chief, reason="Moving house",
        now=lambda: AWARE + DAY / 2,
    )  # fmt: skip
    at(AWARE + DAY)
    assert told(other) == ["at_risk"]
    at(AWARE + 2 * DAY + MINUTE)
    clock = SLAClock.objects.get(subject=f"incident:{row.pk}")
    assert (clock.status, clock.breached_at) == ("running", AWARE + 2 * DAY)
    assert told(other) == ["at_risk", "escalated"]


def test_a_clock_that_stood_still_before_this_runs_on_after_the_maintenance(people: Any) -> None:
    chief, approver, _ = people
    row = opened(approver)
    begun = maintenance.begin(
        principal=principals.of_person(chief), actor=chief, reason="Moving house",
        now=lambda: AWARE + DAY / 2,
    )  # fmt: skip
    clock = SLAClock.objects.get(subject=f"incident:{row.pk}")
    (held,) = clocks.holding([clock])
    detail = {"maintenance": str(begun.pk)}
    held.act("pause", AWARE + DAY / 2, "dependency_outage", detail=detail)
    clock_rows.write(clock, held.events, held.state, actor=None)
    maintenance.end(
        principal=principals.of_person(chief), actor=chief, now=lambda: AWARE + DAY
    )  # fmt: skip
    at(AWARE + DAY + MINUTE)
    clock.refresh_from_db()
    assert clock.status == "running"


def test_the_end_of_its_ladder_is_not_told_as_if_something_had_expired(people: Any) -> None:
    chief, approver, _ = people
    opened(approver)
    for days in range(1, 12):
        at(AWARE + days * DAY)
    assert told(chief) == ["escalated", "escalated"]
    client = Client()
    client.force_login(chief, backend=BEHIND)
    page = client.get("/inbox").content.decode()
    assert "safe default" not in page
    assert "Level 3 of 2" not in page
    assert "came to its end" in page


def test_the_inbox_names_the_incident_and_leads_to_it_who_reads_records(people: Any) -> None:
    chief, approver, _ = people
    row = opened(approver)
    at(AWARE + 3 * DAY + MINUTE)
    at(AWARE + 4 * DAY + MINUTE)
    place = f"/admin/governance/incident/{row.pk}/change/"
    for user, leads in ((chief, True), (approver, False)):
        client = Client()
        client.force_login(user, backend=BEHIND)
        page = client.get("/inbox").content.decode()
        assert "Cards were lost" in page
        assert (place in page) == leads
        assert f"incident:{row.pk}" not in page


def test_who_became_administrator_since_the_policy_was_made_is_told_too(people: Any) -> None:
    chief, approver, _ = people
    opened(approver)
    chief.is_active = False
    chief.save()
    later = factories.an_administrator("later")
    factories.a_person("lea", roles=("lead",))
    at(AWARE + 2 * DAY + MINUTE)
    at(AWARE + 3 * DAY + MINUTE)
    assert told(later) == ["escalated"]
    assert "escalated" not in told(chief)
