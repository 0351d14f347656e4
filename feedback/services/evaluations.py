"""Evaluations: begun, filled with predictions, and finished."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from feedback.domain import evaluations as domain
from feedback.domain.held_out import InvalidRows
from feedback.domain.rows import row_json
from feedback.enums import DatasetKind
from feedback.models import Evaluation, EvaluationFinish, EvaluationPrediction
from feedback.selectors import datasets, evaluations, held_out, registry
from governance.db import bulk
from governance.domain.principal import Principal
from governance.exceptions import Conflict, InvalidInput, NotFound
from governance.models import User
from governance.services import ledger

FIELDS = ("evaluation", "position", "output", "confidence", "correct")
MOST_NAMED = 10


@transaction.atomic
def start(
    *,
    principal: Principal,
    actor: User,
    model: str,
    version: str,
    dataset: str,
    dataset_version: int,
    now: datetime,
) -> Evaluation:
    """Begin to look at a held-out set with a version of a model; each look is on record.

    Conflict when the model was trained on a row of the set, in whatever pipeline.
    """
    registered = _found("/version", lambda: registry.version(principal, model, version))
    sealed = _found(
        "/dataset_version", lambda: datasets.version(principal, dataset, dataset_version)
    )
    if sealed.dataset.kind != DatasetKind.EVALUATION:
        detail = f"{dataset} is not held out: models are trained on it."
        raise InvalidInput.at("/dataset", detail, code="kind")
    trained = [training.dataset_version_id for training in registered.trainings.all()]
    if known := held_out.met_in_training(sealed, trained):
        named = ", ".join(known[:MOST_NAMED])
        raise Conflict(f"{registered} was trained on rows of this set: {named}.")
    row = Evaluation(model=registered, dataset_version=sealed, started_by=actor, started_at=now)
    row.save()
    ledger.first(
        stream=stream_of(row),
        action="evaluation.started",
        actor=actor,
        now=now,
        detail=_names(row) | {"set": sealed.digest, "model_digest": registered.digest},
    )
    return row


def _found(pointer: str, look: Any) -> Any:
    try:
        return look()
    except NotFound as error:
        raise InvalidInput.at(pointer, error.detail, code="unknown") from None


def stream_of(row: Evaluation) -> str:
    """Return the name of the ledger stream of an evaluation."""
    return f"evaluation:{row.pk}"


def _names(row: Evaluation) -> dict[str, Any]:
    return {
        "evaluation": str(row.pk),
        "model": str(row.model_id),
        "dataset_version": str(row.dataset_version_id),
        "pipelines": {row.dataset_version.dataset.pipeline.slug: 1},
    }


def _held(principal: Principal, key: uuid.UUID) -> Evaluation:
    """Lock an evaluation that is not finished."""
    row = evaluations.evaluation(principal, key)
    Evaluation.objects.select_for_update(of=("self",)).get(pk=row.pk)
    if EvaluationFinish.objects.filter(evaluation=row.pk).exists():
        raise Conflict("This evaluation is finished; begin another.")
    return row


@transaction.atomic
def add(
    *,
    principal: Principal,
    actor: User,
    evaluation_id: uuid.UUID,
    lines: Iterable[tuple[str, Mapping[str, Any]]],
    now: datetime,
) -> int:
    """Take what the model says of rows of the set, all of the lines or none; returns how many.

    A row has one prediction: Conflict names those that were given before.
    """
    row = _held(principal, evaluation_id)
    rows = evaluations.rows(row.dataset_version)
    try:
        said = domain.parse(lines, rows)
    except InvalidRows as error:
        raise InvalidInput(str(error), faults=error.faults) from None
    if not said:
        raise InvalidInput.at("", "The body holds no line.", code="required")
    _refuse_known(row, {each.position for each in said}, rows)
    written = [
        (
            row.pk,
            each.position,
            row_json(each.output).decode(),
            each.confidence,
            each.correct,
        )
        for each in said
    ]
    bulk.insert(EvaluationPrediction, FIELDS, written, expected=len(written))
    ledger.append(
        stream=stream_of(row),
        action="evaluation.filled",
        actor=actor,
        now=now,
        detail=_names(row) | {"rows": len(said), "digest": domain.digest(said)},
    )
    return len(said)


def _refuse_known(row: Evaluation, wanted: set[int], rows: Mapping[str, domain.Row]) -> None:
    given = EvaluationPrediction.objects.filter(evaluation=row).values_list("position", flat=True)
    known = wanted.intersection(given)
    if known:
        names = [name for name, each in rows.items() if each.position in known]
        raise Conflict(
            f"{len(known)} rows have a prediction already, among them "
            f"{', '.join(sorted(names)[:MOST_NAMED])}. Nothing was taken."
        )


@transaction.atomic
def finish(
    *, principal: Principal, actor: User, evaluation_id: uuid.UUID, now: datetime
) -> Evaluation:
    """Close an evaluation and work out its figures; finishing it again changes nothing.

    Conflict names rows without a prediction: what a model passes over would flatter it.
    """
    known = evaluations.evaluation(principal, evaluation_id)
    if EvaluationFinish.objects.filter(evaluation=known).exists():
        return known
    row = _held(principal, evaluation_id)
    rows = evaluations.rows(row.dataset_version)
    said = evaluations.said(row)
    missing = {each.position for each in rows.values()} - {each.position for each in said}
    if missing or not said:
        names = sorted(name for name, each in rows.items() if each.position in missing)
        raise Conflict(
            f"{len(missing)} rows have no prediction, among them {', '.join(names[:MOST_NAMED])}."
        )
    figures = domain.figures(said, {each.position: each.scenario_type for each in rows.values()})
    done = EvaluationFinish(
        evaluation=row, rows=figures["n"], correct=figures["correct"], figures=figures,
        digest=domain.digest(said), finished_by=actor, finished_at=now,
    )  # fmt: skip
    done.save()
    ledger.append(
        stream=stream_of(row),
        action="evaluation.finished",
        actor=actor,
        now=now,
        detail=_names(row) | {"rows": done.rows, "correct": done.correct, "digest": done.digest},
    )
    return evaluations.evaluation(principal, evaluation_id)
