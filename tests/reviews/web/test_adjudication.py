"""Settling disagreements in pages."""

import uuid

import pytest

from reviews.enums import ItemStatus, ResolutionKind
from tests import factories


@pytest.fixture
def disputed(bot, now):
    """Return an item on which two reviewers differ beyond repair."""
    tiers = factories.pipeline_document()["tiers"]
    tiers["high"]["max_decisions"] = 2
    factories.apply(factories.pipeline_document(tiers=tiers))
    item = factories.an_item(bot, "high", now=now)
    for label in ("balance", "card_linking"):
        person = factories.a_person()
        held = factories.claim(person, now=now)
        assert held is not None
        factories.decide(person, held, label, now=now, rationale=f"Clearly {label}.")
    item.refresh_from_db()
    assert item.status == ItemStatus.AWAITING_ADJUDICATION
    return item


def test_the_list_and_the_item_show_every_answer(desk, disputed):
    lead = desk(roles=("lead",))

    assert disputed.prediction.external_id in lead.get("/adjudicate").content.decode()
    page = lead.get(f"/adjudicate/{disputed.pk}").content.decode()

    assert "Clearly balance." in page
    assert "Clearly card_linking." in page
    assert "20 %" in page


def test_settling_resolves_the_item(desk, disputed):
    lead = desk(roles=("lead",))

    answer = lead.post(
        f"/adjudicate/{disputed.pk}", {"answer.label": "balance", "rationale": "The text says so."}
    )

    disputed.refresh_from_db()
    assert answer["Location"] == "/adjudicate"
    assert disputed.resolution.kind == ResolutionKind.ADJUDICATED
    assert disputed.resolution.answer == {"label": "balance"}
    assert "Settled." in lead.get("/adjudicate").content.decode()


def test_rejecting_without_an_answer_is_possible(desk, disputed):
    lead = desk(roles=("lead",))

    lead.post(f"/adjudicate/{disputed.pk}", {"verdict": "reject", "rationale": "None fits."})

    disputed.refresh_from_db()
    assert disputed.resolution.answer is None


@pytest.mark.parametrize("sent", [{}, {"answer.label": "balance"}, {"rationale": "Why."}])
def test_what_is_missing_is_said(desk, disputed, sent):
    answer = desk(roles=("lead",)).post(f"/adjudicate/{disputed.pk}", sent)

    assert answer.status_code == 422
    assert "data-fault" in answer.content.decode()


def test_only_who_may_settle_sees_it(desk, disputed):
    path = f"/adjudicate/{disputed.pk}"
    reviewer, elsewhere = desk(), desk(roles=("lead",), pipelines=())
    judge = factories.a_person(disputed.decisions.first().reviewer.username, roles=("lead",))

    assert reviewer.get("/adjudicate").status_code == 403
    assert reviewer.post(path).status_code == 403
    assert elsewhere.get(path).status_code == 404
    assert elsewhere.get(f"{path}/input").status_code == 404
    assert "Nothing to settle" in elsewhere.get("/adjudicate").content.decode()
    lead = desk(roles=("lead",))
    assert lead.get(f"/adjudicate/{uuid.uuid4()}").status_code == 404
    lead.client.force_login(judge, backend="django.contrib.auth.backends.ModelBackend")
    assert lead.get(path).status_code == 404


def test_the_list_is_paged_and_bad_pages_are_not_found(desk, disputed):
    lead = desk(roles=("lead",))

    assert lead.get("/adjudicate?from=50").status_code == 200
    assert lead.get("/adjudicate?from=x").status_code == 404
