"""Claiming over HTTP: who gets which item, for how long, and what ends a claim."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from governance.models import User
from reviews.models import Assignment
from reviews.services import assignments
from tests import factories
from tests.api.answers import good, problem

pytestmark = pytest.mark.django_db
NOBODY = "01900000-0000-7000-8000-000000000000"


@pytest.fixture
def bot(db: None) -> User:
    factories.a_pipeline()
    return factories.a_service()


def token_of(held: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"claim_token": held["claim_token"], **more}


def test_a_claim_shows_all_that_is_needed_to_decide(api: Any, bot: User) -> None:
    item = factories.an_item(bot)
    held = good(api(factories.a_person(), "review").post("/claim"), 201)
    shown = held["item"]
    assert (held["slot"], shown["id"], shown["status"]) == (1, str(item.pk), "in_review")
    assert shown["pipeline"] == "intents"
    assert (shown["tier"], shown["queue"], shown["blind"]) == ("mid", "general", False)
    assert shown["input"] == {"text": "where is my card"}
    assert shown["output"] == {"label": "card_arrival"}
    assert (shown["confidence"], shown["scores"]) == (0.58, {"card_arrival": 0.58})
    assert shown["question"]["choices"] == ["card_arrival", "card_linking", "balance"]
    assert shown["checklist"] == [{"key": "read", "text": "Guideline read"}]
    assert shown["reason_codes"] == ["model_error", "ambiguous_input"]
    assert (shown["rationale_required"], shown["guideline_version"]) == ("on_change", 1)
    assert shown["notes"] == []
    assert shown["due_at"]


def test_item_and_decision_name_the_glossary_that_they_were_made_under(api: Any, bot: User) -> None:
    factories.a_pipeline(glossary=factories.GLOSSARY)
    factories.an_item(bot)
    factories.a_pipeline()
    reviewer = api(factories.a_person(), "review")
    held = good(reviewer.post("/claim"), 201)
    assert held["item"]["glossary_version"] == 1
    body = {"claim_token": held["claim_token"], "verdict": "accept", "checklist": {"read": True}}
    decided = good(reviewer.post(f"/assignments/{held['id']}/decision", body), 201)
    assert decided["decision"]["glossary_version"] == 1


def test_nothing_to_claim_is_a_204_without_a_body(api: Any, bot: User) -> None:
    reviewer = api(factories.a_person(), "review")
    for body in ({}, {"pipeline": "intents"}, {"queue": "general"}, {"pipeline": "other"}):
        answer = reviewer.post("/claim", body)
        assert (answer.status_code, answer.content) == (204, b"")


def test_an_empty_body_claims_from_everywhere(api: Any, bot: User) -> None:
    factories.an_item(bot)
    good(api(factories.a_person(), "review")("POST", "/claim", raw=b""), 201)


def test_the_most_urgent_comes_first_within_what_is_asked_for(api: Any, bot: User) -> None:
    first, urgent = factories.an_item(bot), factories.an_item(bot, "high")
    later = factories.an_item(bot, now=factories.NOW + timedelta(minutes=1))
    reviewer = api(factories.a_person(), "review")
    order = [good(reviewer.post("/claim"), 201)["item"]["id"] for _ in range(3)]
    assert order == [str(urgent.pk), str(first.pk), str(later.pk)]
    other = api(factories.a_person(), "review")
    assert good(other.post("/claim", {"queue": "experts"}), 201)["item"]["id"] == str(urgent.pk)
    assert other.post("/claim", {"pipeline": "intents", "queue": "general"}).status_code == 204


def test_no_item_goes_twice_to_one_person_and_no_slot_to_two(api: Any, bot: User) -> None:
    item = factories.an_item(bot, "high")
    people = [api(factories.a_person(), "review") for _ in range(3)]
    slots = [good(person.post("/claim"), 201)["slot"] for person in people[:2]]
    assert slots == [1, 2]
    assert all(person.post("/claim").status_code == 204 for person in people)
    assert Assignment.objects.filter(item=item, state="claimed").count() == 2


def test_whoever_sent_a_prediction_never_reviews_it(api: Any, bot: User) -> None:
    author = factories.a_person("author")
    factories.an_item(author)
    assert api(author, "review").post("/claim").status_code == 204
    good(api(factories.a_person(), "review").post("/claim"), 201)


@pytest.mark.parametrize(
    ("skills", "status"),
    [
        ([{"name": "cards", "level": 1}], 201),
        ([{"name": "cards", "level": 1, "expires": "2999-01-01"}], 201),
        ([{"name": "cards", "level": 1, "expires": "2020-01-01"}], 204),
        ([{"name": "loans", "level": 9}], 204),
        ([], 204),
    ],
)
def test_o12_an_expired_qualification_is_not_assignable(
    api: Any, bot: User, skills: list[dict[str, Any]], status: int
) -> None:
    factories.an_item(bot, "high")
    person = factories.a_person("expert")
    factories.apply({
        "kind": "Person", "username": "expert", "email": "e@example.org", "roles": ["reviewer"],
        "pipelines": ["intents"], "skills": skills,
    })  # fmt: skip
    assert api(person, "review").post("/claim").status_code == status


def test_o12_a_qualification_counts_on_the_day_on_which_it_expires(bot: User) -> None:
    person = factories.a_person("expert")
    row = person.skills.get()
    row.expires = factories.NOW.date()
    row.because(None, "For a test").save()
    factories.an_item(bot, "high")
    assert factories.claim(person, now=factories.NOW + timedelta(days=1)) is None
    assert factories.claim(person) is not None


def test_claiming_needs_a_role_with_the_permission(api: Any, bot: User) -> None:
    factories.an_item(bot)
    for roles in ((), ("auditor",), ("approver",)):
        problem(api(factories.a_person(roles=roles), "review").post("/claim"), 403)


def test_a_person_of_another_pipeline_gets_nothing(api: Any, bot: User) -> None:
    factories.a_pipeline("other")
    factories.an_item(bot)
    person = factories.a_person(pipelines=("intents", "other"))
    assert api(person, "review", pipelines=("other",)).post("/claim").status_code == 204
    assert api(factories.a_person(pipelines=()), "review").post("/claim").status_code == 204
    good(api(person, "review", pipelines=("intents",)).post("/claim"), 201)


def test_nobody_holds_more_than_their_capacity(api: Any, bot: User) -> None:
    for _ in range(4):
        factories.an_item(bot)
    reviewer = api(factories.a_person(capacity={"open": 2, "per_day": 3}), "review")
    held = [good(reviewer.post("/claim"), 201) for _ in range(2)]
    told = problem(reviewer.post("/claim"), 409)
    assert "2 items" in told["detail"]
    path = f"/assignments/{held[0]['id']}/decision"
    body = token_of(held[0], verdict="accept", checklist={"read": True})
    good(reviewer.post(path, body), 201)
    good(reviewer.post("/claim"), 201)
    good(reviewer.post(f"/assignments/{held[1]['id']}/decline", token_of(held[1], reason="x")))
    told = problem(reviewer.post("/claim"), 409)
    assert "24 hours" in told["detail"]


def test_a_lease_can_be_renewed_by_who_has_the_token(api: Any, bot: User) -> None:
    factories.an_item(bot)
    reviewer = api(factories.a_person(), "review")
    held = good(reviewer.post("/claim"), 201)
    path = f"/assignments/{held['id']}/extend"
    shown = good(reviewer.post(path, token_of(held)))
    assert shown["state"] == "claimed"
    assert shown["lease_expires_at"] > held["lease_expires_at"]
    problem(reviewer.post(path, {"claim_token": "x"}), 409)
    problem(reviewer.post(path, {}), 400, "/claim_token")
    problem(reviewer.post(path, {"claim_token": 7}), 400, "/claim_token")
    other = api(factories.a_person(), "review")
    problem(other.post(path, token_of(held)), 404)
    problem(reviewer.post(f"/assignments/{NOBODY}/extend", token_of(held)), 404)


def test_a_released_item_comes_back_to_others_and_not_to_me_today(api: Any, bot: User) -> None:
    item = factories.an_item(bot)
    reviewer = api(factories.a_person(), "review")
    held = good(reviewer.post("/claim"), 201)
    shown = good(reviewer.post(f"/assignments/{held['id']}/release", token_of(held)))
    assert (shown["state"], shown["item"]["status"]) == ("released", "pending")
    problem(reviewer.post(f"/assignments/{held['id']}/release", token_of(held)), 409)
    assert reviewer.post("/claim").status_code == 204
    again = good(api(factories.a_person(), "review").post("/claim"), 201)
    assert again["item"]["id"] == str(item.pk)


def test_a_declined_item_needs_a_reason_and_never_comes_back_to_me(api: Any, bot: User) -> None:
    factories.an_item(bot)
    reviewer = api(factories.a_person(), "review")
    held = good(reviewer.post("/claim"), 201)
    path = f"/assignments/{held['id']}/decline"
    problem(reviewer.post(path, token_of(held)), 400, "/reason")
    problem(reviewer.post(path, token_of(held, reason="x" * 501)), 400, "/reason")
    shown = good(reviewer.post(path, token_of(held, reason="I know the customer")))
    assert (shown["state"], shown["item"]["status"]) == ("declined", "pending")
    Assignment.objects.update(ended_at=timezone.now() - timedelta(days=30))
    assert reviewer.post("/claim").status_code == 204


def test_a_lapsed_lease_returns_the_item_and_spends_the_token(api: Any, bot: User) -> None:
    item = factories.an_item(bot)
    reviewer = api(factories.a_person(), "review")
    held = good(reviewer.post("/claim"), 201)
    now = timezone.now()
    assert assignments.expire_leases(now=now) == 0
    assert assignments.expire_leases(now=now + settings.LEASE + timedelta(seconds=5)) == 1
    assert assignments.expire_leases(now=now + settings.LEASE + timedelta(seconds=5)) == 0
    assert good(reviewer.get(f"/items/{item.pk}"))["status"] == "pending"
    body = token_of(held, verdict="accept", checklist={"read": True})
    problem(reviewer.post(f"/assignments/{held['id']}/decision", body), 409)
    assert good(reviewer.post("/claim"), 201)["id"] != held["id"]


@pytest.mark.parametrize("act", ["extend", "release", "decline", "decision"])
def test_a_token_of_one_pipeline_does_not_act_in_another(api: Any, bot: User, act: str) -> None:
    factories.a_pipeline("other")
    factories.an_item(bot)
    person = factories.a_person(pipelines=("intents", "other"))
    held = good(api(person, "review").post("/claim"), 201)
    body = token_of(held)
    if act == "decline":
        body["reason"] = "x"
    if act == "decision":
        body |= {"verdict": "accept", "checklist": {"read": True}}
    narrow = api(person, "review", pipelines=("other",))
    problem(narrow.post(f"/assignments/{held['id']}/{act}", body), 404)
    assert Assignment.objects.get().state == "claimed"
