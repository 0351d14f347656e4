"""O1: what could go wrong is assessed by one person, signed by another, and looked at again."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from governance.domain.assessing import Said
from governance.exceptions import (
    Conflict,
    InvalidInput,
    NotFound,
    NotPermitted,
    ReauthenticationRequired,
)
from governance.models import AssessmentSignature, AuditEvent, ImpactAssessment, User
from governance.selectors import assessments as seen
from governance.selectors import principals
from governance.services import adjustments, assessments, signature_policies
from hitlsite import attention
from tests import factories, governed
from tests.api.answers import good, problem

pytestmark = pytest.mark.django_db
HARM = {
    "harm": "A stolen card is not blocked", "who": "Customers", "likelihood": "low",
    "severity": "high", "measure": "People look at every loss", "remains": "Half an hour",
}  # fmt: skip
SAID = Said("It sorts what customers write.", "Customers.", "People decide what is unsure.", [HARM])
DAY = timedelta(days=1)


@pytest.fixture
def people(db: None) -> list[User]:
    factories.a_pipeline()
    return governed.approvers(3)


def who(user: User) -> dict[str, Any]:
    return {"principal": principals.of_person(user), "actor": user}


def written(by: User, **changes: Any) -> ImpactAssessment:
    now = changes.pop("now", timezone.now())
    wanted: dict[str, Any] = {
        "pipeline": "intents", "said": SAID, "review_on": now.date() + 90 * DAY,
        "reason": "Before it goes live", "now": now,
    }  # fmt: skip
    return assessments.write(**who(by), **(wanted | changes))


def signed(row: ImpactAssessment, by: User, **changes: Any) -> AssessmentSignature:
    now = changes.pop("now", timezone.now())
    return assessments.sign(
        **who(by), assessment_id=row.pk, **({"proven_at": now, "now": now} | changes)
    )


def test_o1_an_assessment_is_written_by_one_and_signed_by_another(people: list[User]) -> None:
    writer, signer, _ = people
    row = written(writer)
    signature = signed(row, signer)
    row.refresh_from_db()
    assert signature.digest == row.digest == assessments.digest_of(row)
    assert signature.printed_name
    events = AuditEvent.objects.filter(action__startswith="impact.").order_by("sequence")
    assert [(e.stream, e.action, e.detail["digest"]) for e in events] == [
        ("pipeline:intents", "impact.assessed", row.digest),
        ("pipeline:intents", "impact.signed", row.digest),
    ]


def test_o1_nobody_signs_what_they_wrote_under_any_account(people: list[User]) -> None:
    writer, other, _ = people
    row = written(writer)
    with pytest.raises(NotPermitted, match="somebody else"):
        signed(row, writer)
    for user in (writer, other):
        user.email = "same@example.org"
        user.because(None, "For a test").save()
    with pytest.raises(NotPermitted, match="somebody else"):
        signed(row, other)
    with pytest.raises(IntegrityError, match="not_by_author"), transaction.atomic():
        AssessmentSignature(
            assessment=row, signer=writer, author=writer, printed_name="W", digest="x",
            reauthenticated_at=timezone.now(), at=timezone.now(),
        ).save()  # fmt: skip


def test_o1_nobody_signs_without_the_password_twice_or_what_was_followed(
    people: list[User],
) -> None:
    writer, signer, third = people
    first = written(writer)
    with pytest.raises(ReauthenticationRequired):
        signed(first, signer, proven_at=None)
    with pytest.raises(ReauthenticationRequired):
        signed(first, signer, proven_at=timezone.now() - timedelta(minutes=6))
    second = written(writer)
    with pytest.raises(Conflict, match="later"):
        signed(first, signer)
    signed(second, signer)
    with pytest.raises(Conflict, match="already"):
        signed(second, third)
    assert (first.number, second.number) == (1, 2)


def test_o1_a_change_waits_for_an_assessment_where_policy_says_so(people: list[User]) -> None:
    writer, signer, third = people
    pipeline = written(writer).pipeline
    signature_policies.set_policy(
        pipeline=pipeline, risk="high", approvals=2, validations=0, roles=(), actor=None,
        reason="For a test", now=timezone.now(), assessed=True,
    )  # fmt: skip
    change = governed.of_model(third, "9", risk="high", substantial="no", rationale="x")
    submitting = {"adjustment_id": change.pk, "now": timezone.now()}
    with pytest.raises(Conflict, match="impact assessment"):
        adjustments.submit(**who(third), **submitting)
    signed(seen.within(principals.of_person(writer)).get(), signer)
    late = timezone.now() + 91 * DAY
    with pytest.raises(Conflict, match="impact assessment"):
        adjustments.submit(**who(third), **(submitting | {"now": late}))
    assert adjustments.submit(**who(third), **submitting).state == "submitted"


def test_o1_what_is_due_or_unsigned_asks_for_attention(people: list[User]) -> None:
    writer, signer, _ = people
    principal, today = principals.of_person(writer), timezone.now().date()
    row = written(writer)
    assert list(seen.awaiting(principal, today)) == [row]
    assert "waits for a signature" in str(attention.matters(principal, writer))
    signed(row, signer)
    assert list(seen.awaiting(principal, today)) == []
    assert seen.relied_on(row.pipeline, today + 90 * DAY) == row
    assert seen.relied_on(row.pipeline, today + 91 * DAY) is None
    assert list(seen.awaiting(principal, today + 91 * DAY)) == [row]


@pytest.mark.parametrize(
    ("pointer", "changes"),
    [
        ("/purpose", {"said": Said(" ", "x", "x", [HARM])}),
        ("/harms", {"said": Said("x", "x", "x", [])}),
        ("/harms/1/likelihood", {"said": Said("x", "x", "x", [HARM, HARM | {"likelihood": "no"}])}),
        ("/harms/0/remains", {"said": Said("x", "x", "x", [HARM | {"remains": " "}])}),
        ("/review_on", {"review_on": date(2020, 1, 1)}),
        ("/review_on", {"review_on": timezone.now().date() + 400 * DAY}),
        ("/reason", {"reason": ""}),
    ],
)
def test_o1_what_is_missing_is_named_and_nothing_is_written(
    people: list[User], pointer: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        written(people[0], **changes)
    assert refusal.value.faults[0].pointer == pointer
    assert not ImpactAssessment.objects.exists()


def test_o1_only_who_approves_assesses_and_only_within_reach(people: list[User]) -> None:
    with pytest.raises(NotPermitted):
        written(factories.a_person())
    factories.a_pipeline("other")
    stranger = factories.a_person("eve", roles=("approver",), pipelines=["other"])
    with pytest.raises(NotFound):
        written(stranger)
    with pytest.raises(NotFound):
        signed(written(people[0]), stranger)


def test_o1_over_http_it_is_written_signed_and_read(people: list[User], api: Any) -> None:
    writer, signer, _ = people
    body = SAID.as_fact() | {"review_on": f"{timezone.now().date() + DAY}", "reason": "Live soon"}
    made = good(api(writer, "govern").post("/pipelines/intents/impact-assessments", body), 201)
    assert made["harms"] == [HARM]
    assert made["signature"] is None
    sign = f"/impact-assessments/{made['id']}/sign"
    problem(api(signer, "govern").post(sign, {"password": "wrong"}), 401)
    done = good(api(signer, "govern").post(sign, {"password": factories.PASSWORD}))
    assert (done["signature"]["digest"], done["signature"]["valid"]) == (made["digest"], True)
    listed = good(api(signer, "govern").get("/pipelines/intents/impact-assessments"))["results"]
    assert [each["number"] for each in listed] == [1]
    bad = body | {"harms": [HARM | {"severity": "huge"}]}
    refused = api(writer, "govern").post("/pipelines/intents/impact-assessments", bad)
    problem(refused, 400, "/harms/0/severity")


def test_o1_compliance_writes_signs_and_reads_it_in_the_admin(people: list[User]) -> None:
    root, second = factories.an_administrator("root"), factories.an_administrator("second")
    client, other = Client(), Client()
    for browser, user in ((client, root), (other, second)):
        browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    sent = {
        "pipeline": "intents", "purpose": "It <b>sorts</b>", "affected": "Customers",
        "oversight": "People", "review_on": f"{timezone.now().date() + DAY}", "reason": "Live",
    }  # fmt: skip
    empty = client.post("/admin/governance/impactassessment/add/", sent)
    assert "Name one harm at least" in empty.content.decode()
    sent |= {f"{name}-1": value for name, value in HARM.items()}
    made = client.post("/admin/governance/impactassessment/add/", sent)
    assert made.status_code == 302, made.content.decode()[:3000]
    row = ImpactAssessment.objects.get()
    assert row.content["harms"] == [HARM]
    page = f"/admin/governance/impactassessment/{row.pk}"
    text = other.get(f"{page}/change/").content.decode()
    assert "It &lt;b&gt;sorts" in text
    assert f"{page}/sign/" in text
    refused = client.post(f"{page}/sign/", {"password": factories.PASSWORD})
    assert "somebody else signs" in refused.content.decode()
    assert other.post(f"{page}/sign/", {"password": factories.PASSWORD}).status_code == 302
    text = client.get(f"{page}/change/").content.decode()
    assert row.digest[:12] in text
    assert "INVALID" not in text
