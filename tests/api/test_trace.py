"""The record of a prediction: in order, and every digest can be recomputed."""

import hashlib
import hmac
from datetime import timedelta
from typing import Any

import pytest
import rfc8785

from governance.domain import merkle
from governance.models import AuditEvent, User
from reviews.models import Decision, Prediction
from tests import factories
from tests.api.answers import good, lines, problem, results, send_lines

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot(db: None) -> User:
    factories.a_pipeline()
    return factories.a_service()


def leaf(value: Any) -> str:
    """Return the hash of RFC 9162, made here by hand."""
    return hashlib.sha256(b"\x00" + rfc8785.dumps(value)).hexdigest()


def columns(event: AuditEvent) -> dict[str, Any]:
    return {
        "action": event.action,
        "actor": event.actor_id,
        "at": event.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "commitments": event.commitments,
        "detail": event.detail,
        "id": str(event.id),
        "reason": event.reason,
        "request_id": event.request_id,
        "sequence": event.sequence,
        "stream": event.stream,
    }


def test_all_that_happened_is_told_in_order(api: Any, bot: User) -> None:
    item = factories.an_item(bot)
    reviewer = api(factories.a_person("maria"), "review", "audit:read")
    held = good(reviewer.post("/claim"), 201)
    good(reviewer.post(f"/assignments/{held['id']}/extend", {"claim_token": held["claim_token"]}))
    body = {
        "claim_token": held["claim_token"],
        "verdict": "correct",
        "answer": {"label": "balance"},
        "reason_codes": ["model_error"],
        "rationale": "It asks for the balance.",
        "checklist": {"read": True},
    }
    decided = good(reviewer.post(f"/assignments/{held['id']}/decision", body), 201)
    good(reviewer.post(f"/decisions/{decided['decision']['id']}/undo"))
    events = good(reviewer.get(f"/predictions/{item.prediction_id}/trace"))["events"]
    assert [(e["action"], e["actor"]) for e in events] == [
        ("prediction.received", "bot"), ("prediction.routed", None), ("item.claimed", "maria"),
        ("assignment.extended", "maria"), ("decision.made", "maria"), ("decision.undone", "maria"),
    ]  # fmt: skip
    assert events[4]["detail"]["decision"] == decided["decision"]["id"]
    assert events[4]["reason"] == "It asks for the balance."
    assert events[1]["detail"]["trace"][1] == {"rule": "unsure", "result": "true"}
    assert "unsure" in events[1]["reason"]


def test_every_digest_can_be_recomputed(api: Any, bot: User) -> None:
    reader = api(bot, "predictions:write", "audit:read")
    payloads = [factories.a_payload(tier) for tier in ("low", "mid", "high", "mid", "low")]
    sent = results(send_lines(reader, lines(*payloads)))
    person = factories.a_person()
    held = factories.claim(person, queue="general")
    assert held is not None
    factories.decide(person, held, "balance")
    call = AuditEvent.objects.get(action="predictions.received")
    rows = [Prediction.objects.get(pk=s["id"]) for s in sent]
    leaves = []
    for payload, row in zip(payloads, rows, strict=True):
        content = hashlib.sha256(rfc8785.dumps(payload)).hexdigest()
        routed = {
            "config_version": str(row.config_version_id),
            "content": content,
            "disposition": row.disposition,
            "id": str(row.pk),
            "propensity": repr(row.propensity),
            "queue": row.queue,
            "rule": row.rule,
            "sampled": row.sampled,
            "tier": row.tier,
            "trace": hashlib.sha256(rfc8785.dumps(row.trace)).hexdigest(),
        }
        leaves.append(bytes.fromhex(leaf(routed)))
        events = good(reader.get(f"/predictions/{row.pk}/trace"))["events"]
        assert events[0]["detail"]["content"] == content
        assert events[1]["digest"] == leaf(routed)
        assert events[0]["digest"] == leaf(columns(call))
    assert merkle.root(leaves).hex() == call.detail["root"]
    assert [row.position for row in rows] == [0, 1, 2, 3, 4]
    for event in AuditEvent.objects.all():
        assert event.digest == leaf(columns(event)), event.action


def test_a_rationale_is_bound_by_a_salted_commitment(bot: User) -> None:
    factories.an_item(bot)
    person = factories.a_person()
    factories.decide(person, factories.claim(person))
    decision, event = Decision.objects.get(), AuditEvent.objects.get(action="decision.made")
    bound = hmac.new(
        bytes.fromhex(decision.salt), rfc8785.dumps(decision.rationale), hashlib.sha256
    ).hexdigest()
    assert event.commitments == {"rationale": bound}
    assert decision.rationale not in str(event.detail)


