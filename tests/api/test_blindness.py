"""In a blind tier nothing tells the prediction, or what others said, before one decides."""

import json
from typing import Any

import pytest

from governance.models import User
from governance.selectors import principals
from reviews.models import Decision, ReviewItem
from reviews.selectors import blindness
from tests import factories
from tests.api.answers import good, problem

pytestmark = pytest.mark.django_db
SECRET_LABEL, SECRET_CONFIDENCE = "card_linking", 0.2345678
OTHERS_LABEL, OTHERS_WORDS, NOTE = (
    "balance",
    "They ask for their balance.",
    "I first chose balance.",
)
HIDDEN = {
    "output", "confidence", "scores", "route", "resolution_kind", "priority", "agreement",
    "scenario_type", "characteristics",
}  # fmt: skip


@pytest.fixture
def item(db: None) -> ReviewItem:
    factories.a_pipeline()
    return factories.an_item(
        factories.a_service(),
        "high",
        external_id="q-blind",
        output={"label": SECRET_LABEL},
        confidence=SECRET_CONFIDENCE,
        scores={SECRET_LABEL: SECRET_CONFIDENCE},
    )


@pytest.fixture
def other(api: Any, item: ReviewItem) -> Any:
    """Return a reviewer who decided, and left a note."""
    person = factories.a_person("other")
    held = factories.claim(person)
    assert held is not None
    factories.decide(person, held, OTHERS_LABEL, rationale=OTHERS_WORDS)
    caller = api(person)
    good(caller.post(f"/items/{item.pk}/notes", {"text": NOTE}), 201)
    return caller


@pytest.fixture
def reviewer(api: Any, other: Any) -> Any:
    return api(factories.a_person("blind"))


def without_question(value: Any) -> Any:
    """Return an answer without the choices of the question, which name every label."""
    if isinstance(value, dict):
        return {k: without_question(v) for k, v in value.items() if k != "question"}
    return [without_question(v) for v in value] if isinstance(value, list) else value


def leaks(answer: Any) -> list[str]:
    """Return what an answer (headers too) gives away."""
    body = answer.json() if answer.content else {}
    text = json.dumps(without_question(body)) + str(dict(answer.headers))
    words = (SECRET_LABEL, str(SECRET_CONFIDENCE), OTHERS_LABEL, OTHERS_WORDS, NOTE, "very-unsure")
    return [word for word in words if word in text] + sorted(HIDDEN & keys(body))


def keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {*value, *(k for v in value.values() for k in keys(v))}
    return {k for v in value for k in keys(v)} if isinstance(value, list) else set()


def addresses(item: ReviewItem) -> list[str]:
    return [
        f"/items/{item.pk}",
        "/items",
        "/items?status=awaiting_others&tier=high&queue=experts",
        f"/predictions/{item.prediction_id}",
        "/predictions",
        "/predictions?external_id=q-blind",
        "/decisions",
        f"/decisions?item={item.pk}",
        "/decisions?reviewer=other",
        "/decisions?verdict=correct&limit=1",
        "/decisions?verdict=accept&limit=1",
        "/resolutions",
        "/resolutions?kind=agreement&limit=1",
    ]


def test_no_address_gives_anything_away(reviewer: Any, item: ReviewItem) -> None:
    for path in addresses(item):
        answer = reviewer.get(path)
        good(answer)
        assert leaks(answer) == [], path
    problem(reviewer.get(f"/predictions/{item.prediction_id}/trace"), 403)


def test_a_filter_by_scenario_does_not_find_what_hides_it(
    api: Any, other: Any, reviewer: Any, item: ReviewItem
) -> None:
    asked = "/items?scenario_type=cards"
    assert good(reviewer.get(asked))["results"] == []
    assert [row["id"] for row in good(other.get(asked))["results"]] == [str(item.pk)]


