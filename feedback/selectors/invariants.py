"""What must hold of datasets: a sealed version is the same bytes for ever."""

from collections.abc import Iterator

from feedback.models import DatasetEntry, DatasetFile, DatasetVersion
from feedback.selectors import downloads
from governance.domain.invariants import Span
from governance.domain.merkle import RunningRoot, leaf_hash

CHUNK = 2000


def versions_are_their_bytes(span: Span) -> Iterator[str]:
    """Return each version that is not what its digest says, and each file that would not be."""
    for version in DatasetVersion.objects.filter(**span.of("sealed_at")).order_by("pk"):
        entries = DatasetEntry.objects.filter(version=version).order_by("position")
        tree, rows = RunningRoot(), 0
        for content in entries.values_list("content", flat=True).iterator(CHUNK):
            tree.add(leaf_hash(content.encode()))
            rows += 1
        if rows != version.rows:
            yield f"version {version.pk} has {rows} rows and was sealed with {version.rows}"
        elif tree.root().hex() != version.digest:
            yield f"version {version.pk} is not what its digest says"
        else:
            yield from _files(version)


def _files(version: DatasetVersion) -> Iterator[str]:
    for file in DatasetFile.objects.filter(version=version).select_related("version"):
        try:
            size = sum(map(len, downloads.stream(file)))
        except downloads.AlteredFile:
            yield f"file {file.pk} ({file.format}) of version {version.pk} is not what was sealed"
            continue
        if size != file.size:
            yield f"file {file.pk} ({file.format}) has {size} bytes and was sealed with {file.size}"
