"""Withdrawing, outcomes, notes and escalation."""

from decimal import Decimal
from typing import Any

import pytest

from governance.models import AuditEvent, User
from governance.services import ledger
from reviews.models import Assignment, Note, Outcome, Prediction, Withdrawal
from reviews.services import withdrawals
from tests import factories
from tests.api.answers import good, problem

pytestmark = pytest.mark.django_db
NOBODY = "01900000-0000-7000-8000-000000000000"


@pytest.fixture
def bot(db: None) -> User:
    factories.a_pipeline()
    return factories.a_service()


@pytest.fixture
def sender(api: Any, bot: User) -> Any:
    return api(bot, "predictions:write", "audit:read")


@pytest.fixture
def reviewer(api: Any, bot: User) -> Any:
    return api(factories.a_person("maria"), "review", "audit:read")


def withdraw(caller: Any, prediction: Any, reason: Any = "Sent by mistake") -> Any:
    return caller.post(f"/predictions/{prediction}/withdraw", {"reason": reason})


def test_a_withdrawn_item_is_nobodys_work_any_more(sender: Any, reviewer: Any, bot: User) -> None:
    item = factories.an_item(bot)
    held = good(reviewer.post("/claim"), 201)
    shown = good(withdraw(sender, item.prediction_id))
    assert shown["withdrawal"]["reason"] == "Sent by mistake"
    assert (shown["item"]["status"], shown["resolution"]) == ("withdrawn", None)
    told = problem(
        reviewer.post(
            f"/assignments/{held['id']}/decision",
            {"claim_token": held["claim_token"], "verdict": "accept", "checklist": {"read": True}},
        ),
        409,
    )
    assert told["type"].endswith("stale_claim")
    assert Assignment.objects.get().state == "released"
    assert reviewer.post("/claim").status_code == 204
    assert good(reviewer.get("/items?status=withdrawn"))["results"][0]["id"] == str(item.pk)
    events = good(sender.get(f"/predictions/{item.prediction_id}/trace"))["events"]
    assert [e["action"] for e in events][-2:] == ["item.claimed", "prediction.withdrawn"]
    assert events[-1]["reason"] == "Sent by mistake"
    assert events[-1]["detail"]["ended_claims"] == [held["id"]]
    assert AuditEvent.objects.filter(action="prediction.withdrawn").count() == 1


def test_what_was_approved_by_rule_is_withdrawn_by_a_row(sender: Any, bot: User) -> None:
    (row,) = factories.send(bot, factories.a_payload("low"))
    shown = good(withdraw(sender, row.pk))
    assert shown["withdrawal"]["at"]
    assert shown["resolution"]["current"] is False
    assert good(sender.get("/resolutions"))["results"][0]["current"] is False
    events = good(sender.get(f"/predictions/{row.pk}/trace"))["events"]
    assert [e["action"] for e in events] == [
        "prediction.received", "prediction.routed", "prediction.withdrawn",
    ]  # fmt: skip
    assert good(sender.get(f"/predictions/{row.pk}"))["withdrawal"] == shown["withdrawal"]


@pytest.mark.parametrize("tier", ["low", "mid"])
def test_a_second_withdrawal_is_a_conflict(sender: Any, bot: User, tier: str) -> None:
    (row,) = factories.send(bot, factories.a_payload(tier))
    good(withdraw(sender, row.pk))
    problem(withdraw(sender, row.pk), 409)
    assert Withdrawal.objects.count() == 1


def test_what_people_settled_is_not_withdrawn(sender: Any, bot: User) -> None:
    item = factories.an_item(bot)
    person = factories.a_person()
    factories.decide(person, factories.claim(person))
    told = problem(withdraw(sender, item.prediction_id), 409)
    assert "resolved" in told["detail"]
    assert not Withdrawal.objects.exists()


@pytest.mark.parametrize(
    "status", ["in_review", "awaiting_others", "awaiting_adjudication", "escalated"]
)
def test_an_item_is_withdrawn_wherever_it_waits(
    sender: Any, reviewer: Any, bot: User, status: str
) -> None:
    item = factories.an_item(bot, "high")
    labels = {"awaiting_others": ["balance"], "awaiting_adjudication": ["balance", "card_arrival"]}
    for label in labels.get(status, []):
        person = factories.a_person()
        factories.decide(person, factories.claim(person), label)
    if status in ("in_review", "escalated"):
        good(reviewer.post("/claim"), 201)
    if status == "escalated":
        good(reviewer.post(f"/items/{item.pk}/escalate", {"reason": "x"}))
    item.refresh_from_db()
    assert item.status == status
    shown = good(withdraw(sender, item.prediction_id))
    assert shown["item"]["status"] == "withdrawn"
    assert not Assignment.objects.filter(state="claimed").exists()


