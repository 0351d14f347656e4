"""The system card of a version of a model: made of records, and each fact names its own.

What the law asks of instructions for use stands in the matrix of controls; this is what of it
follows from what is on record.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Max

from feedback.domain import system_cards
from feedback.models import DatasetVersion, Evaluation, GateRun, ModelVersion
from feedback.selectors import evaluations
from governance.domain.principal import Principal
from governance.domain.times import rfc3339
from governance.models import Incident, Pipeline, Stop
from governance.selectors import audit, effective, incidents, stops
from reviews.domain.shares import wilson
from reviews.models import Prediction

Fact = dict[str, Any]
MOST = 20


def of(principal: Principal, row: ModelVersion) -> Fact:
    """Return the card of a version: every fact with `record`, `kind:id` of what it follows from."""
    performance = [_performance(each) for each in _newest(principal, row)]
    training = [_training(each.dataset_version) for each in row.trainings.all()]
    pipelines = list(_pipelines(principal, row))
    return {
        "model": _model(row),
        "purpose": [_purpose(pipeline) for pipeline in pipelines if pipeline.live],
        "training": training,
        "performance": performance,
        "weak_slices": [weak for each in performance for weak in system_cards.weak(each)],
        "gates": [_gate(run) for run in _runs(principal, row)],
        "oversight": [oversight(pipeline) for pipeline in pipelines if pipeline.live],
        "in_force": [fact for pipeline in pipelines for fact in _in_force(pipeline, row)],
        "open_incidents": [_incident(each) for each in _incidents(principal, pipelines)],
        "stops": [_stop(each) for each in _stops(pipelines, row)],
        "limits": system_cards.limits(f"model_version:{row.pk}", training, performance),
    }


def _model(row: ModelVersion) -> Fact:
    return {
        "name": row.name,
        "version": row.version,
        "digest": row.digest,
        "artifact_uri": row.artifact_uri,
        "parent": row.parent.version if row.parent else None,
        "registered_at": rfc3339(row.registered_at),
        "record": f"model_version:{row.pk}",
    }


def _training(version: DatasetVersion) -> Fact:
    sheet = version.card.get("datasheet", {})
    return {
        "dataset": str(version),
        "rows": version.rows,
        "digest": version.digest,
        "sources": [source["name"] for source in sheet.get("sources", ())],
        "labels": sheet.get("provenance_of_labels", {}),
        "known_gaps": sheet.get("known_gaps", []),
        "record": f"dataset_version:{version.pk}",
    }


def _newest(principal: Principal, row: ModelVersion) -> list[Evaluation]:
    """Return the newest finished evaluation of a version on each held-out set within reach."""
    rows = evaluations.within(principal).filter(model=row, finish__isnull=False)
    newest = rows.order_by().values("dataset_version").annotate(last=Max("started_at"))
    wanted = {each["dataset_version"]: each["last"] for each in newest}
    found = [e for e in rows.order_by("-pk") if e.started_at == wanted[e.dataset_version_id]]
    return list({e.dataset_version_id: e for e in reversed(found)}.values())


def _performance(row: Evaluation) -> Fact:
    figures = row.finish.figures
    return {
        "set": str(row.dataset_version),
        **_share(figures),
        "brier": figures["brier"],
        "calibration_error": figures["calibration_error"],
        "slices": [
            {"slice": name, **_share(counts)} for name, counts in sorted(figures["slices"].items())
        ],
        "finished_at": rfc3339(row.finish.finished_at),
        "record": f"evaluation:{row.pk}",
    }


def _share(counts: Mapping[str, Any]) -> Fact:
    n, correct = counts["n"], counts["correct"]
    low, high = wilson(correct / n, n)
    return {
        "n": n,
        "correct": correct,
        "accuracy": round(correct / n, 6),
        "interval": [round(low, 6), round(high, 6)],
    }


def _runs(principal: Principal, row: ModelVersion) -> Iterable[GateRun]:
    rows = GateRun.objects.select_related("plan__gate", "baseline").filter(candidate=row)
    return audit.within(rows, principal, "plan__gate__pipeline").order_by("-started_at")[:MOST]


def _gate(row: GateRun) -> Fact:
    return {
        "gate": row.plan.gate.slug,
        "verdict": row.verdict,
        "against": row.baseline.version,
        "report": row.result["report"],
        "at": rfc3339(row.started_at),
        "record": f"gate_run:{row.pk}",
    }


def _pipelines(principal: Principal, row: ModelVersion) -> Iterable[Pipeline]:
    """Return the pipelines in which a version predicted, or is in force."""
    rows = audit.within(Pipeline.objects.select_related("live"), principal, "pk")
    for pipeline in rows.order_by("slug"):
        sent = Prediction.objects.filter(
            pipeline=pipeline, model_name=row.name, model_version=row.version
        )
        if any(_in_force(pipeline, row)) or sent.exists():
            yield pipeline


def _in_force(pipeline: Pipeline, row: ModelVersion) -> Iterable[Fact]:
    last = effective.last_activation(pipeline)
    if last and last.model and (last.model["name"], last.model["version"]) == (
        row.name, row.version,
    ):  # fmt: skip
        yield {
            "pipeline": pipeline.slug,
            "since": rfc3339(last.at),
            "record": f"activation:{last.pk}",
        }


def _purpose(pipeline: Pipeline) -> Fact:
    assert pipeline.live is not None
    question = pipeline.live.document["question"]
    return {
        "pipeline": pipeline.slug,
        "name": pipeline.name,
        "question": question["prompt"],
        "record": f"policy_version:{pipeline.live.pk}",
    }


def oversight(pipeline: Pipeline) -> Fact:
    """Return how many people decide in each tier of a pipeline in force, and what is watched."""
    assert pipeline.live is not None
    document = pipeline.live.document
    return {
        "pipeline": pipeline.slug,
        "tiers": [
            {
                "tier": name,
                "criteria": tier.get("criteria", ""),
                "decisions": tier["decisions"],
                "blind": tier.get("blind", False),
                "monitor_rate": tier.get("monitor_rate", 0),
            }
            for name, tier in sorted(document["tiers"].items())
        ],
        "random_slice": document["routing"].get("random_slice", 0),
        "record": f"policy_version:{pipeline.live.pk}",
    }


def _incidents(principal: Principal, pipelines: list[Pipeline]) -> Iterable[Incident]:
    rows = incidents.open_ones(incidents.visible(principal).filter(pipeline__in=pipelines))
    return rows.order_by("opened_at")[:MOST]


def _incident(row: Incident) -> Fact:
    return {
        "pipeline": row.pipeline.slug,
        "title": row.title,
        "severity": row.severity,
        "opened_at": rfc3339(row.opened_at),
        "record": f"incident:{row.pk}",
    }


def _stops(pipelines: list[Pipeline], row: ModelVersion) -> Iterable[Stop]:
    for pipeline in pipelines:
        for stop in stops.in_force(pipeline.pk):
            if stop.model_name in ("", row.name) and stop.model_version in ("", row.version):
                yield stop


def _stop(row: Stop) -> Fact:
    return {
        "pipeline": row.pipeline.slug,
        "tier": row.tier or None,
        "since": rfc3339(row.effective_at),
        "record": f"stop:{row.pk}",
    }
