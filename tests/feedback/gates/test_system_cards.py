"""O5: the system card of a version says what follows from records, and names each of them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from feedback.domain import system_cards as domain
from feedback.models import DatasetVersion, Evaluation, GateRun, ModelVersion
from feedback.selectors import system_cards
from feedback.services import gates
from governance.models import AdjustmentActivation, Incident, PolicyVersion, Stop
from governance.selectors import principals
from tests import factories, governed, oversight
from tests.factories import NOW
from tests.feedback.gates.conftest import Lab, a_row

pytestmark = pytest.mark.django_db
GOLDEN = Path(__file__).with_name("system_card.md")
RECORDS = {
    "model_version": ModelVersion, "dataset_version": DatasetVersion, "evaluation": Evaluation,
    "gate_run": GateRun, "policy_version": PolicyVersion, "activation": AdjustmentActivation,
    "incident": Incident, "stop": Stop,
}  # fmt: skip


def judged(lab: Lab) -> ModelVersion:
    """Return a version that is in force, weak in one slice, with an incident and a stop."""
    lab.house.resolved()
    lab.house.sealed(lab.house.dataset())
    rows = [a_row(f"c-{i:02}", scenario_type="cards") for i in range(40)]
    rows += [a_row(f"a-{i:02}", "balance", scenario_type="accounts") for i in range(40)]
    rows += [a_row("t-0", scenario_type="travel")]
    held = lab.held(rows)
    first = lab.model("1")
    second = lab.model("2", parent="1", trained_on=(("answers", 1),))
    gates.create(
        slug="release", pipeline="intents", model="intents",
        wanted=gates.Wanted("accuracy", ({"dataset": "edge", "version": 1},), ()), **lab.who(),
    )  # fmt: skip
    wrong = {row["external_id"]: "nonsense" for row in rows}
    cards = {row["external_id"]: "card_arrival" for row in rows}
    lab.evaluated(first, held, wrong)
    lab.evaluated(second, held, cards)
    gates.run(slug="release", baseline="1", candidate="2", **lab.who())
    people = governed.approvers()
    governed.in_force(governed.of_model(lab.bot, "2", now=NOW), *people, now=NOW)
    officer = factories.a_person("officer", roles=("approver", "auditor"))
    oversight.have_an_incident(officer, NOW)
    governed.stop(officer)
    return second


def facts(card: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for value in card.values():
        yield from value if isinstance(value, list) else [value]


def test_o5_every_fact_of_a_card_names_a_record_that_is_there(lab: Lab) -> None:
    card = system_cards.of(principals.of_person(lab.bot), judged(lab))
    named = [fact["record"] for fact in facts(card)]
    assert {record.partition(":")[0] for record in named} == set(RECORDS)
    for record in named:
        kind, _, key = record.partition(":")
        assert RECORDS[kind]._base_manager.filter(pk=key).exists(), record


def test_o5_a_card_tells_accuracy_by_slice_with_intervals_and_names_the_weak_ones(lab: Lab) -> None:
    card = system_cards.of(principals.of_person(lab.bot), judged(lab))
    (performance,) = card["performance"]
    assert (performance["n"], performance["correct"]) == (81, 41)
    slices = {each["slice"]: each for each in performance["slices"]}
    assert slices["cards"]["accuracy"] == 1
    assert slices["cards"]["interval"][0] == pytest.approx(0.9124, abs=1e-4)
    assert [each["slice"] for each in card["weak_slices"]] == ["accounts"]
    limits = " ".join(each["text"] for each in card["limits"])
    assert "fewer than 30 rows of travel" in limits
    assert "No source is declared" in limits
    (oversight_of,) = card["oversight"]
    assert {tier["tier"] for tier in oversight_of["tiers"]} == {"low", "mid", "high"}
    assert card["gates"][0]["verdict"] == "pass"
    assert card["in_force"][0]["pipeline"] == "intents"


def test_o5_a_card_as_text_is_as_it_was_agreed(lab: Lab) -> None:
    card = system_cards.of(principals.of_person(lab.bot), judged(lab))
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", domain.markdown(card))
    text = re.sub(r"[0-9a-f]{64}", "DIGEST", text)
    text = re.sub(r"\d{4}\\?-\d\d\\?-\d\dT[\d:.]+Z", "TIME", text)
    assert text == GOLDEN.read_text()


def test_a_version_of_which_nothing_is_known_says_so(lab: Lab) -> None:
    row = lab.model("1")
    card = system_cards.of(principals.of_person(lab.bot), row)
    assert [each["text"] for each in card["limits"]] == [
        "What it was trained on is not on record.", "It was evaluated on no held-out set.",
    ]  # fmt: skip
    assert card["performance"] == card["purpose"] == card["oversight"] == []
    assert "Nothing is on record." in domain.markdown(card)


def test_a_card_leaves_out_what_is_out_of_reach(lab: Lab) -> None:
    row = judged(lab)
    factories.a_pipeline("others")
    stranger = factories.a_service("stranger", pipelines=["others"])
    card = system_cards.of(principals.of_person(stranger), row)
    for member in ("performance", "gates", "purpose", "oversight", "open_incidents", "stops"):
        assert card[member] == [], member


def test_a_card_is_read_over_http_in_both_forms(lab: Lab, api: Any) -> None:
    judged(lab)
    client = api(lab.bot, "models:write")
    shown = client.get("/models/intents/versions/2/card")
    assert shown.status_code == 200
    assert shown.json()["model"]["version"] == "2"
    text = client.get("/models/intents/versions/2/card?format=markdown")
    assert text["Content-Type"] == "text/markdown; charset=utf-8"
    assert text.content.decode().startswith("# intents 2\n")
