"""What happens to datasets and at gates, as other systems are told of it."""

import uuid
from collections.abc import Iterator, Sequence

from feedback.models import DatasetVersion, GateRun
from governance.models import AuditEvent
from governance.selectors.news import News, register


def register_own() -> None:
    """Register what this app's events tell."""
    register("dataset.published", teller=_published)
    register("gate.finished", teller=_judged)


def _published(events: Sequence[AuditEvent]) -> Iterator[News]:
    keys = [uuid.UUID(event.detail["version"]) for event in events]
    rows = DatasetVersion.objects.select_related("dataset__pipeline").in_bulk(keys)
    for event, key in zip(events, keys, strict=True):
        row = rows[key]
        data = {
            "pipeline": row.dataset.pipeline.slug, "dataset": row.dataset.slug,
            "version": row.number, "rows": row.rows, "digest": row.digest,
        }  # fmt: skip
        yield News(event, "dataset.published", row.dataset.pipeline_id, data)


def _judged(events: Sequence[AuditEvent]) -> Iterator[News]:
    keys = [uuid.UUID(event.detail["run"]) for event in events]
    rows = GateRun.objects.select_related("plan__gate__pipeline", "baseline", "candidate").in_bulk(
        keys
    )
    for event, key in zip(events, keys, strict=True):
        row = rows[key]
        gate = row.plan.gate
        data = {
            "pipeline": gate.pipeline.slug, "gate": gate.slug, "run": str(row.pk),
            "model": gate.model_name, "baseline": row.baseline.version,
            "candidate": row.candidate.version, "verdict": row.verdict,
        }  # fmt: skip
        yield News(event, "gate.finished", gate.pipeline_id, data)
