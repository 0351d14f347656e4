"""From which confidence on a rule may approve: certified, or said what it would take."""

from copy import deepcopy
from typing import Any

import pytest

from feedback.tasks import certify_threshold
from governance.models import AuditEvent, PolicyVersion
from tests import factories
from tests.api.answers import good, problem
from tests.feedback.conftest import House

PROMISE = {"max_error": 0.05, "confidence": 0.95}
PATH = "/pipelines/intents/thresholds"


@pytest.fixture
def caller(api: Any, house: House) -> Any:
    return api(house.bot, "datasets:read")


def monitored(rate: float) -> None:
    tiers = deepcopy(factories.PIPELINE["tiers"])
    tiers["low"]["monitor_rate"] = rate
    factories.apply(factories.pipeline_document(tiers=tiers))


def settled(house: House, confidence: float, times: int, label: str = "card_arrival") -> int:
    """Send predictions that are so sure, and decide those that people are to see."""
    payloads = [factories.a_payload(confidence=confidence) for _ in range(times)]
    factories.send(house.bot, *payloads)
    seen = 0
    while held := factories.claim(house.reviewer):
        factories.decide(house.reviewer, held, label)
        seen += 1
    return seen


def result(caller: Any, **changes: Any) -> dict[str, Any]:
    answer = caller("POST", PATH, PROMISE | changes)
    job = good(answer, 202)
    certify_threshold(job_id=job["id"])
    found: dict[str, Any] = good(caller.get(f"/jobs/{job['id']}"))
    assert found["state"] == "succeeded", found
    told: dict[str, Any] = found["result"]
    return told


def test_a_lower_threshold_is_certified_with_what_it_would_change(
    house: House, caller: Any
) -> None:
    monitored(0.5)
    settled(house, 0.95, 400)
    settled(house, 0.7, 200)
    settled(house, 0.4, 40, "balance")
    version = PolicyVersion.objects.count()
    told = result(caller)
    (found,) = told["boundaries"]
    assert (found["certified"], found["threshold"], found["now"]) == (True, 0.7, 0.8)
    assert found["method"] == "betting"
    assert found["bound"] <= 0.05
    assert found["coverage_now"] == pytest.approx(400 / 640)
    assert found["coverage"] == pytest.approx(600 / 640)
    assert found["change"] == [
        {"rule": "unsure", "before": "confidence < 0.8", "after": "confidence < 0.7"},
        {"rule": "confident", "before": "confidence >= 0.8", "after": "confidence >= 0.7"},
    ]
    assert found["load"] == [
        {"tier": "low", "queue": None, "now": 400, "then": 600},
        {"tier": "mid", "queue": "general", "now": 240, "then": 40},
    ]
    assert "What the model is at least 70.0 % sure of may be approved" in found["sentence"]
    assert PolicyVersion.objects.count() == version


def test_with_few_audits_it_says_how_many_it_takes(house: House, caller: Any) -> None:
    settled(house, 0.7, 20)
    told = result(caller)
    (found,) = told["boundaries"]
    assert (told["needed"], told["audits"]) == (59, 20)
    assert (found["certified"], found["threshold"]) == (False, None)
    assert "at least 59 audits without an error" in found["sentence"]


def test_what_nobody_ever_looks_at_cannot_be_certified(house: House, caller: Any) -> None:
    settled(house, 0.7, 100)
    settled(house, 0.95, 30)
    (found,) = result(caller)["boundaries"]
    assert not found["certified"]
    assert "30 of these predictions could never be drawn for review" in found["sentence"]


def test_another_version_of_the_model_has_to_be_certified_anew(house: House, caller: Any) -> None:
    monitored(0.5)
    settled(house, 0.95, 400)
    factories.send(house.bot, factories.a_payload(model={"name": "intents", "version": "4"}))
    assert result(caller)["model_version"] == "4"
    assert not result(caller)["boundaries"][0]["certified"]
    assert result(caller, model_version="3")["boundaries"][0]["certified"]


def test_what_was_worked_out_is_on_record(house: House, caller: Any) -> None:
    settled(house, 0.7, 5)
    told = result(caller)
    event = AuditEvent.objects.get(action="thresholds.certified")
    assert event.stream == "pipeline:intents"
    assert event.detail["boundaries"] == told["boundaries"]


def test_without_a_rule_on_confidence_there_is_nothing_to_certify(
    house: House, caller: Any
) -> None:
    factories.apply(
        factories.pipeline_document(
            routing={"rules": [], "default": {"tier": "mid", "queue": "general"}}
        )
    )
    job = good(caller("POST", PATH, PROMISE), 202)
    certify_threshold(job_id=job["id"])
    found = good(caller.get(f"/jobs/{job['id']}"))
    assert found["state"] == "failed"
    assert "approves by confidence alone" in found["problem"]["detail"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"max_error": 0}, "/max_error"),
        ({"max_error": "much"}, "/max_error"),
        ({"confidence": 1}, "/confidence"),
        ({"model_version": 4}, "/model_version"),
        ({"apply": True}, "/apply"),
    ],
)
def test_what_cannot_be_promised_is_refused_by_name(
    house: House, caller: Any, changes: dict[str, Any], pointer: str
) -> None:
    problem(caller("POST", PATH, PROMISE | changes), 400, pointer)


def test_a_reviewer_who_does_not_lead_is_refused(house: House, api: Any) -> None:
    problem(api(house.reviewer, "review")("POST", PATH, PROMISE), 403)
