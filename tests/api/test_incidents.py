"""Incidents over HTTP: the same acts as in the admin, with the same rules."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from governance.domain.times import rfc3339
from governance.models import AuditEvent, Incident, LegalHold
from tests import factories
from tests.api.answers import good, problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(api: Any) -> Any:
    factories.a_pipeline()
    return api(factories.a_person("officer", roles=("approver",)), "govern")


def body(**changes: Any) -> dict[str, Any]:
    known = timezone.now() - timedelta(days=1)
    return {
        "pipeline": "intents", "severity": "serious", "title": "Wrong cards", "text": "Many.",
        "aware_at": rfc3339(known),
    } | changes  # fmt: skip


def test_an_incident_is_opened_with_its_deadline_its_hold_and_what_was_in_force(
    officer: Any,
) -> None:
    sent = body()
    made = officer.post("/incidents", sent)
    shown = good(made, 201)
    row = Incident.objects.get(pk=shown["id"])
    assert row.due_at == row.aware_at + timedelta(days=15)
    assert shown["hold"] == str(LegalHold.objects.get().pk)
    assert shown["open"]
    assert shown["possible"] == ["note", "reported", "thawed"]
    assert good(officer.get(made["Location"].removeprefix("/api/v1"))) == shown
    assert AuditEvent.objects.filter(stream=f"incident:{row.pk}").count() == 1


def test_its_steps_follow_in_their_order(officer: Any, api: Any) -> None:
    place = officer.post("/incidents", body())["Location"].removeprefix("/api/v1")
    problem(officer.post(f"{place}/steps", {"kind": "closed", "text": "Done"}), 409)
    problem(officer.post(f"{place}/steps", {"kind": "thawed", "text": "Go on"}), 403)
    for kind in ("note", "reported", "closed"):
        shown = good(officer.post(f"{place}/steps", {"kind": kind, "text": "For a test"}), 201)
    assert [step["kind"] for step in shown["steps"]] == ["note", "reported", "closed"]
    assert not shown["open"]
    assert shown["possible"] == ["note"]


def test_the_list_is_of_what_is_open_or_not_and_of_a_severity(officer: Any) -> None:
    first = good(officer.post("/incidents", body()), 201)
    other = good(officer.post("/incidents", body(severity="other")), 201)
    officer.post(f"/incidents/{other['id']}/steps", {"kind": "closed", "text": "Nothing"})

    def listed(question: str) -> list[str]:
        return [row["id"] for row in good(officer.get(f"/incidents{question}"))["results"]]

    assert listed("") == [other["id"], first["id"]]
    assert listed("?open=true") == [first["id"]]
    assert listed("?open=false") == [other["id"]]
    assert listed("?severity=other") == [other["id"]]
    assert listed("?pipeline=others") == []


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"severity": "bad"}, "/severity"),
        ({"title": ""}, "/title"),
        ({"text": "x" * 4001}, "/text"),
        ({"aware_at": "yesterday"}, "/aware_at"),
        ({"aware_at": "2999-01-01T00:00:00Z"}, "/aware_at"),
        ({"due_at": "2999-01-01T00:00:00Z"}, "/due_at"),
    ],
)
def test_what_is_not_valid_is_refused_with_its_place(
    officer: Any, changes: dict[str, Any], pointer: str
) -> None:
    problem(officer.post("/incidents", body(**changes)), 400, pointer)
    assert not Incident.objects.exists()


def test_who_audits_reads_and_does_not_write(officer: Any, api: Any) -> None:
    shown = good(officer.post("/incidents", body()), 201)
    auditor = api(factories.a_person("auditor", roles=("auditor",)), "audit:read")
    assert good(auditor.get(f"/incidents/{shown['id']}")) == shown
    problem(auditor.post("/incidents", body()), 403)
