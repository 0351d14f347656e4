"""What must hold of datasets."""

from collections.abc import Iterator
from datetime import datetime

from feedback.models import DatasetEntry, DatasetVersion
from governance.domain import merkle


def versions_are_their_rows(now: datetime) -> Iterator[str]:
    """I8: a sealed version has the digest of its rows."""
    for version in DatasetVersion.objects.order_by("pk"):
        rows = DatasetEntry.objects.filter(version=version).order_by("position")
        contents = rows.values_list("content", flat=True).iterator(chunk_size=2000)
        root = merkle.root([merkle.leaf_hash(content.encode()) for content in contents]).hex()
        if root != version.digest:
            yield f"version {version.pk} is not what its digest says"