@pytest.mark.parametrize("reason", ["", "  ", None, 7, "x" * 501, "a\u0000b"])
def test_a_withdrawal_needs_a_reason(sender: Any, bot: User, reason: object) -> None:
    item = factories.an_item(bot)
    problem(withdraw(sender, item.prediction_id, reason), 400, "/reason")
    problem(sender.post(f"/predictions/{item.prediction_id}/withdraw"), 400, "/reason")
    assert not Withdrawal.objects.exists()


def test_what_is_withdrawn_is_within_reach(api: Any, sender: Any, bot: User) -> None:
    factories.a_pipeline("other")
    item = factories.an_item(bot)
    stranger = api(factories.a_service("bot-2", pipelines=("other",)), "predictions:write")
    problem(withdraw(stranger, item.prediction_id), 404)
    problem(withdraw(sender, NOBODY), 404)
    outcome = {"outcome": {"a": 1}, "observed_at": "2026-11-24T10:00:00Z"}
    problem(stranger.post(f"/predictions/{item.prediction_id}/outcome", outcome), 404)


def test_a_prediction_that_was_withdrawn_stays_known(sender: Any) -> None:
    payload = factories.a_payload()
    shown = good(sender.post("/predictions", payload), 201)
    good(withdraw(sender, shown["id"]))
    again = good(sender.post("/predictions", payload), 200)
    assert (again["id"], again["item"]["status"]) == (shown["id"], "withdrawn")


def test_waiting_for_a_prediction_ends_when_it_is_withdrawn(sender: Any, bot: User) -> None:
    item = factories.an_item(bot)
    good(withdraw(sender, item.prediction_id))
    good(sender.get(f"/predictions/{item.prediction_id}?wait=60"))


def test_waiting_ends_after_the_seconds_that_were_asked_for(sender: Any, bot: User) -> None:
    item = factories.an_item(bot)
    assert good(sender.get(f"/predictions/{item.prediction_id}?wait=1"))["resolution"] is None
    for wait in ("-1", "61", "x", "1.5", "9" * 2000):
        problem(sender.get(f"/predictions/{item.prediction_id}?wait={wait}"), 400, "/wait")


# -- Outcomes ----------------------------------------------------------------------------------


def an_outcome(**changes: Any) -> dict[str, Any]:
    return {
        "outcome": {"label": "card_arrival", "refund": True},
        "cost": "12.50",
        "observed_at": "2026-11-24T12:00:00+01:00",
    } | changes


def test_an_outcome_keeps_its_cost_as_decimal_text(sender: Any, bot: User) -> None:
    (row,) = factories.send(bot, factories.a_payload("low"))
    shown = good(sender.post(f"/predictions/{row.pk}/outcome", an_outcome()), 201)
    assert shown["cost"] == "12.50"
    assert shown["observed_at"] == "2026-11-24T11:00:00.000000Z"
    assert (shown["prediction"], shown["outcome"]["refund"]) == (str(row.pk), True)
    assert Outcome.objects.get().cost == Decimal("12.5")
    events = good(sender.get(f"/predictions/{row.pk}/trace"))["events"]
    assert events[-1]["action"] == "outcome.recorded"
    assert events[-1]["detail"]["outcome"] == shown["id"]


def test_outcomes_may_follow_one_another(sender: Any, bot: User) -> None:
    item = factories.an_item(bot)
    path = f"/predictions/{item.prediction_id}/outcome"
    for cost in ("0", "99999999999.9999", None):
        good(sender.post(path, an_outcome(cost=cost)), 201)
    assert [str(o.cost) for o in Outcome.objects.order_by("pk")][1:] == [
        "99999999999.9999", "None",
    ]  # fmt: skip
    stream = AuditEvent.objects.filter(stream=withdrawals.stream_of(item.prediction_id))
    assert list(stream.order_by("sequence").values_list("sequence", flat=True)) == [1, 2, 3]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        *[({"cost": cost}, "/cost") for cost in (
            12.5, 12, "-1", "1e3", "NaN", "", " 1", "1.23456", "1" * 12, "٣", True, ["1"],
        )],
        ({"observed_at": "2026-11-24T12:00:00"}, "/observed_at"),
        ({"observed_at": "2999-01-01T00:00:00Z"}, "/observed_at"),
        ({"observed_at": 7}, "/observed_at"),
        ({"observed_at": None}, "/observed_at"),
        ({"outcome": {}}, "/outcome"),
        ({"outcome": "x"}, "/outcome"),
        ({"outcome": None}, "/outcome"),
        ({"price": "1"}, "/price"),
    ],
)  # fmt: skip
def test_an_outcome_that_is_none_is_pointed_at(
    sender: Any, bot: User, changes: dict[str, Any], pointer: str
) -> None:
    (row,) = factories.send(bot, factories.a_payload("low"))
    problem(sender.post(f"/predictions/{row.pk}/outcome", an_outcome(**changes)), 400, pointer)
    assert not Outcome.objects.exists()


