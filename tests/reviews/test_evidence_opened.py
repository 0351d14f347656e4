"""What lay open before a decision is on record with it, is told, and is never asked for (O20)."""

from typing import Any

import pytest
from django.test import Client

from feedback.selectors import case_files
from governance.domain import notice_text
from governance.models import AuditEvent
from governance.selectors import principals
from reviews.models import Decision
from reviews.selectors.attentiveness import at_risk
from tests import factories
from tests.api.answers import good, problem

pytestmark = pytest.mark.django_db
BEHIND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def held(api: Any) -> Any:
    factories.a_pipeline()
    factories.an_item(factories.a_service())
    person = factories.a_person("ann")
    claim = factories.claim(person)
    assert claim is not None
    return api(person, "review"), claim


def decided(held: Any, **more: Any) -> Any:
    caller, claim = held
    body = {"claim_token": claim.token, "verdict": "accept", "checklist": {"read": True}} | more
    return caller.post(f"/assignments/{claim.assignment.pk}/decision", body)


def test_o20_what_lay_open_is_on_record_with_the_decision(held: Any) -> None:
    shown = good(decided(held, evidence_opened=["trace", "guideline", "trace"]), 201)["decision"]
    assert shown["evidence_opened"] == ["guideline", "trace"]
    row = Decision.objects.get()
    assert row.evidence_opened == ["guideline", "trace"]
    event = AuditEvent.objects.get(action="decision.made")
    assert event.detail["evidence_opened"] == ["guideline", "trace"]
    assert case_files.decision_shown(row)["evidence_opened"] == ["guideline", "trace"]
    client = Client()
    client.force_login(factories.an_administrator(), backend=BEHIND)
    page = client.get(f"/admin/reviews/decision/{row.pk}/change/").content.decode()
    assert "The guideline, Why it is here" in page


def test_o20_what_was_opened_is_never_asked_for(held: Any) -> None:
    assert good(decided(held), 201)["decision"]["evidence_opened"] == []


def test_o20_evidence_that_there_is_not_is_refused_by_its_place(held: Any) -> None:
    fault = problem(decided(held, evidence_opened=["trace", "mouse"]), 400)
    assert fault["errors"][0]["pointer"] == "/evidence_opened/1"
    assert not Decision.objects.exists()


def test_o20_a_tier_at_risk_says_in_how_many_evidence_lay_open(admin_user: Any) -> None:
    factories.a_pipeline()
    bot, person = factories.a_service(), factories.a_person()
    for number in range(100):
        factories.an_item(bot)
        held = factories.claim(person)
        assert held is not None
        factories.decide(person, held, evidence_opened=("trace",) if number < 3 else ())
    (risk,) = at_risk(principals.of_person(admin_user))
    assert (risk.attention.n, risk.attention.looked) == (100, 3)
    client = Client()
    client.force_login(admin_user, backend=BEHIND)
    assert "evidence lay open in 3" in client.get("/admin/").content.decode()


def test_o16_reviewers_are_told_that_it_is_recorded() -> None:
    assert "what lay open beside it (the guideline" in notice_text.BUILT_IN
