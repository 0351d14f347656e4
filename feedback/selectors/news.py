"""What happens to datasets, as other systems are told of it."""

import uuid
from collections.abc import Iterator, Sequence

from feedback.models import DatasetVersion
from governance.models import AuditEvent
from governance.selectors.news import News, register


def register_own() -> None:
    """Register what this app's events tell."""
    register("dataset.published", teller=_published)


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