def test_the_claim_gives_nothing_away_and_the_lease_neither(reviewer: Any) -> None:
    answer = reviewer.post("/claim")
    held = good(answer, 201)
    assert held["item"]["blind"] is True
    assert leaks(answer) == []
    body = {"claim_token": held["claim_token"]}
    for act in ("extend", "release"):
        assert leaks(reviewer.post(f"/assignments/{held['id']}/{act}", body)) == []


def test_pages_and_cursors_do_not_tell_that_others_decided(reviewer: Any, item: ReviewItem) -> None:
    for path in ("/decisions", "/decisions?limit=1", "/resolutions?kind=single&limit=1"):
        assert good(reviewer.get(path)) == {"results": [], "next": None, "previous": None}


def test_a_judgement_that_is_refused_tells_nothing(reviewer: Any) -> None:
    held = good(reviewer.post("/claim"), 201)
    for said in (
        {"verdict": "accept"},
        {"verdict": "correct", "answer": {"label": SECRET_LABEL}},
        {"verdict": "accept", "answer": {"label": OTHERS_LABEL}},
        {"answer": {"label": SECRET_LABEL}},
        {"answer": {"label": OTHERS_LABEL}},
    ):
        body = said | {"claim_token": held["claim_token"], "rationale": "", "checklist": {}}
        told = problem(reviewer.post(f"/assignments/{held['id']}/decision", body), 400)
        assert {e["pointer"] for e in told["errors"]} - {"/answer"} == {
            "/rationale", "/checklist/read", "/checklist/fair",
        }  # fmt: skip
        assert "prediction" not in json.dumps(told).replace("/predictions", "")


def test_tags_and_304s_are_those_of_what_is_shown(
    api: Any, reviewer: Any, other: Any, item: ReviewItem
) -> None:
    for path in (f"/items/{item.pk}", f"/predictions/{item.prediction_id}"):
        blind, open_ = reviewer.get(path)["ETag"], other.get(path)["ETag"]
        assert blind != open_
        assert reviewer.get(path, if_none_match=open_).status_code == 200
        assert reviewer.get(path, if_none_match=blind).status_code == 304
    tag = reviewer.get(f"/predictions/{item.prediction_id}")["ETag"]
    sender = api(User.objects.get(username="bot"))
    body = {"outcome": {"label": SECRET_LABEL}, "observed_at": "2026-11-24T10:00:00Z"}
    good(sender.post(f"/predictions/{item.prediction_id}/outcome", body), 201)
    assert reviewer.get(f"/predictions/{item.prediction_id}")["ETag"] == tag


def test_items_keep_their_order_whatever_others_decided(api: Any, reviewer: Any) -> None:
    bot, person = User.objects.get(username="bot"), User.objects.get(username="other")
    rows = [factories.an_item(bot, "high") for _ in range(3)]
    before = [row["id"] for row in good(reviewer.get("/items"))["results"]]
    factories.decide(person, factories.claim(person))
    assert [row["id"] for row in good(reviewer.get("/items"))["results"]] == before
    assert before[:3] == [str(row.pk) for row in reversed(rows)]


def test_a_reviewers_own_notes_and_decisions_are_theirs_to_see(
    reviewer: Any, item: ReviewItem
) -> None:
    good(reviewer.post(f"/items/{item.pk}/notes", {"text": "Mine."}), 201)
    notes = good(reviewer.get(f"/items/{item.pk}"))["notes"]
    assert [(n["author"], n["text"]) for n in notes] == [("blind", "Mine.")]


def test_after_the_decision_all_is_shown(reviewer: Any, item: ReviewItem) -> None:
    held = good(reviewer.post("/claim"), 201)
    body = {
        "claim_token": held["claim_token"],
        "answer": {"label": SECRET_LABEL},
        "rationale": "x",
        "checklist": {"read": True, "fair": True},
    }
    shown = good(reviewer.post(f"/assignments/{held['id']}/decision", body), 201)
    assert shown["decision"]["verdict"] == "accept"
    assert shown["item"]["output"] == {"label": SECRET_LABEL}
    assert [n["text"] for n in shown["item"]["notes"]] == [NOTE]
    assert len(good(reviewer.get("/decisions"))["results"]) == 2
    assert good(reviewer.get(f"/predictions/{item.prediction_id}"))["confidence"] == (
        SECRET_CONFIDENCE
    )
    good(reviewer.get(f"/predictions/{item.prediction_id}/trace"))


