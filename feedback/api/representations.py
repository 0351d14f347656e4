"""How datasets and their versions are shown."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from feedback.models import Dataset, DatasetEntry, DatasetVersion
from feedback.selectors import downloads
from feedback.selectors.datasets import MOST_LISTED, Differences


def dataset(row: Dataset) -> dict[str, Any]:
    """Return a dataset; `versions` and `latest` come from its selector."""
    return {
        "id": row.pk,
        "slug": row.slug,
        "pipeline": row.pipeline.slug,
        "kind": row.kind,
        "filter": row.filter,
        "include": row.include,
        "created_by": row.created_by.username,
        "created_at": row.created_at,
        "versions": getattr(row, "version_count", 0),
        "latest": getattr(row, "latest", None),
    }


def version(row: DatasetVersion) -> dict[str, Any]:
    """Return a version, without its rows."""
    address = f"/api/v1/datasets/{row.dataset.slug}/versions/{row.number}"
    files = sorted(downloads.current(row), key=lambda file: str(file.format))
    return {
        "id": row.pk,
        "dataset": row.dataset.slug,
        "pipeline": row.dataset.pipeline.slug,
        "number": row.number,
        "rows": row.rows,
        "erased_rows": downloads.erased(row),
        "digest": row.digest,
        "parent": row.parent.number if row.parent else None,
        "as_of": row.as_of,
        "recipe": row.recipe,
        "card": row.card,
        "consent": row.consent,
        "files": [_file(file, address) for file in files],
        "sealed_by": row.sealed_by.username,
        "sealed_at": row.sealed_at,
    }


def _file(row: downloads.File, address: str) -> dict[str, Any]:
    kind, _, raw = row.format.partition("-")
    return {
        "format": row.format,
        "sha256": row.sha256,
        "size": row.size,
        "download": f"{address}/download?format={kind}{'&raw=true' if raw else ''}",
    }


def versions(rows: Iterable[DatasetVersion]) -> list[dict[str, Any]]:
    """Return versions."""
    return [version(row) for row in rows]


def overturned(rows: "QuerySet[DatasetEntry]") -> list[dict[str, Any]]:
    """Return the rows whose outcome was overturned since, the first MOST_LISTED of them."""
    found = rows.values("external_id", "position", "resolution")[:MOST_LISTED]
    return [dict(row) for row in found]


def difference(before: DatasetVersion, after: DatasetVersion, found: Differences) -> dict[str, Any]:
    """Return how two versions of a dataset differ."""
    return {
        "dataset": after.dataset.slug,
        "from": _end(before),
        "to": _end(after),
        "counts": found.counts,
        "added": found.added,
        "removed": found.removed,
        "changed": found.changed,
        "listed_at_most": MOST_LISTED,
        "truncated": any(
            found.counts[name] > MOST_LISTED for name in ("added", "removed", "changed")
        ),
    }


def _end(row: DatasetVersion) -> dict[str, Any]:
    return {"version": row.number, "rows": row.rows, "digest": row.digest, "as_of": row.as_of}
