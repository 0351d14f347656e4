"""What adjustments may give as evidence, by the digests that bind it, and what models are."""

import uuid
from typing import Any

from feedback.models import DatasetVersion, FeedbackSignal, GateRun, ModelVersion
from feedback.selectors import thresholds
from governance.domain.canonical import digest
from governance.enums import PolicyKind
from governance.models import AuditEvent, Pipeline


def dataset_digest(pipeline_id: int, reference: Any) -> str | None:
    """Return the digest of `{dataset, version}` in a pipeline; None when there is no such thing."""
    return (
        DatasetVersion.objects.filter(
            dataset__pipeline=pipeline_id,
            dataset__slug=reference["dataset"],
            number=reference["version"],
        )
        .values_list("digest", flat=True)
        .first()
    )


def signal_digest(pipeline_id: int, reference: Any) -> str | None:
    """Return the SHA-256 of what a signal of a pipeline taught, without its words; None of none.

    The words may be erased; kind, rule and the decisions it follows from stay.
    """
    if (key := _key(reference)) is None:
        return None
    row = FeedbackSignal.objects.filter(pk=key, pipeline=pipeline_id).first()
    if row is None:
        return None
    return digest(
        {
            "id": str(row.pk), "kind": row.kind, "rules": row.rules,
            "resolution": str(row.resolution_id), "decisions": row.decisions,
            "reason_codes": row.reason_codes,
        }
    )  # fmt: skip


def gate_run_digest(pipeline_id: int, reference: Any) -> str | None:
    """Return the digest of the result of a gate run of a pipeline; None of none."""
    if (key := _key(reference)) is None:
        return None
    rows = GateRun.objects.filter(pk=key, plan__gate__pipeline=pipeline_id)
    return rows.values_list("digest", flat=True).first()


def certificate_digest(pipeline_id: int, reference: Any) -> str | None:
    """Return the digest of the event in which a threshold was certified; None of none.

    The ledger holds the event, so that nobody edits what the certificate said.
    """
    if (key := _key(reference)) is None:
        return None
    slugs = Pipeline.objects.filter(pk=pipeline_id).values_list("slug", flat=True)
    streams = [f"{PolicyKind.PIPELINE}:{slug}" for slug in slugs]
    rows = AuditEvent.objects.filter(pk=key, stream__in=streams, action=thresholds.ACTION)
    return rows.values_list("digest", flat=True).first()


def _key(reference: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(reference))
    except ValueError:
        return None


def model_digest(name: str, version: str) -> str | None:
    """Return the digest of a version of a model; None where no version of it is registered.

    LookupError where others are.
    """
    rows = ModelVersion.objects.filter(name=name)
    known = rows.filter(version=version).values_list("digest", flat=True).first()
    if known is None and rows.exists():
        raise LookupError(f"{name} {version}")
    return known
