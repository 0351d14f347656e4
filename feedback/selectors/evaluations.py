"""Evaluations within reach, and the rows that they are of."""

import uuid
from collections.abc import Sequence

import orjson
from django.db.models import Count, QuerySet

from feedback.domain.evaluations import Row, Said
from feedback.domain.held_out import NO_SLICE
from feedback.models import DatasetEntry, DatasetVersion, Evaluation, EvaluationPrediction
from governance.domain.principal import Principal
from governance.exceptions import NotFound
from governance.selectors import audit


def within(principal: Principal) -> "QuerySet[Evaluation]":
    """Return the evaluations on sets of the pipelines within reach."""
    rows = Evaluation.objects.select_related(
        "model", "dataset_version__dataset__pipeline", "started_by", "finish"
    )
    return audit.within(rows, principal, "dataset_version__dataset__pipeline")


def evaluation(principal: Principal, key: uuid.UUID) -> Evaluation:
    """Return one evaluation; NotFound when there is none within reach."""
    row = within(principal).filter(pk=key).first()
    if row is None:
        raise NotFound("There is no such evaluation.")
    return row


def rows(version: DatasetVersion) -> dict[str, Row]:
    """Return the rows of a held-out set by external_id, without those that were erased."""
    entries = DatasetEntry.objects.filter(version=version).exclude(content="")
    found = entries.values_list("external_id", "position", "content")
    return {name: _row(position, content) for name, position, content in found.iterator(2_000)}


def _row(position: int, content: str) -> Row:
    kept = orjson.loads(content)
    return Row(position, kept["answer"], kept.get("scenario_type") or NO_SLICE)


def said(evaluation: Evaluation) -> list[Said]:
    """Return what the model said, in the order of the set."""
    found = EvaluationPrediction.objects.filter(evaluation=evaluation).order_by("position")
    columns = found.values_list("position", "output", "confidence", "correct")
    return [Said(*each) for each in columns.iterator(2_000)]


def uses(versions: Sequence[DatasetVersion]) -> dict[uuid.UUID, tuple[int, int]]:
    """Return by held-out version how many evaluations it was in, and how many gate runs."""
    counted = (
        DatasetVersion.objects.filter(pk__in=[version.pk for version in versions])
        .annotate(
            looks=Count("evaluations", distinct=True),
            judged=Count("evaluations__gate_runs__run", distinct=True),
        )
        .values_list("pk", "looks", "judged")
    )
    return {key: (looks, judged) for key, looks, judged in counted}