# -- Notes and escalation ----------------------------------------------------------------------


def test_notes_stand_in_items_and_claims_with_author_and_time(
    api: Any, reviewer: Any, bot: User
) -> None:
    item = factories.an_item(bot)
    before = reviewer.get(f"/items/{item.pk}")
    for text in ("First.", "  Second,\nindented."):
        shown = good(reviewer.post(f"/items/{item.pk}/notes", {"text": text}), 201)
        assert (shown["author"], shown["text"]) == ("maria", text)
    other = api(factories.a_person(), "review")
    notes = good(other.post("/claim"), 201)["item"]["notes"]
    assert [n["text"] for n in notes] == ["First.", "  Second,\nindented."]
    assert notes[0].keys() == {"id", "author", "text", "created_at"}
    after = reviewer.get(f"/items/{item.pk}")
    assert good(after)["notes"] == notes
    assert after["ETag"] != before["ETag"]


def test_a_note_is_on_record_by_a_commitment_and_not_in_clear(reviewer: Any, bot: User) -> None:
    item = factories.an_item(bot)
    good(reviewer.post(f"/items/{item.pk}/notes", {"text": "Ask Eve."}), 201)
    note, event = Note.objects.get(), AuditEvent.objects.get(action="note.added")
    assert event.detail == {"note": str(note.pk)}
    assert event.commitments == {"text": ledger.commit(note.salt, "Ask Eve.")}


@pytest.mark.parametrize("text", ["", "   ", None, 7, "x" * 10_001, "a\u0000"])
def test_a_note_is_text(reviewer: Any, bot: User, text: object) -> None:
    item = factories.an_item(bot)
    problem(reviewer.post(f"/items/{item.pk}/notes", {"text": text}), 400, "/text")
    problem(reviewer.post(f"/items/{NOBODY}/notes", {"text": "x"}), 404)
    assert not Note.objects.exists()


def test_an_escalated_item_waits_for_the_adjudicator_and_who_holds_it_may_still_decide(
    api: Any, reviewer: Any, bot: User
) -> None:
    item = factories.an_item(bot, "high")
    held = good(reviewer.post("/claim"), 201)
    other = api(factories.a_person(), "review")
    shown = good(other.post(f"/items/{item.pk}/escalate", {"reason": "A threat is in it."}))
    assert shown["status"] == "escalated"
    assert other.post("/claim").status_code == 204
    body = {
        "claim_token": held["claim_token"],
        "answer": {"label": "balance"},
        "rationale": "x",
        "checklist": {"read": True, "fair": True},
    }
    decided = good(reviewer.post(f"/assignments/{held['id']}/decision", body), 201)
    assert (decided["item"]["status"], decided["resolution"]) == ("escalated", None)
    problem(reviewer.post(f"/decisions/{decided['decision']['id']}/undo"), 409)
    lead = api(factories.a_person(roles=("lead",)), "review")
    good(lead.post(f"/items/{item.pk}/adjudicate", {"answer": None, "rationale": "x"}))
    events = good(reviewer.get(f"/predictions/{item.prediction_id}/trace"))["events"]
    assert [e["action"] for e in events][2:] == [
        "item.claimed", "item.escalated", "decision.made", "item.adjudicated",
    ]  # fmt: skip
    assert events[3]["reason"] == "A threat is in it."


def test_an_escalation_that_a_claim_outlives_is_not_lost_with_the_claim(
    reviewer: Any, bot: User
) -> None:
    item = factories.an_item(bot)
    held = good(reviewer.post("/claim"), 201)
    good(reviewer.post(f"/items/{item.pk}/escalate", {"reason": "x"}))
    body = {"claim_token": held["claim_token"]}
    shown = good(reviewer.post(f"/assignments/{held['id']}/release", body))
    assert shown["item"]["status"] == "escalated"


def test_escalating_is_for_reviewers_and_once(api: Any, reviewer: Any, bot: User) -> None:
    item = factories.an_item(bot)
    path = f"/items/{item.pk}/escalate"
    problem(reviewer.post(path, {"reason": " "}), 400, "/reason")
    problem(api(factories.a_person(roles=()), "review").post(path, {"reason": "x"}), 403)
    problem(api(factories.a_person(pipelines=()), "review").post(path, {"reason": "x"}), 404)
    problem(reviewer.post(f"/items/{NOBODY}/escalate", {"reason": "x"}), 404)
    good(reviewer.post(path, {"reason": "x"}))
    problem(reviewer.post(path, {"reason": "x"}), 409)


def test_what_has_ended_is_not_escalated(reviewer: Any, bot: User) -> None:
    item = factories.an_item(bot)
    person = factories.a_person()
    factories.decide(person, factories.claim(person))
    problem(reviewer.post(f"/items/{item.pk}/escalate", {"reason": "x"}), 409)
    assert Prediction.objects.count() == 1
