"""A certified threshold is proposed as a change that binds its certificate; people apply it."""

import uuid
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from feedback.domain import boundaries
from governance.models import Adjustment, AdjustmentRevision, AuditEvent, Pipeline, User
from tests import factories, governed
from tests.api.answers import good, problem
from tests.feedback.api.test_thresholds import PATH, PROMISE, monitored, result, settled
from tests.feedback.conftest import House
from tests.feedback.web.test_lineage import browser


@pytest.fixture
def lead(house: House) -> User:
    monitored(1.0)
    settled(house, 0.95, 70)
    settled(house, 0.7, 70)
    return factories.a_person("lead", roles=("lead", "approver"))


@pytest.fixture
def caller(api: Any, lead: User) -> Any:
    return api(lead, "govern")


def live_rule() -> str:
    live = Pipeline.objects.get(slug="intents").live
    assert live is not None
    rules = {rule["name"]: rule["when"] for rule in live.document["routing"]["rules"]}
    return str(rules["confident"])


def test_what_is_certified_is_drafted_as_a_change_and_comes_into_force_when_it_is_signed(
    caller: Any, lead: User
) -> None:
    told = result(caller, propose=True)
    row = Adjustment.objects.get()
    assert told["adjustment"] == str(row.pk)
    assert (row.state, row.kind, row.risk, row.author) == ("draft", "override", "high", lead)
    revision = AdjustmentRevision.objects.get(adjustment=row)
    event = AuditEvent.objects.get(action="thresholds.certified")
    assert revision.evidence["certificate"] == str(event.pk) == told["certificate"]
    assert revision.bound["certificate"] == [event.digest]
    assert "may be approved" in revision.summary
    assert live_rule() == "confidence >= 0.8"
    good(
        caller(
            "PATCH", f"/adjustments/{row.pk}",
            {"risk": "medium", "rationale": "It was foreseen."},
            if_match="*",
        )
    )  # fmt: skip
    governed.in_force(Adjustment.objects.get(), *governed.approvers(2))
    assert live_rule() == "confidence >= 0.7"


def test_nothing_is_drafted_unless_it_is_asked_for_or_where_nothing_is_certified(
    house: House, api: Any, caller: Any
) -> None:
    assert result(caller)["adjustment"] is None
    assert result(caller, propose=True, max_error=0.001)["adjustment"] is None
    assert not Adjustment.objects.exists()


def test_who_only_takes_data_does_not_propose(house: House, api: Any, lead: User) -> None:
    taker = api(house.bot, "datasets:read")
    problem(taker("POST", PATH, PROMISE | {"propose": True}), 403)
    without = api(lead, "datasets:read")
    problem(without("POST", PATH, PROMISE | {"propose": True}), 403)


def test_a_certificate_of_another_pipeline_or_of_nothing_is_no_evidence(
    caller: Any, lead: User
) -> None:
    body = {
        "pipeline": "intents", "kind": "override", "summary": "x",
        "change": {"set": {"/routing/random_slice": 0.5}},
    }  # fmt: skip
    for wrong in (str(uuid.uuid4()), str(AuditEvent.objects.latest("pk").pk), "soon"):
        sent = body | {"evidence": {"certificate": wrong}}
        problem(caller("POST", "/adjustments", sent), 400, "/evidence/certificate")
    told = result(caller)
    sent = body | {"evidence": {"certificate": told["certificate"]}}
    good(caller("POST", "/adjustments", sent), 201)


def test_it_is_proposed_from_the_page_while_the_same_configuration_is_in_force(
    caller: Any, lead: User
) -> None:
    told = result(caller)
    client = browser(lead)
    assert "Propose it as a change" in client.get("/quality").content.decode()
    sent = {"pipeline": "intents", "certificate": told["certificate"]}
    answer = client.post("/quality/propose", sent)
    assert answer["Location"] == f"/changes/{Adjustment.objects.get().pk}"
    assert client.post("/quality/propose", sent | {"certificate": "x"}).status_code == 404
    factories.apply(factories.pipeline_document(name="Another"))
    stale = client.post("/quality/propose", sent, follow=True).content.decode()
    assert "certified under another configuration" in stale
    assert Adjustment.objects.count() == 1
    auditor = browser(factories.a_person("aud", roles=("auditor",)))
    assert "Propose it as a change" not in auditor.get("/quality").content.decode()
    assert auditor.post("/quality/propose", sent).status_code == 403
    assert Client().post("/quality/propose", sent).status_code == 302


def test_the_command_says_it_and_leaves_with_whether_it_is_certified(
    lead: User, capsys: Any
) -> None:
    events = AuditEvent.objects.count()
    call_command("thresholds", "intents", "--max-error", "0.05")
    assert "at least 70.0 % sure of may be approved" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="1"):
        call_command("thresholds", "intents", "--max-error", "0.001")
    for arguments in (("nothing", "--max-error", "0.05"), ("intents", "--max-error", "2")):
        with pytest.raises(CommandError) as refusal:
            call_command("thresholds", *arguments)
        assert refusal.value.returncode == 2
    assert AuditEvent.objects.count() == events


@pytest.mark.parametrize(
    ("threshold", "text"),
    [(0.7, "0.7"), (1e-05, "0.00001"), (0.1 + 0.2, "0.30000000000000004"), (1.0, "1.0")],
)
def test_a_threshold_is_written_as_rules_read_it(threshold: float, text: str) -> None:
    assert boundaries.written(threshold) == text
    assert boundaries.PLAIN.fullmatch(f"confidence >= {text}")
