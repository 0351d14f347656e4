"""What an audit pack tells of models: versions, evaluations, and how gates judged them."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Exists, OuterRef, Q

from feedback.models import Evaluation, EvaluationFinish, Gate, GateRun, ModelTraining, ModelVersion
from governance.domain.pack_scope import PackScope
from governance.domain.times import rfc3339
from governance.selectors.pack_sections import (
    Sealed,
    Section,
    of_scope,
    pages,
    register,
    streams_named,
)

Line = dict[str, Any]
SET = "dataset_version__dataset__pipeline"


def models(scope: PackScope) -> Iterator[Line]:
    """Return each version that was registered; of a pipeline, those trained on its datasets."""
    rows = ModelVersion.objects.filter(
        registered_at__gte=scope.since, registered_at__lt=scope.until
    ).select_related("parent")
    if not scope.everything:
        trained = ModelTraining.objects.filter(model=OuterRef("pk"))
        rows = rows.filter(Exists(of_scope(trained, scope, SET)))
    rows = rows.prefetch_related("trainings__dataset_version__dataset")
    for page in pages(rows):
        sealed = Sealed((f"model:{row.pk}" for row in page), scope)
        for row in page:
            if sealed.has(f"model:{row.pk}", row.registered_at):
                yield _model(row)


def _model(row: ModelVersion) -> Line:
    return {
        "id": str(row.pk),
        "name": row.name,
        "version": row.version,
        "artifact_uri": row.artifact_uri,
        "digest": row.digest,
        "parent": str(row.parent_id) if row.parent_id else None,
        "trained_on": sorted(str(each.dataset_version) for each in row.trainings.all()),
        "by": row.registered_by_id,
        "registered_at": rfc3339(row.registered_at),
    }


def evaluations(scope: PackScope) -> Iterator[Line]:
    """Return each evaluation that was finished, with its figures by slice."""
    rows = EvaluationFinish.objects.filter(
        finished_at__gte=scope.since, finished_at__lt=scope.until
    ).select_related("evaluation__model", "evaluation__dataset_version__dataset")
    for page in pages(of_scope(rows, scope, f"evaluation__{SET}")):
        sealed = Sealed((f"evaluation:{row.pk}" for row in page), scope)
        for row in page:
            if sealed.has(f"evaluation:{row.pk}", row.finished_at):
                yield _evaluation(row)


def _evaluation(row: EvaluationFinish) -> Line:
    evaluation = row.evaluation
    return {
        "id": str(row.pk),
        "model": str(evaluation.model),
        "set": str(evaluation.dataset_version),
        "set_digest": evaluation.dataset_version.digest,
        "digest": row.digest,
        "figures": row.figures,
        "started_at": rfc3339(evaluation.started_at),
        "by": row.finished_by_id,
        "finished_at": rfc3339(row.finished_at),
    }


def gates(scope: PackScope) -> Iterator[Line]:
    """Return each run of a gate, with the plan that it was judged by and what came of it."""
    rows = GateRun.objects.filter(
        started_at__gte=scope.since, started_at__lt=scope.until
    ).select_related("plan__gate", "baseline", "candidate")
    for page in pages(of_scope(rows, scope, "plan__gate__pipeline")):
        sealed = Sealed((f"gate:{row.plan.gate_id}" for row in page), scope)
        for row in page:
            if sealed.has(f"gate:{row.plan.gate_id}", row.started_at):
                yield _run(row)


def _run(row: GateRun) -> Line:
    return {
        "id": str(row.pk),
        "gate": row.plan.gate.slug,
        "plan": row.plan.document
        | {
            "number": row.plan.number,
            "digest": row.plan_digest,
            "frozen_by": row.plan.frozen_by_id,
            "frozen_at": rfc3339(row.plan_frozen_at),
        },
        "baseline": str(row.baseline),
        "candidate": str(row.candidate),
        "candidate_evaluated_at": rfc3339(row.candidate_evaluated_at),
        "verdict": row.verdict,
        "result": row.result,
        "digest": row.digest,
        "by": row.run_by_id,
        "at": rfc3339(row.started_at),
    }


def _of_models(scope: PackScope) -> Q:
    trained = of_scope(ModelTraining.objects.all(), scope, SET)
    versions = ModelVersion.objects.all()
    if not scope.everything:
        versions = versions.filter(pk__in=trained.values("model"))
    return streams_named("model", versions)


def _of_evaluations(scope: PackScope) -> Q:
    return streams_named("evaluation", of_scope(Evaluation.objects.all(), scope, SET))


def _of_gates(scope: PackScope) -> Q:
    return streams_named("gate", of_scope(Gate.objects.all(), scope, "pipeline"))


def register_all() -> None:
    """Register what is told of models."""
    for section in SECTIONS:
        register(section)


SECTIONS = (
    Section(
        "models", "Versions of models",
        "Each version that was registered: its digest, and what it was trained on.",
        models, _of_models,
    ),
    Section(
        "evaluations", "Evaluations",
        "Each look of a version at a held-out set, with its figures by slice.",
        evaluations, _of_evaluations,
    ),
    Section(
        "gates", "Gates",
        "Each candidate that was judged: the plan frozen before, and the verdict with its figures.",
        gates, _of_gates,
    ),
)  # fmt: skip
