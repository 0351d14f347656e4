"""O7: some items of an open tier are answered before the prediction is seen, and then shown."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings

from governance.domain.invariants import Span
from governance.exceptions import Conflict, InvalidInput, NotFound
from governance.models import AuditEvent
from governance.selectors import principals
from reviews.domain import sampling
from reviews.domain.answers import Judgement
from reviews.enums import ResolutionKind, Verdict
from reviews.models import Decision, ReviewItem
from reviews.selectors import intake_invariants, item_invariants
from reviews.services import decisions, reassignments, revisions
from reviews.services.reassignments import Move
from tests import factories
from tests.api.answers import good, problem
from tests.factories import NOW

SECRET, CONFIDENCE = "card_linking", 0.4142135
HIDDEN = {"output", "confidence", "scores", "route", "priority", "agreement", "scenario_type",
          "characteristics", "resolution_kind"}  # fmt: skip
ACCEPTS = {"rationale": "It names it.", "checklist": {"read": True}}


def secret(bot: Any) -> ReviewItem:
    """Send a prediction whose answer can be recognised."""
    return factories.an_item(
        bot, output={"label": SECRET}, confidence=CONFIDENCE, scores={SECRET: CONFIDENCE}
    )


def keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {*value, *(k for v in value.values() for k in keys(v))}
    return {k for v in value for k in keys(v)} if isinstance(value, list) else set()


def without_question(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: without_question(v) for k, v in value.items() if k != "question"}
    return [without_question(v) for v in value] if isinstance(value, list) else value


def leaks(answer: Any) -> set[str]:
    """Return what an answer of the API gives away, in body or headers."""
    body = without_question(answer.json()) if answer.content else {}
    text = json.dumps(body) + str(dict(answer.headers))
    return {word for word in (SECRET, str(CONFIDENCE)) if word in text} | (HIDDEN & keys(body))


def revised(person: Any, first: Decision, *, minutes: float = 1, **said: Any) -> Any:
    return revisions.revise(
        principal=principals.of_person(person), actor=person, decision_id=first.pk,
        judgement=Judgement(**(ACCEPTS | said)), now=NOW + timedelta(minutes=minutes),
    )  # fmt: skip


def test_o7_the_draw_is_the_keyed_hash_and_its_probability_is_on_the_item(drawing):
    bot = drawing(0.3)
    items = [factories.an_item(bot) for _ in range(60)]

    drawn = [
        sampling.draw(settings.SAMPLING_KEY, "intents", i.prediction.external_id, "blind_first")
        for i in items
    ]
    assert [item.blind for item in items] == [value < 0.3 for value in drawn]
    assert {item.blind_first for item in items} == {0.3}
    assert {True, False} == {item.blind for item in items}


def test_o7_nothing_is_drawn_where_the_tier_does_not_ask_for_it(drawing):
    bot = drawing(0.0)
    item, blind = factories.an_item(bot), factories.an_item(bot, "high")
    assert (item.blind, item.blind_first) == (False, None)
    assert (blind.blind, blind.blind_first) == (True, None)


def test_o7_no_address_tells_the_prediction_before_the_answer(api, drawing):
    item = secret(drawing(1.0))
    caller = api(factories.a_person("ann"))
    addresses = (
        f"/items/{item.pk}", "/items", f"/predictions/{item.prediction_id}", "/predictions",
        "/decisions", "/resolutions",
    )  # fmt: skip
    before = {path: caller.get(path) for path in addresses}
    assert [path for path, answer in before.items() if leaks(answer)] == []
    problem(caller.get(f"/predictions/{item.prediction_id}/trace"), 403)
    claimed = caller.post("/claim")
    held = good(claimed, 201)
    assert held["item"]["blind"] is True
    assert leaks(claimed) == set()

    body = ACCEPTS | {"claim_token": held["claim_token"], "answer": {"label": SECRET}}
    shown = good(caller.post(f"/assignments/{held['id']}/decision", body), 201)
    assert shown["item"]["output"] == {"label": SECRET}
    assert shown["decision"]["blind"] is True
    path = f"/items/{item.pk}"
    assert caller.get(path)["ETag"] != before[path]["ETag"]


def test_o7_after_the_answer_it_is_revised_once_and_both_answers_are_kept(drawing):
    item = secret(drawing(1.0))
    person = factories.a_person()
    first = factories.decide(person, factories.claim(person), "balance").decision

    second = revised(person, first, verdict="accept").decision

    assert (first.answer, first.blind, first.verdict) == ({"label": "balance"}, True, "correct")
    assert (second.answer, second.blind, second.revises_id) == ({"label": SECRET}, False, first.pk)
    item.refresh_from_db()
    assert item.resolution.answer == {"label": SECRET}
    assert item.resolution.kind == ResolutionKind.SINGLE
    assert Decision.objects.get(undoes=first).reviewer == person
    event = AuditEvent.objects.get(stream=f"item:{item.pk}", action="decision.revised")
    assert event.detail["revises"] == str(first.pk)
    for again in (first, second):
        with pytest.raises(Conflict, match=r"undone already|only once"):
            revised(person, again, verdict="accept")
    for check in (
        intake_invariants.decisions_are_recorded, intake_invariants.events_have_their_decisions,
        item_invariants.reviewers_are_others,
    ):  # fmt: skip
        assert list(check(Span(NOW))) == []


def test_o7_a_revision_says_what_its_tier_asks_for(drawing):
    secret(drawing(1.0))
    person = factories.a_person()
    first = factories.decide(person, factories.claim(person), "balance").decision
    with pytest.raises(InvalidInput) as refused:
        revised(person, first, verdict="correct", answer={"label": "card_arrival"}, rationale="")
    assert {f.pointer for f in refused.value.faults} == {"/rationale", "/reason_codes"}
    with pytest.raises(InvalidInput, match="keep it or change it"):
        revised(person, first, verdict="defer")
    assert Decision.objects.count() == 1


def test_o7_it_is_too_late_after_ten_minutes_and_never_for_another(drawing):
    secret(drawing(1.0))
    person, other = factories.a_person(), factories.a_person()
    first = factories.decide(person, factories.claim(person), "balance").decision
    with pytest.raises(NotFound):
        revised(other, first, verdict="accept")
    with pytest.raises(Conflict, match="10 minutes"):
        revised(person, first, minutes=11, verdict="accept")


def test_o7_an_answer_given_blind_first_is_not_undone_to_be_given_blind_again(drawing):
    secret(drawing(1.0))
    person = factories.a_person()
    first = factories.decide(person, factories.claim(person), "balance").decision
    with pytest.raises(Conflict, match="revise"):
        decisions.undo(decision_id=first.pk, actor=person, now=NOW)
    second = revised(person, first, verdict="accept").decision
    with pytest.raises(Conflict, match="revised already"):
        decisions.undo(decision_id=second.pk, actor=person, now=NOW)


def test_o7_what_was_seen_and_taken_back_is_not_called_blind_a_second_time(drawing):
    factories.an_item(drawing(0.0), "high")
    person = factories.a_person()
    first = factories.decide(person, factories.claim(person), "balance")
    undone = decisions.undo(decision_id=first.decision.pk, actor=person, now=NOW)
    second = factories.decide(person, undone.claim)
    assert (first.decision.blind, second.decision.blind) == (True, False)


def test_o7_an_open_answer_is_not_revised(drawing):
    factories.an_item(drawing(0.0))
    person = factories.a_person()
    first = factories.decide(person, factories.claim(person)).decision
    assert (first.blind, first.verdict) == (False, Verdict.ACCEPT)
    with pytest.raises(Conflict, match="blind first"):
        revised(person, first, verdict="accept")


def test_o7_an_item_that_is_moved_to_another_tier_leaves_both_arms(drawing):
    item = secret(drawing(1.0))
    lead = factories.a_person(roles=("lead",))
    reassignments.reassign(
        principal=principals.of_person(lead), actor=lead, item_id=item.pk,
        move=Move(tier="high"), reason="It is delicate", now=NOW,
    )  # fmt: skip
    item.refresh_from_db()
    assert (item.blind, item.blind_first) == (True, None)


def test_o7_the_api_revises_and_lists_both(api, drawing):
    secret(drawing(1.0))
    caller, other = api(factories.a_person("ann")), api(factories.a_person("bob"))
    held = good(caller.post("/claim"), 201)
    body = ACCEPTS | {"claim_token": held["claim_token"], "answer": {"label": "balance"}}
    first = good(caller.post(f"/assignments/{held['id']}/decision", body), 201)["decision"]
    address = f"/decisions/{first['id']}/revise"
    problem(caller.post(address, {"verdict": "accept"}), 400, "/checklist/read")
    problem(other.post(address, ACCEPTS | {"verdict": "accept"}), 404)
    shown = good(caller.post(address, ACCEPTS | {"verdict": "accept"}), 201)
    assert shown["decision"]["revises"] == first["id"]
    assert shown["resolution"]["answer"] == {"label": SECRET}
    problem(caller.post(address, ACCEPTS | {"verdict": "accept"}), 409)
    listed = good(caller.get("/decisions"))["results"]
    assert [(d["blind"], d["undone"]) for d in listed] == [(False, False), (True, True)]
