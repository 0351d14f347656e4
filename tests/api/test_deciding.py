"""Deciding over HTTP: what a judgement must say, and what follows from several."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from governance.models import User
from reviews.models import Assignment, Decision, Resolution
from reviews.services import resolutions
from tests import factories
from tests.api.answers import good, problem

pytestmark = pytest.mark.django_db
NOBODY = "01900000-0000-7000-8000-000000000000"


@pytest.fixture
def bot(db: None) -> User:
    factories.a_pipeline()
    return factories.a_service()


@pytest.fixture
def reviewer(api: Any, bot: User) -> Any:
    return api(factories.a_person("maria"), "review")


def claimed(caller: Any) -> dict[str, Any]:
    held: dict[str, Any] = good(caller.post("/claim"), 201)
    return held


def judged(held: dict[str, Any], label: str = "card_arrival", **more: Any) -> dict[str, Any]:
    """Return a judgement that says all the tier asks for."""
    item = held["item"]
    said: dict[str, Any] = {
        "claim_token": held["claim_token"],
        "answer": {"label": label},
        "rationale": "Its words name it.",
        "checklist": {entry["key"]: True for entry in item["checklist"]},
    }
    if not item["blind"]:
        accepts = item["output"] == {"label": label}
        said["verdict"] = "accept" if accepts else "correct"
        said["reason_codes"] = [] if accepts else ["model_error"]
    return {k: v for k, v in (said | more).items() if v is not ...}


def decide(caller: Any, held: dict[str, Any], label: str = "card_arrival", **more: Any) -> Any:
    return caller.post(f"/assignments/{held['id']}/decision", judged(held, label, **more))


def verdict(caller: Any, held: dict[str, Any], which: str) -> Any:
    return decide(caller, held, verdict=which, answer=None, reason_codes=[])


def reviewers(api: Any, count: int) -> list[Any]:
    return [api(factories.a_person(), "review") for _ in range(count)]


def test_accepting_resolves_with_the_prediction_as_answer(reviewer: Any, bot: User) -> None:
    factories.an_item(bot)
    shown = good(decide(reviewer, claimed(reviewer), certainty=0.9), 201)
    decision, resolution = shown["decision"], shown["resolution"]
    assert (decision["verdict"], decision["answer"]) == ("accept", {"label": "card_arrival"})
    assert (decision["reviewer"], decision["certainty"]) == ("maria", 0.9)
    assert (decision["config_version"], decision["guideline_version"]) == (1, 1)
    assert decision["glossary_version"] == 0
    assert (resolution["kind"], resolution["agreement"]) == ("single", 1.0)
    assert resolution["decided_on"] == [decision["id"]]
    assert shown["item"]["status"] == "resolved"
    prediction = good(reviewer.get(f"/predictions/{decision['prediction']}"))
    assert prediction["resolution"]["id"] == resolution["id"]


def test_correcting_resolves_with_another_answer(reviewer: Any, bot: User) -> None:
    factories.an_item(bot)
    shown = good(decide(reviewer, claimed(reviewer), "balance"), 201)
    assert (shown["decision"]["verdict"], shown["resolution"]["verdict"]) == ("correct", "correct")
    assert shown["resolution"]["answer"] == {"label": "balance"}


def test_rejecting_resolves_without_an_answer(reviewer: Any, bot: User) -> None:
    factories.an_item(bot)
    held = claimed(reviewer)
    body = judged(held, verdict="reject", answer=None, reason_codes=["ambiguous_input"])
    shown = good(reviewer.post(f"/assignments/{held['id']}/decision", body), 201)
    assert (shown["resolution"]["verdict"], shown["resolution"]["answer"]) == ("reject", None)


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"checklist": {}}, ["/checklist/read"]),
        ({"checklist": {"read": "yes"}}, ["/checklist/read"]),
        ({"checklist": {"read": True, "a/b": True}}, ["/checklist/a~1b"]),
        ({"checklist": []}, ["/checklist"]),
        ({"label": "balance", "rationale": " "}, ["/rationale"]),
        ({"label": "balance", "reason_codes": []}, ["/reason_codes"]),
        ({"label": "balance", "reason_codes": ["laziness"]}, ["/reason_codes/0"]),
        ({"label": "balance", "reason_codes": [7]}, ["/reason_codes/0"]),
        ({"label": "balance", "reason_codes": "model_error"}, ["/reason_codes"]),
        (
            {"label": "balance", "reason_codes": [], "rationale": "", "checklist": {}},
            ["/reason_codes", "/rationale", "/checklist/read"],
        ),
        ({"label": "balance", "verdict": "accept"}, ["/answer"]),
        ({"verdict": "correct", "answer": None}, ["/answer"]),
        ({"verdict": "correct"}, ["/answer"]),
        ({"verdict": ..., "answer": ...}, ["/verdict"]),
        ({"verdict": "maybe"}, ["/verdict"]),
        ({"verdict": ["accept"]}, ["/verdict"]),
        ({"verdict": "", "answer": None}, ["/verdict"]),
        ({"answer": {"label": "other"}, "verdict": "correct"}, ["/answer/label"]),
        ({"answer": {"name": "x"}, "verdict": "correct"}, ["/answer/label"]),
        ({"answer": "balance", "verdict": "correct"}, ["/answer"]),
        ({"answer": {"label": 7}, "verdict": "correct"}, ["/answer/label"]),
        ({"certainty": 1.1}, ["/certainty"]),
        ({"certainty": "0.5"}, ["/certainty"]),
        ({"certainty": True}, ["/certainty"]),
        ({"rationale": "x" * 10_001}, ["/rationale"]),
        ({"rationale": 7}, ["/rationale"]),
        ({"claim_token": ...}, ["/claim_token"]),
        ({"claim_token": None}, ["/claim_token"]),
        ({"reviewer": "eve"}, ["/reviewer"]),
    ],
)
def test_what_is_missing_or_wrong_is_pointed_at_and_the_claim_stays(
    reviewer: Any, bot: User, changes: dict[str, Any], pointers: list[str]
) -> None:
    factories.an_item(bot)
    held = claimed(reviewer)
    problem(decide(reviewer, held, **changes), 400, *pointers)
    assert not Decision.objects.exists()
    good(decide(reviewer, held), 201)


def test_a_claim_token_is_spent_by_the_decision(reviewer: Any, bot: User) -> None:
    factories.an_item(bot)
    held = claimed(reviewer)
    problem(decide(reviewer, held, claim_token="x" * 32), 409)
    good(decide(reviewer, held), 201)
    told = problem(decide(reviewer, held), 409)
    assert told["type"].endswith("stale_claim")


def test_only_the_holder_decides(api: Any, reviewer: Any, bot: User) -> None:
    factories.an_item(bot)
    held = claimed(reviewer)
    (other,) = reviewers(api, 1)
    problem(decide(other, held), 404)
    problem(reviewer.post(f"/assignments/{NOBODY}/decision", judged(held)), 404)


def test_a_person_who_lost_the_role_no_longer_decides(api: Any, reviewer: Any, bot: User) -> None:
    factories.an_item(bot)
    held = claimed(reviewer)
    factories.a_person("maria", roles=())
    problem(decide(reviewer, held), 403)


# -- Several decisions -------------------------------------------------------------------------


def test_two_that_agree_resolve_by_agreement(api: Any, bot: User) -> None:
    factories.an_item(bot, "high")
    first, second = reviewers(api, 2)
    shown = good(decide(first, claimed(first), "balance"), 201)
    assert (shown["resolution"], shown["item"]["status"]) == (None, "awaiting_others")
    shown = good(decide(second, claimed(second), "balance"), 201)
    assert (shown["resolution"]["kind"], shown["resolution"]["agreement"]) == ("agreement", 1.0)
    assert len(shown["resolution"]["decided_on"]) == 2
    assert shown["decision"]["verdict"] == "correct"


def test_two_that_differ_where_all_must_agree_go_to_adjudication_at_once(
    api: Any, bot: User
) -> None:
    item = factories.an_item(bot, "high")
    first, second, third = reviewers(api, 3)
    good(decide(first, claimed(first), "balance"), 201)
    shown = good(decide(second, claimed(second)), 201)
    assert shown["item"]["status"] == "awaiting_adjudication"
    assert third.post("/claim").status_code == 204
    lead = api(factories.a_person(roles=("lead",)), "review")
    path = f"/items/{item.pk}/adjudicate"
    body = {"answer": {"label": "balance"}, "rationale": "The text asks for it."}
    problem(third.post(path, body), 403)
    problem(lead.post(path, body | {"rationale": ""}), 400, "/rationale")
    problem(lead.post(path, body | {"answer": {"label": "x"}}), 400, "/answer/label")
    problem(lead.post(path, {"rationale": "x"}), 400, "/answer")
    shown = good(lead.post(path, body))
    assert (shown["status"], shown["resolution"]["kind"]) == ("resolved", "adjudicated")
    assert shown["resolution"]["agreement"] == 0.5
    problem(lead.post(path, body), 409)
    problem(lead.post(f"/items/{NOBODY}/adjudicate", body), 404)


def a_looser_pipeline(**tier: Any) -> User:
    document = factories.pipeline_document()
    document["tiers"]["high"] |= tier
    factories.apply(factories.CALENDAR, factories.SLA, *factories.ROLES, document)
    return factories.a_service()


def test_a_third_is_asked_where_two_differ_and_a_majority_is_enough(api: Any) -> None:
    item = factories.an_item(a_looser_pipeline(agreement_min=0.66), "high")
    first, second, third, fourth = reviewers(api, 4)
    good(decide(first, claimed(first), "balance"), 201)
    shown = good(decide(second, claimed(second)), 201)
    assert shown["item"]["status"] == "awaiting_others"
    held = claimed(third)
    assert (held["slot"], held["item"]["id"]) == (3, str(item.pk))
    assert fourth.post("/claim").status_code == 204
    shown = good(decide(third, held, "balance"), 201)
    assert shown["resolution"]["kind"] == "agreement"
    assert shown["resolution"]["agreement"] == pytest.approx(2 / 3)
    assert shown["resolution"]["answer"] == {"label": "balance"}


def test_three_that_differ_go_to_adjudication(api: Any) -> None:
    factories.an_item(a_looser_pipeline(agreement_min=0.66), "high")
    labels = ("balance", "card_arrival", "card_linking")
    for caller, label in zip(reviewers(api, 3), labels, strict=True):
        shown = good(decide(caller, claimed(caller), label), 201)
    assert shown["item"]["status"] == "awaiting_adjudication"


def test_adjudication_does_not_wait_for_who_can_no_longer_bring_agreement(api: Any) -> None:
    bot = a_looser_pipeline(decisions=3, max_decisions=3)
    item = factories.an_item(bot, "high")
    first, second, third = reviewers(api, 3)
    late = claimed(third)
    good(decide(first, claimed(first), "balance"), 201)
    shown = good(decide(second, claimed(second)), 201)
    assert shown["item"]["status"] == "awaiting_adjudication"
    lead = api(factories.a_person(roles=("lead",)), "review")
    body = {"answer": None, "rationale": "None of these."}
    good(lead.post(f"/items/{item.pk}/adjudicate", body))
    told = problem(decide(third, late), 409)
    assert "resolved" in told["detail"]


def test_an_adjudicator_did_not_decide_and_has_the_role_of_the_tier(api: Any, bot: User) -> None:
    item = factories.an_item(bot, "high")
    leader = api(factories.a_person(roles=("lead",)), "review")
    (other,) = reviewers(api, 1)
    good(decide(leader, claimed(leader), "balance"), 201)
    good(decide(other, claimed(other)), 201)
    body = {"answer": {"label": "balance"}, "rationale": "x"}
    told = problem(leader.post(f"/items/{item.pk}/adjudicate", body), 403)
    assert "yourself" in told["detail"]
    factories.apply({"kind": "Role", "slug": "judge", "permissions": ["adjudicate"]})
    judge = api(factories.a_person(roles=("judge",)), "review")
    told = problem(judge.post(f"/items/{item.pk}/adjudicate", body), 403)
    assert "lead" in told["detail"]


# -- Not deciding ------------------------------------------------------------------------------


def test_deferring_puts_the_item_back_for_others_for_good(
    api: Any, reviewer: Any, bot: User
) -> None:
    factories.an_item(bot)
    held = claimed(reviewer)
    problem(decide(reviewer, held, verdict="defer", answer=None, rationale=""), 400, "/rationale")
    shown = good(verdict(reviewer, held, "defer"), 201)
    assert (shown["resolution"], shown["item"]["status"]) == (None, "pending")
    assert reviewer.post("/claim").status_code == 204
    (other,) = reviewers(api, 1)
    good(decide(other, claimed(other)), 201)


def test_escalating_hands_the_item_to_the_adjudicator(api: Any, reviewer: Any, bot: User) -> None:
    item = factories.an_item(bot)
    shown = good(verdict(reviewer, claimed(reviewer), "escalate"), 201)
    assert shown["item"]["status"] == "escalated"
    (other,) = reviewers(api, 1)
    assert other.post("/claim").status_code == 204
    lead = api(factories.a_person(roles=("lead",)), "review")
    body = {"answer": {"label": "balance"}, "rationale": "x"}
    shown = good(lead.post(f"/items/{item.pk}/adjudicate", body))
    assert (shown["resolution"]["kind"], shown["resolution"]["agreement"]) == ("adjudicated", 0.0)


# -- Taking back -------------------------------------------------------------------------------


def undo(caller: Any, shown: dict[str, Any]) -> Any:
    return caller.post(f"/decisions/{shown['decision']['id']}/undo")


def test_an_undo_gives_the_item_back_and_keeps_the_first_judgement(
    reviewer: Any, bot: User
) -> None:
    item = factories.an_item(bot)
    first = good(decide(reviewer, claimed(reviewer)), 201)
    back = good(undo(reviewer, first))
    assert back["undone"] == first["decision"]["id"]
    assert back["assignment"]["item"]["status"] == "in_review"
    assert back["assignment"]["item"]["resolution"] is None
    second = good(decide(reviewer, back["assignment"], "balance"), 201)
    assert second["resolution"]["answer"] == {"label": "balance"}
    listed = good(reviewer.get(f"/decisions?item={item.pk}"))["results"]
    assert [(d["id"], d["undone"]) for d in listed] == [
        (second["decision"]["id"], False), (first["decision"]["id"], True),
    ]  # fmt: skip
    standing = {r["id"]: r["current"] for r in good(reviewer.get("/resolutions"))["results"]}
    assert standing == {second["resolution"]["id"]: True, first["resolution"]["id"]: False}
    problem(undo(reviewer, first), 409)


def test_only_who_decided_takes_it_back(api: Any, reviewer: Any, bot: User) -> None:
    factories.an_item(bot)
    shown = good(decide(reviewer, claimed(reviewer)), 201)
    (other,) = reviewers(api, 1)
    problem(undo(other, shown), 404)
    problem(reviewer.post(f"/decisions/{NOBODY}/undo"), 404)


def test_an_undo_comes_within_ten_minutes(reviewer: Any, bot: User) -> None:
    factories.an_item(bot)
    person = User.objects.get(username="maria")
    held = factories.claim(person)
    assert held is not None
    decided = factories.decide(person, held)
    with pytest.raises(factories.decisions.Conflict):
        factories.decisions.undo(
            decision_id=decided.decision.pk, actor=person,
            now=factories.NOW + timedelta(minutes=10, seconds=2),
        )  # fmt: skip
    factories.decisions.undo(
        decision_id=decided.decision.pk, actor=person, now=factories.NOW + timedelta(minutes=10)
    )


def test_what_left_the_system_or_was_adjudicated_is_not_undone(
    api: Any, reviewer: Any, bot: User
) -> None:
    item = factories.an_item(bot)
    shown = good(decide(reviewer, claimed(reviewer)), 201)
    resolutions.mark_left(item_ids=[item.pk], now=timezone.now())
    problem(undo(reviewer, shown), 409)
    other = factories.an_item(bot)
    shown = good(verdict(reviewer, claimed(reviewer), "escalate"), 201)
    lead = api(factories.a_person(roles=("lead",)), "review")
    body = {"answer": None, "rationale": "x"}
    good(lead.post(f"/items/{other.pk}/adjudicate", body))
    problem(undo(reviewer, shown), 409)


def test_an_escalation_is_taken_back_by_who_made_it_and_by_nobody_else(api: Any, bot: User) -> None:
    item = factories.an_item(bot, "high")
    first, second = reviewers(api, 2)
    answered = good(decide(first, claimed(first)), 201)
    raised = good(verdict(second, claimed(second), "escalate"), 201)
    problem(undo(first, answered), 409)
    back = good(undo(second, raised))
    assert back["assignment"]["item"]["status"] == "in_review"
    shown = good(decide(second, back["assignment"]), 201)
    assert shown["item"]["status"] == "resolved"
    assert Resolution.objects.get().item_id == item.pk


def test_an_undo_after_disagreement_opens_the_item_again(api: Any, bot: User) -> None:
    factories.an_item(bot, "high")
    first, second = reviewers(api, 2)
    good(decide(first, claimed(first), "balance"), 201)
    shown = good(decide(second, claimed(second)), 201)
    back = good(undo(second, shown))
    shown = good(decide(second, back["assignment"], "balance"), 201)
    assert shown["resolution"]["kind"] == "agreement"
    assert Assignment.objects.filter(state="decided").count() == 2


def test_decisions_can_be_filtered(api: Any, reviewer: Any, bot: User) -> None:
    first, second = factories.an_item(bot), factories.an_item(bot)
    good(decide(reviewer, claimed(reviewer)), 201)
    good(decide(reviewer, claimed(reviewer), "balance"), 201)
    auditor = api(factories.a_service("reader"), "audit:read")

    def items(query: str) -> list[str]:
        return [row["item"] for row in good(auditor.get(f"/decisions?{query}"))["results"]]

    assert items("verdict=accept") == items(f"item={first.pk}") == [str(first.pk)]
    assert items("verdict=correct") == [str(second.pk)]
    assert len(items("reviewer=maria")) == len(items("pipeline=intents")) == 2
    assert items("reviewer=eve") == items("pipeline=other") == []
    problem(auditor.get("/decisions?item=x"), 400, "/item")
    problem(auditor.get("/decisions?verdict=x"), 400, "/verdict")
