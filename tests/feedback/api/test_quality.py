"""How good a model is over all that it was asked, not over what people looked at."""

from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from governance.selectors import principals
from reviews.models import Prediction
from reviews.services import overrides, withdrawals
from tests import factories
from tests.api.answers import good, problem
from tests.factories import NOW
from tests.feedback.conftest import House

RIGHT, WRONG = "card_arrival", "balance"


@pytest.fixture
def caller(api: Any, house: House) -> Any:
    return api(house.bot, "datasets:read")


def monitored(house: House, rate: float) -> None:
    """Let people look at a share of what the rules approve."""
    tiers = deepcopy(factories.PIPELINE["tiers"])
    tiers["low"]["monitor_rate"] = rate
    factories.apply(factories.pipeline_document(tiers=tiers))


def cells(caller: Any, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = good(caller.get(f"/pipelines/intents/quality?{query}"))["cells"]
    return found


def cell(caller: Any, query: str = "") -> dict[str, Any]:
    (found,) = cells(caller, query)
    return found


def audited(house: House, label: str = RIGHT, times: int = 200) -> tuple[int, int]:
    """Send what the rules would approve; decide what a draw takes. Returns sent and taken."""
    factories.send(house.bot, *(factories.a_payload("low") for _ in range(times)))
    taken = 0
    while held := factories.claim(house.reviewer):
        factories.decide(house.reviewer, held, label)
        taken += 1
    return times, taken


def test_the_reviewed_are_weighted_up_to_all_that_was_sent(house: House, caller: Any) -> None:
    monitored(house, 0.2)
    for label in (RIGHT, WRONG, WRONG, WRONG, WRONG, WRONG):
        house.resolved(label)
    sent, taken = audited(house)
    found = cell(caller)
    assert 20 < taken < 70
    assert (found["n"], found["n_reviewed"]) == (sent + 6, taken + 6)
    assert found["naive"] == pytest.approx((taken + 1) / (taken + 6))
    assert found["estimate"] == pytest.approx((sent + 1) / (sent + 6))
    assert found["method"] == "stratified"
    low, high = found["interval"]
    assert low < found["estimate"] <= high
    assert found["estimates"]["hajek"]["value"] == pytest.approx(found["estimate"], abs=0.02)
    assert found["sentence"].startswith(f"Over all {sent + 6} predictions the model is right in ")


def test_an_override_of_what_was_approved_unseen_is_no_part_of_the_sample(
    house: House, caller: Any
) -> None:
    house.resolved(RIGHT)
    house.approved(external_id="seen-by-chance")
    before = cell(caller)
    lead = factories.a_person(roles=["lead"], pipelines=["intents"])
    overrides.override(
        principal=principals.of_person(lead), actor=lead,
        prediction_id=Prediction.objects.get(external_id="seen-by-chance").pk,
        answer={"label": WRONG}, reason_code="model_error", rationale="A customer wrote in.",
        now=NOW + timedelta(minutes=1),
    )  # fmt: skip
    assert cell(caller) == before
    assert before["estimate"] is None
    assert before["unseen"] == 1
    assert before["bounds"] == [0.5, 1.0]


def test_what_was_withdrawn_is_not_counted(house: House, caller: Any) -> None:
    house.resolved()
    factories.an_item(house.bot, external_id="a-mistake")
    assert cell(caller)["missing"] == 1
    withdrawals.withdraw(
        principal=principals.of_person(house.bot), actor=house.bot, reason="Sent twice",
        prediction_id=Prediction.objects.get(external_id="a-mistake").pk,
        now=NOW + timedelta(minutes=1),
    )  # fmt: skip
    found = cell(caller)
    assert (found["n"], found["missing"], found["estimate"]) == (1, 0, 1.0)


def test_cells_by_slice_model_tier_and_week_add_up(house: House, caller: Any) -> None:
    house.resolved(scenario_type="cards")
    house.resolved(WRONG, scenario_type="loans", model={"name": "intents", "version": "4"})
    house.agreed((RIGHT, RIGHT), scenario_type="loans", now=NOW - timedelta(days=7))
    assert [(c["by"], c["n"]) for c in cells(caller, "by=scenario_type")] == [
        ("cards", 1), ("loans", 2),
    ]  # fmt: skip
    assert [(c["by"], c["estimate"]) for c in cells(caller, "by=model_version")] == [
        ("3", 1.0), ("4", 0.0),
    ]  # fmt: skip
    assert [(c["by"], c["n"]) for c in cells(caller, "by=tier")] == [("high", 1), ("mid", 2)]
    weeks = cells(caller, "by=week")
    assert [c["n"] for c in weeks] == [1, 2]
    assert all(len(c["by"]) == 10 for c in weeks)
    assert cell(caller, "scenario_type=loans&tier=mid")["estimate"] == 0.0


def test_the_period_is_that_in_which_predictions_came(house: House, caller: Any) -> None:
    house.resolved(now=NOW)
    house.resolved(WRONG, now=NOW + timedelta(days=2))
    between = (NOW + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert cell(caller, f"until={between}")["estimate"] == 1.0
    assert cell(caller, f"since={between}")["estimate"] == 0.0


def test_precision_and_recall_are_told_for_each_answer(house: House, caller: Any) -> None:
    for label in (RIGHT, RIGHT, RIGHT, WRONG):
        house.resolved(label)
    house.resolved(WRONG, output={"label": WRONG})
    precision = {c["by"]: c["estimate"] for c in cells(caller, "metric=precision&by=label")}
    recall = {c["by"]: c["estimate"] for c in cells(caller, "metric=recall&by=label")}
    assert precision == {RIGHT: 0.75, WRONG: 1.0}
    assert recall == {RIGHT: 1.0, WRONG: 0.5}
    assert cell(caller, "metric=recall")["estimate"] == 0.75
    assert [c["by"] for c in cells(caller, "metric=precision&by=tier")] == ["mid"]


def test_calibration_needs_200_cases_and_says_so(house: House, caller: Any) -> None:
    house.resolved()
    found = cell(caller, "metric=calibration")
    assert (found["n"], found["estimate"], found["bins"]) == (1, None, [])
    assert "fewer than 200" in found["sentence"]


def test_calibration_is_drawn_in_bins(house: House, caller: Any) -> None:
    monitored(house, 1.0)
    audited(house, times=201)
    found = cell(caller, "metric=calibration")
    assert found["estimate"] == pytest.approx(0.05, abs=0.01)
    assert [(b["confidence"], b["accuracy"], b["n"]) for b in found["bins"]] == [
        (pytest.approx(0.95), 1.0, 201)
    ]
    assert "too modest" in found["sentence"]


def test_figures_of_reviewers_stay_masked_under_30_cases(house: House, api: Any) -> None:
    house.resolved()
    lead = factories.a_person(roles=["lead"], pipelines=["intents"])
    found = cells(api(lead, "review"), "by=reviewer")
    assert all(c["estimate"] is None for c in found)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("by=label", "/by"),
        ("by=reviewer&metric=calibration", "/metric"),
        ("metric=luck", "/metric"),
        ("since=yesterday", "/since"),
        ("colour=red", "/colour"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(
    house: House, caller: Any, query: str, pointer: str
) -> None:
    problem(caller.get(f"/pipelines/intents/quality?{query}"), 400, pointer)


def test_only_a_question_with_choices_has_precision(house: House, caller: Any) -> None:
    factories.apply(
        factories.pipeline_document(question={"kind": "text", "prompt": "What does it say?"})
    )
    problem(caller.get("/pipelines/intents/quality?metric=recall"), 400, "/metric")


def test_a_reviewer_who_does_not_lead_is_refused(house: House, api: Any) -> None:
    problem(api(house.reviewer, "review").get("/pipelines/intents/quality"), 403)


def test_of_nothing_there_is_one_cell_that_says_so(house: House, caller: Any) -> None:
    found = cell(caller)
    assert (found["n"], found["estimate"]) == (0, None)
    assert found["sentence"] == "Nothing was sent in this period."
    assert cells(caller, "by=tier") == []
    assert cell(caller, "metric=precision")["estimate"] is None
