"""What people found of predictions by how sure the model was, and what a threshold would do."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, FloatField, Max, Q, QuerySet
from django.db.models.functions import Cast, Floor

from feedback.domain import boundaries, certifying
from feedback.domain.boundaries import Band, Boundary
from feedback.domain.certifying import Audit, Certificate
from feedback.domain.quality_wording import percent
from governance.domain.times import rfc3339
from governance.enums import PolicyKind
from governance.exceptions import InvalidInput
from governance.models import AuditEvent, Job, Pipeline
from governance.selectors import policies
from reviews.enums import Disposition, Verdict
from reviews.models import Prediction

KIND, ACTION = "thresholds", "thresholds.certified"
BINS = 1000
LIKE = "It holds for traffic like this: for this version of the model under this policy."


@dataclass(frozen=True)
class Asked:
    """What is to be certified: `max_error` at most, with probability `confidence`."""

    pipeline: Pipeline
    max_error: float
    confidence: float
    model_version: str = ""
    until: datetime | None = None


def model_version(pipeline: Pipeline) -> str:
    """Return the version that sent the newest prediction under the policy in force, or ""."""
    rows = Prediction.objects.filter(pipeline=pipeline, config_version=pipeline.live_id)
    newest = rows.order_by("-pk").values_list("model_version", flat=True).first()
    return newest or ""


def certified(pipeline: Pipeline) -> AuditEvent | None:
    """Return the event of what was last certified of a pipeline, or None."""
    rows = AuditEvent.objects.filter(
        stream=f"{PolicyKind.PIPELINE}:{pipeline.slug}", action=ACTION
    ).select_related("actor")  # fmt: skip
    return rows.order_by("-sequence").first()


def waiting(pipeline: Pipeline) -> bool:
    """Return whether a certificate was asked for and is not worked out yet."""
    return Job.objects.filter(pipeline=pipeline, kind=KIND, finished_at=None).exists()


def report(asked: Asked) -> dict[str, Any]:
    """Return the boundary of a pipeline with what of it can be certified, as JSON.

    InvalidInput where no rule approves by confidence alone.
    """
    document = policies.document(asked.pipeline.live_id)
    at = boundaries.boundary(document)
    if at is None:
        raise InvalidInput(
            "No rule of this pipeline approves by confidence alone (`confidence >= x`, into a tier "
            "that asks nobody): there is no boundary to certify."
        )
    rows = _predictions(asked, at)
    n = rows.count()
    last = rows.aggregate(last=Max("item__resolved_at"))["last"]
    return {
        "pipeline": asked.pipeline.slug,
        "config_version": policies.version(asked.pipeline.live_id).number,
        "model_version": asked.model_version,
        "max_error": asked.max_error,
        "confidence": asked.confidence,
        "promise": "selective_risk",
        "n": n,
        "audits": _settled(rows).count(),
        "last_audit": None if last is None else rfc3339(last),
        "needed": certifying.needed(max_error=asked.max_error, confidence=asked.confidence),
        "boundaries": [_boundary(asked, document, at, rows)],
    }


def _boundary(
    asked: Asked, document: dict[str, Any], at: Boundary, rows: "QuerySet[Prediction]"
) -> dict[str, Any]:
    unseen = rows.filter(propensity=0, confidence__isnull=False).aggregate(
        n=Count("pk"), top=Max("confidence")
    )
    found = None if unseen["n"] else certifying.certify(
        _audits(rows), _surest(rows), max_error=asked.max_error, confidence=asked.confidence
    )  # fmt: skip
    told: dict[str, Any] = {
        "rule": at.rule, "tier": at.tier, "now": at.threshold,
        "coverage_now": _share(rows, at.threshold), "threshold": None, "certified": False,
        "n": None, "wrong": None, "bound": None, "method": None, "coverage": None, "change": [],
        "load": [],
    }  # fmt: skip
    if found is None:
        return told | {"sentence": _refusal(asked, unseen["n"])}
    after = boundaries.moved(document, at, found.threshold)
    told |= {
        "threshold": found.threshold, "certified": True, "n": found.n, "wrong": found.wrong,
        "bound": found.bound, "method": found.method, "coverage": _share(rows, found.threshold),
        "change": boundaries.changes(document, after), "load": _load(rows, document, after),
    }  # fmt: skip
    return told | {"sentence": _sentence(asked, found, told["coverage"], told["coverage_now"])}


def _predictions(asked: Asked, at: Boundary) -> "QuerySet[Prediction]":
    """Return what a rule that looks at confidence alone took, of one model under one policy."""
    rows = Prediction.objects.filter(
        pipeline=asked.pipeline, config_version=asked.pipeline.live_id,
        model_version=asked.model_version, rule__in=at.movable, withdrawal=None,
    )  # fmt: skip
    return rows.filter(received_at__lte=asked.until) if asked.until else rows


def _settled(rows: "QuerySet[Prediction]") -> "QuerySet[Prediction]":
    return rows.filter(
        disposition=Disposition.IN_REVIEW, confidence__isnull=False,
        item__resolution__isnull=False,
    )  # fmt: skip


def _audits(rows: "QuerySet[Prediction]") -> list[Audit]:
    found = _settled(rows).order_by("item__resolved_at", "pk").values_list(
        "confidence", "item__resolution__verdict", "propensity"
    )  # fmt: skip
    return [
        Audit(sure, verdict != Verdict.ACCEPT, chance)
        for sure, verdict, chance in found.iterator(5000)
        if sure is not None
    ]


def _surest(rows: "QuerySet[Prediction]") -> dict[float, float]:
    """Return for each propensity the highest confidence that had it, drawn or not."""
    found = rows.filter(confidence__isnull=False).values("propensity").annotate(
        top=Max("confidence")
    )  # fmt: skip
    return {row["propensity"]: row["top"] for row in found.order_by("propensity")}


def _share(rows: "QuerySet[Prediction]", threshold: float) -> float | None:
    """Return the share that lies at or above a threshold; None of nothing."""
    found = rows.aggregate(n=Count("pk"), above=Count("pk", filter=Q(confidence__gte=threshold)))
    return found["above"] / found["n"] if found["n"] else None


def _load(
    rows: "QuerySet[Prediction]", before: dict[str, Any], after: dict[str, Any]
) -> list[dict[str, Any]]:
    binned = rows.annotate(bin=Cast(Floor(F("confidence") * BINS), FloatField())).values("bin")
    bands = [
        Band(None if row["bin"] is None else (row["bin"] + 0.5) / BINS, row["n"])
        for row in binned.annotate(n=Count("pk")).order_by("bin")
    ]
    now: Counter[tuple[str, str]] = boundaries.load(before, bands)
    then: Counter[tuple[str, str]] = boundaries.load(after, bands)
    return [
        {"tier": tier, "queue": queue or None, "now": now[tier, queue], "then": then[tier, queue]}
        for tier, queue in sorted(set(now) | set(then))
    ]


def _refusal(asked: Asked, unseen: int) -> str:
    clean = certifying.needed(max_error=asked.max_error, confidence=asked.confidence)
    if unseen:
        return (
            f"Not certifiable: {unseen:,} of these predictions could never be drawn for review. "
            "Raise the monitor rate of their tier, or the random slice."
        )
    return (
        f"Not certifiable yet: it needs at least {clean:,} audits without an error at or above a "
        f"threshold, and more where there are errors, to promise at most {percent(asked.max_error)}"
        f" with {percent(asked.confidence)} confidence."
    )


def _sentence(asked: Asked, found: Certificate, share: float, share_now: float) -> str:
    return (
        f"What the model is at least {percent(found.threshold)} sure of may be approved: of "
        f"{found.n:,} audits there {found.wrong:,} found an error, so that with "
        f"{percent(asked.confidence)} confidence at most {percent(found.bound)} is wrong. That is "
        f"{percent(share)} of this traffic, against {percent(share_now)} now. {LIKE}"
    )