def test_an_undo_makes_the_item_blind_again_and_hides_what_it_had_come_to(api: Any) -> None:
    document = factories.pipeline_document()
    document["tiers"]["high"] |= {"decisions": 1, "max_decisions": 1}
    factories.apply(factories.CALENDAR, factories.SLA, *factories.ROLES, document)
    item = factories.an_item(factories.a_service(), "high", output={"label": SECRET_LABEL})
    decider, watcher = api(factories.a_person()), api(factories.a_person("blind"))
    held = good(decider.post("/claim"), 201)
    body = {
        "claim_token": held["claim_token"],
        "answer": {"label": OTHERS_LABEL},
        "rationale": OTHERS_WORDS,
        "checklist": {"read": True, "fair": True},
    }
    shown = good(decider.post(f"/assignments/{held['id']}/decision", body), 201)
    assert good(watcher.get(f"/items/{item.pk}"))["output"] == {"label": SECRET_LABEL}
    good(decider.post(f"/decisions/{shown['decision']['id']}/undo"))
    for path in (*addresses(item), "/resolutions?kind=single"):
        for caller in (watcher, decider):
            answer = caller.get(path)
            good(answer)
            if caller is watcher:
                assert leaks(answer) == [], path
    assert "output" not in good(decider.get(f"/items/{item.pk}"))
    assert good(watcher.get("/resolutions"))["results"] == []


def test_an_adjudicator_sees_all_once_it_is_theirs(api: Any, other: Any, item: ReviewItem) -> None:
    lead = api(factories.a_person(roles=("lead",)))
    assert leaks(lead.get(f"/items/{item.pk}")) == []
    person = factories.a_person()
    factories.decide(person, factories.claim(person))
    shown = good(lead.get(f"/items/{item.pk}"))
    assert shown["status"] == "awaiting_adjudication"
    assert shown["output"] == {"label": SECRET_LABEL}
    assert len(good(lead.get(f"/decisions?item={item.pk}"))["results"]) == 2
    watcher = api(factories.a_person())
    assert leaks(watcher.get(f"/items/{item.pk}")) == []
    assert good(watcher.get(f"/decisions?item={item.pk}"))["results"] == []


def test_who_never_reviews_sees_everything(api: Any, other: Any, item: ReviewItem) -> None:
    auditor = api(factories.a_person(roles=("auditor",)), "audit:read")
    assert good(auditor.get(f"/items/{item.pk}"))["output"] == {"label": SECRET_LABEL}
    assert len(good(auditor.get("/decisions"))["results"]) == 1
    good(auditor.get(f"/predictions/{item.prediction_id}/trace"))


def test_the_query_and_the_rows_agree_on_what_is_hidden(db: None) -> None:
    factories.a_pipeline()
    bot = factories.a_service()
    people = [factories.a_person(roles=roles) for roles in (("reviewer",), ("lead",), ("auditor",))]
    for tier in ("mid", "high", "high", "high"):
        factories.an_item(bot, tier)
    for label in ("balance", "card_arrival"):
        person = factories.a_person(capacity={"open": 9, "per_day": 9})
        for _ in range(2):
            factories.decide(person, factories.claim(person, queue="experts"), label)
    for person in people[:2]:
        factories.decide(person, factories.claim(person))
    rows = ReviewItem.objects.all()
    for person in people:
        principal = principals.of_person(person)
        unseen = blindness.hidden(principal, rows)
        everything = Decision.objects.all()
        shown = blindness.exposed(principal, everything)
        assert {d.item_id for d in everything} - {d.item_id for d in shown} == {
            d.item_id for d in everything if d.item_id in unseen
        }