def test_every_act_is_one_event_with_the_id_of_its_request(api: Any, bot: User) -> None:
    factories.an_item(bot)
    before = AuditEvent.objects.count()
    reviewer = api(factories.a_person(), "review")
    made = AuditEvent.objects.count()
    good(reviewer.post("/claim", x_request_id="request-0001"), 201)
    assert AuditEvent.objects.count() == made + 1
    assert made > before
    assert AuditEvent.objects.get(action="item.claimed").request_id == "request-0001"


def test_the_trace_is_for_auditors(api: Any, bot: User) -> None:
    item = factories.an_item(bot)
    path = f"/predictions/{item.prediction_id}/trace"
    problem(api(bot, "predictions:write", "review").get(path), 403)
    problem(api(factories.a_person(pipelines=()), "audit:read").get(path), 404)
    good(api(factories.a_person(roles=()), "audit:read").get(path))


# -- Routing, as it is told --------------------------------------------------------------------


def a_route(api: Any, bot: User, **changes: Any) -> dict[str, Any]:
    shown: dict[str, Any] = good(
        api(bot, "predictions:write").post("/predictions", factories.a_payload(**changes)), 201
    )
    return shown


def test_a_missing_field_makes_its_rules_inapplicable_and_the_default_decides(
    api: Any, bot: User
) -> None:
    shown = a_route(api, bot, confidence=None)
    assert [s["result"] for s in shown["route"]["trace"]] == ["inapplicable"] * 3
    assert (shown["tier"], shown["route"]["rule"], shown["route"]["queue"]) == (
        "mid", None, "general",
    )  # fmt: skip


def test_a_rule_that_fails_sends_to_the_most_careful_tier(api: Any) -> None:
    document = factories.pipeline_document()
    document["routing"]["rules"].insert(
        0, {"name": "odd", "when": "input.amount / 0 == 1", "tier": "low"}
    )
    factories.apply(factories.CALENDAR, factories.SLA, *factories.ROLES, document)
    bot = factories.a_service()
    shown = a_route(api, bot, input={"amount": 7})
    assert (shown["tier"], shown["disposition"]) == ("high", "in_review")
    assert shown["route"]["trace"][0]["result"] == "error"
    assert {s["result"] for s in shown["route"]["trace"][1:]} == {"not_run"}
    assert shown["route"]["propensity"] == 1.0


def test_operands_are_told_with_what_was_observed(api: Any) -> None:
    document = factories.pipeline_document()
    document["routing"]["rules"][1]["when"] = 'confidence < 0.8 && scenario_type == "cards"'
    factories.apply(factories.CALENDAR, factories.SLA, *factories.ROLES, document)
    shown = a_route(api, factories.a_service())
    operands = shown["route"]["trace"][1]["operands"]
    assert [o["result"] for o in operands] == ["true", "true"]
    assert "0.58" in str(operands[0])


def test_the_propensity_is_exact_and_the_sample_can_be_drawn_again(api: Any) -> None:
    document = factories.pipeline_document()
    document["tiers"]["low"]["monitor_rate"] = 0.3
    document["routing"]["random_slice"] = 0.2
    factories.apply(factories.CALENDAR, factories.SLA, *factories.ROLES, document)
    bot = factories.a_service()
    caller = api(bot, "predictions:write")
    payloads = [factories.a_payload("low", external_id=f"s-{i}") for i in range(60)]
    sent = results(send_lines(caller, lines(*payloads)))
    rows = list(Prediction.objects.order_by("position"))
    assert {row.propensity for row in rows} == {1 - (1 - 0.3) * (1 - 0.2)}
    assert {row.sampled for row in rows} == {"", "monitor", "random_slice"}
    assert all((row.disposition == "in_review") == bool(row.sampled) for row in rows)
    assert all(row.propensity == 1.0 for row in factories.send(bot, factories.a_payload("mid")))
    again = results(send_lines(caller, lines(*payloads)))
    assert [r["status"] for r in again] == ["duplicate"] * 60
    assert [r["disposition"] for r in again] == [s["disposition"] for s in sent]


def test_two_who_acted_at_once_are_told_of_in_the_order_of_time(api: Any, bot: User) -> None:
    item = factories.an_item(bot, "high", now=factories.NOW)
    # Both asked before the item was taken in, the second first, and waited for one another.
    for reviewer, ahead in (("maria", 2), ("li", 5)):
        person = factories.a_person(reviewer)
        held = factories.claim(person, now=factories.NOW - timedelta(milliseconds=ahead))
        assert held is not None
        factories.decide(person, held, now=factories.NOW + timedelta(milliseconds=10 - ahead))
    reader = api(factories.a_person("ed"), "audit:read")
    events = good(reader.get(f"/predictions/{item.prediction_id}/trace"))["events"]
    told = [(event["action"], event["actor"]) for event in events[2:]]
    assert told == [
        ("item.claimed", "maria"), ("item.claimed", "li"),
        ("decision.made", "li"), ("decision.made", "maria"),
    ]  # fmt: skip
    times = [event["at"] for event in events]
    assert times == sorted(times)
