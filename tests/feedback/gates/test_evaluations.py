"""Evaluations: each look of a model at a held-out set is counted, and is whole or nothing."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from feedback.domain import evaluations as domain
from feedback.models import EvaluationFinish, EvaluationPrediction
from feedback.selectors import evaluations as seen
from feedback.services import evaluations
from governance.exceptions import Conflict, InvalidInput
from governance.models import AuditEvent, Membership
from tests.factories import NOW
from tests.feedback.conftest import House
from tests.feedback.gates.conftest import Lab, a_row, ndjson, placed

pytestmark = pytest.mark.django_db
NDJSON = "application/x-ndjson"


def say(name: str, label: str, confidence: float | None = 0.8) -> dict[str, Any]:
    return {"external_id": name, "output": {"label": label}, "confidence": confidence}


def test_an_evaluation_counts_what_is_right_over_all_and_by_slice(lab: Lab) -> None:
    held = lab.held(
        [a_row("a", scenario_type="cards"), a_row("b", scenario_type="cards"), a_row("c")]
    )
    row = lab.evaluated(
        lab.model("1"), held, {"a": "card_arrival", "b": "balance", "c": "card_arrival"}
    )
    figures = row.finish.figures
    assert (figures["n"], figures["correct"]) == (3, 2)
    assert figures["slices"] == {
        "(none)": {"n": 1, "correct": 1}, "cards": {"n": 2, "correct": 1},
    }  # fmt: skip
    # (0.2² + 0.8² + 0.2²) / 3, and |3 · 0.8 - 2| / 3: all are in one bin.
    assert figures["brier"] == pytest.approx(0.24)
    assert figures["calibration_error"] == pytest.approx(0.4 / 3)
    assert row.finish.digest == domain.digest(seen.said(row))
    actions = AuditEvent.objects.filter(stream=f"evaluation:{row.pk}").order_by("sequence")
    assert list(actions.values_list("action", flat=True)) == [
        "evaluation.started", "evaluation.filled", "evaluation.finished",
    ]  # fmt: skip


def test_without_a_confidence_calibration_is_not_told(lab: Lab) -> None:
    held = lab.held([a_row("a")])
    row = lab.evaluated(lab.model("1"), held, {"a": "balance"}, confidence=None)
    assert row.finish.figures["brier"] is None
    assert row.finish.figures["calibration_error"] is None


def test_an_evaluation_with_rows_missing_is_not_finished(lab: Lab) -> None:
    held = lab.held([a_row("a"), a_row("b")])
    row = lab.begun(lab.model("1"), held)
    evaluations.add(evaluation_id=row.pk, lines=placed([say("a", "balance")]), **lab.who())
    with pytest.raises(Conflict, match="1 rows have no prediction, among them b"):
        evaluations.finish(evaluation_id=row.pk, **lab.who())
    assert not EvaluationFinish.objects.exists()


@pytest.mark.parametrize(
    ("lines", "pointer", "code"),
    [
        ([say("z", "balance")], "/1/external_id", "unknown"),
        ([say("a", "balance"), say("a", "balance")], "/2/external_id", "duplicate"),
        ([say("a", "balance", 1.5)], "/1/confidence", "range"),
        ([{"external_id": "a"}], "/1/output", "required"),
        ([say("a", "balance") | {"label": "x"}], "/1/label", "unknown_field"),
    ],
)
def test_a_line_that_is_not_valid_is_named_and_none_is_taken(
    lab: Lab, lines: list[dict[str, Any]], pointer: str, code: str
) -> None:
    row = lab.begun(lab.model("1"), lab.held([a_row("a"), a_row("b")]))
    with pytest.raises(InvalidInput) as refused:
        evaluations.add(evaluation_id=row.pk, lines=placed(lines), **lab.who())
    (fault,) = refused.value.faults
    assert (fault.pointer, fault.code) == (pointer, code)
    assert not EvaluationPrediction.objects.exists()


def test_a_row_has_one_prediction(lab: Lab) -> None:
    row = lab.begun(lab.model("1"), lab.held([a_row("a"), a_row("b")]))
    evaluations.add(evaluation_id=row.pk, lines=placed([say("a", "balance")]), **lab.who())
    with pytest.raises(Conflict, match="among them a"):
        evaluations.add(
            evaluation_id=row.pk, lines=placed([say("a", "x"), say("b", "x")]), **lab.who()
        )
    assert EvaluationPrediction.objects.count() == 1


def test_a_finished_evaluation_takes_nothing_more(lab: Lab) -> None:
    held = lab.held([a_row("a")])
    row = lab.evaluated(lab.model("1"), held, {"a": "balance"})
    with pytest.raises(Conflict, match="finished"):
        evaluations.add(evaluation_id=row.pk, lines=placed([say("a", "x")]), **lab.who())
    refusal = "feedback_evaluationprediction_sealed"
    with pytest.raises(IntegrityError, match=refusal), transaction.atomic():
        EvaluationPrediction(
            evaluation=row, position=1, output={}, confidence=None, correct=True
        ).save()
    events = AuditEvent.objects.count()
    assert evaluations.finish(evaluation_id=row.pk, **lab.who()).finish == row.finish
    assert AuditEvent.objects.count() == events


def test_a_model_is_not_judged_by_a_dataset_that_is_not_held_out(lab: Lab) -> None:
    lab.house.resolved()
    version = lab.house.sealed(lab.house.dataset())
    with pytest.raises(InvalidInput) as refused:
        lab.begun(lab.model("1"), version)
    assert refused.value.faults[0].pointer == "/dataset"


def test_a_model_trained_on_the_same_input_in_another_pipeline_is_not_judged_by_it(
    lab: Lab,
) -> None:
    other = House("others")
    other.resolved(external_id="x", input={"text": "a"})
    other.sealed(other.dataset("elsewhere"))
    Membership(user=lab.bot, pipeline=other.pipeline).because(lab.bot, "For a test").save()
    model = lab.model("1", trained_on=(("elsewhere", 1),))
    with pytest.raises(Conflict, match="trained on rows of this set: a"):
        lab.begun(model, lab.held([a_row("a"), a_row("b")]))


def test_each_evaluation_is_counted(lab: Lab) -> None:
    held = lab.held([a_row("a")])
    model = lab.model("1")
    lab.evaluated(model, held, {"a": "balance"})
    lab.begun(model, held, NOW + timedelta(hours=1))
    assert seen.uses([held]) == {held.pk: (2, 0)}


def test_a_model_is_evaluated_over_http(lab: Lab, api: Any) -> None:
    client = api(lab.bot, "models:write")
    lab.held([a_row("a"), a_row("b")])
    lab.model("1")
    body = {"model": "intents", "version": "1", "dataset": "edge", "dataset_version": 1}
    made = client.post("/evaluations", body)
    assert made.status_code == 201, made.content
    place = made["Location"].removeprefix("/api/v1")
    assert made.json()["state"] == "open"
    taken = client.post(
        f"{place}/predictions", raw=ndjson([say("a", "card_arrival"), say("b", "x")]),
        content_type=NDJSON,
    )  # fmt: skip
    assert (taken.status_code, taken.json()) == (201, {"taken": 2})
    shown = client.post(f"{place}/finish")
    assert shown.status_code == 200
    assert shown.json()["figures"]["correct"] == 1
    assert client.get(place).json() == shown.json()
    assert client.post("/evaluations", body | {"version": "9"}).status_code == 400
