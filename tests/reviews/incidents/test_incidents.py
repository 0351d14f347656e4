"""Incidents: the days that the law gives, what stays as it is meanwhile, and who ends that."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from governance.exceptions import Conflict, Frozen, InvalidInput, NotFound, NotPermitted
from governance.models import AuditEvent, Incident, User
from governance.selectors import effective, principals
from governance.services import dispatch, incidents
from reviews.models import SLAClock
from reviews.services import incident_clocks, sweeping
from tests import factories, governed

pytestmark = pytest.mark.django_db
BEHIND = "django.contrib.auth.backends.ModelBackend"
# A Sunday, an hour before Berlin sets its clocks back: the law counts days of 24 hours in UTC.
AWARE = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.fixture
def people() -> list[User]:
    factories.a_pipeline()
    factories.a_service()
    return governed.approvers(3)


def begin(by: User, severity: str = "serious", **more: Any) -> Incident:
    now = more.pop("now", timezone.now())
    said = {
        "pipeline": "intents", "title": "Cards were lost", "text": "Forty of them.",
        "aware_at": now,
    } | more  # fmt: skip
    return incidents.begin(
        principal=principals.of_person(by), actor=by, severity=severity, now=now, **said
    )


def step(row: Incident, by: User, kind: str, now: datetime | None = None) -> Any:
    return incidents.step(
        principal=principals.of_person(by), actor=by, incident_id=row.pk, kind=kind,
        text="As it says.", now=now or timezone.now(),
    )  # fmt: skip


@pytest.mark.parametrize(("severity", "days"), [("serious", 15), ("death", 10), ("widespread", 2)])
def test_o14_an_incident_is_due_within_the_days_of_its_severity_in_utc(
    people, severity, days
) -> None:
    row = begin(people[0], severity, aware_at=AWARE, now=AWARE + timedelta(hours=6))
    assert row.due_at == AWARE + timedelta(days=days)
    clock = incident_clocks.start(incident_id=row.pk)
    assert incident_clocks.start(incident_id=row.pk).pk == clock.pk
    assert (clock.started_at, clock.due_at) == (AWARE, row.due_at)
    sweeping.sweep(now=lambda: row.due_at + timedelta(minutes=1))
    clock.refresh_from_db()
    assert clock.breached_at == row.due_at


def test_o14_the_report_stops_the_clock_and_late_is_late(people) -> None:
    row = begin(people[0], "widespread", aware_at=AWARE, now=AWARE)
    incident_clocks.start(incident_id=row.pk)
    late = step(row, people[1], "reported", AWARE + timedelta(days=3))
    incident_clocks.end(step_id=late.pk)
    clock = SLAClock.objects.get(subject=f"incident:{row.pk}")
    assert (clock.status, clock.stopped_at) == ("stopped", AWARE + timedelta(days=3))
    assert clock.breached_at == AWARE + timedelta(days=2)


def test_o14_a_report_before_the_clock_was_started_stops_it_where_it_was_made(people) -> None:
    row = begin(people[0], aware_at=AWARE, now=AWARE)
    step(row, people[1], "reported", AWARE + timedelta(hours=1))
    dispatch.relay(now=lambda: timezone.now() + timedelta(seconds=1))
    clock = SLAClock.objects.get(subject=f"incident:{row.pk}")
    assert (clock.stopped_at, clock.breached_at) == (AWARE + timedelta(hours=1), None)


def test_o14_nothing_else_comes_into_force_before_it_is_reported(people) -> None:
    first, second, third = people
    approved = governed.sign(governed.submit(governed.draft(first)), second, third)
    row = begin(first)
    with pytest.raises(Frozen, match="not reported yet"):
        governed.activate(approved, third)
    with pytest.raises(Frozen, match="not reported yet"):
        factories.apply(factories.pipeline_document(name="Another"))
    step(row, second, "reported")
    governed.activate(approved, third)


def test_o14_what_was_in_force_is_taken_down_and_held(people) -> None:
    row = begin(people[0])
    now_in_force = effective.of(row.pipeline)
    assert row.found["digest"] == now_in_force.digest
    assert row.hold.pipeline == row.pipeline
    told = AuditEvent.objects.get(action="incident.opened")
    assert told.detail["hold"] == str(row.hold.pk)
    assert "Forty" not in str(told.detail)


def test_o14_stopping_and_rolling_back_stay_possible(people) -> None:
    first, second, third = people
    active = governed.in_force(governed.draft(first), second, third)
    begin(first)
    governed.stop(second)
    assert governed.roll_back(active, second).state == "rolled_back"


def test_o14_another_person_than_who_opened_it_ends_the_freeze(people) -> None:
    first, second, _ = people
    row = begin(first)
    with pytest.raises(NotPermitted, match="Another person"):
        step(row, first, "thawed")
    step(row, second, "thawed")
    factories.apply(factories.pipeline_document(name="Another"))
    with pytest.raises(Conflict):
        step(row, second, "thawed")


def test_what_is_to_be_reported_is_closed_after_that_and_then_only_noted(people) -> None:
    row = begin(people[0])
    with pytest.raises(Conflict):
        step(row, people[1], "closed")
    for kind in ("note", "reported", "closed", "note"):
        step(row, people[1], kind)
    with pytest.raises(Conflict):
        step(row, people[1], "thawed")
    assert AuditEvent.objects.filter(stream=f"incident:{row.pk}").count() == 5


def test_what_no_law_wants_reported_freezes_nothing(people) -> None:
    row = begin(people[0], "other")
    assert (row.due_at, row.hold) == (None, None)
    factories.apply(factories.pipeline_document(name="Another"))
    step(row, people[0], "closed")


def test_who_reviews_alone_or_elsewhere_opens_none(people) -> None:
    reviewer = factories.a_person("ann")
    with pytest.raises(NotPermitted):
        begin(reviewer)
    factories.a_pipeline("other")
    (stranger,) = governed.approvers(1, pipelines=("other",))
    with pytest.raises(NotFound):
        begin(stranger)
    with pytest.raises(NotFound):
        step(begin(people[0]), stranger, "note")


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"severity": "bad"}, "/severity"), ({"title": " "}, "/title"), ({"text": ""}, "/text"),
        ({"aware_at": datetime(2999, 1, 1, tzinfo=UTC)}, "/aware_at"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(people, said, pointer) -> None:
    with pytest.raises(InvalidInput) as caught:
        begin(people[0], **said)
    assert caught.value.faults[0].pointer == pointer
    assert not Incident.objects.exists()


def test_compliance_opens_reports_and_closes_one_in_the_admin(people) -> None:
    officer = factories.a_person("officer", roles=("approver", "auditor"))
    client = Client()
    client.force_login(officer, backend=BEHIND)
    said = {
        "pipeline": "intents", "severity": "serious", "title": "Cards were lost",
        "text": "Forty of them.", "aware_at": "2026-11-20T08:00",
    }  # fmt: skip
    place = client.post("/admin/governance/incident/add/", said)["Location"]
    page = client.get(place).content.decode()
    assert "To be reported; frozen" in page
    assert "is to be reported by 2026-12-05" in client.get("/admin/").content.decode()
    row = Incident.objects.get()
    told = client.post(f"/admin/governance/incident/{row.pk}/thawed/", {"text": "Quick"})
    assert "Another person" in told.content.decode()
    assert client.get(f"/admin/governance/incident/{row.pk}/closed/").status_code == 404
    for kind in ("note", "reported", "closed"):
        done = client.post(f"/admin/governance/incident/{row.pk}/{kind}/", {"text": "Done"})
        assert done.status_code == 302
    assert "Closed, " in client.get(place).content.decode()


def test_o6_who_reviews_an_item_is_told_of_an_open_incident(people) -> None:
    bot, ann = User.objects.get(username="bot"), factories.a_person("ann")
    factories.an_item(bot, now=timezone.now())
    client = Client()
    client.force_login(ann, backend=BEHIND)
    row = begin(people[0], "other")
    place = client.post("/review/intents/general")["Location"]
    assert "1 incident is open in this pipeline" in client.get(place).content.decode()
    step(row, people[0], "closed")
    assert "incident is open" not in client.get(place).content.decode()
