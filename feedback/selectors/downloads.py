"""The bytes of a version, in constant memory and the same for ever.

Once rows of it were erased, a version is downloaded in an edition without them, which has a digest
of its own (services.editions).
"""

import hashlib
from collections.abc import Iterable, Iterator

import orjson
from django.db.models import Sum

from feedback.domain import csv_text
from feedback.domain.rows import texts_of
from feedback.enums import DatasetKind, DownloadFormat
from feedback.models import (
    DatasetEdition,
    DatasetEntry,
    DatasetErasure,
    DatasetFile,
    DatasetFilePart,
    DatasetVersion,
)
from governance.exceptions import Conflict, InvalidInput

AT_ONCE = 1_000
File = DatasetFile | DatasetEdition


class NotMadeYet(Conflict):
    """Rows were erased, and the downloads without them are still being made."""

    retry_after = 15


class AlteredFile(RuntimeError):
    """What would be sent is not what was sealed."""


def remaining(version: DatasetVersion) -> int:
    """Return how many rows of a version were not erased."""
    return version.rows - erased(version)


def erased(version: DatasetVersion) -> int:
    """Return how many rows of a version were erased; its selector has counted them already."""
    if not hasattr(version, "erased_rows"):
        taken = DatasetErasure.objects.filter(version=version).aggregate(n=Sum("rows"))["n"]
        return int(taken or 0)
    return int(version.erased_rows)


def tag(version: DatasetVersion) -> str:
    """Return what names the bytes of a version: its digest, and the rows left after erasures."""
    return f"{version.digest}-{remaining(version)}" if erased(version) else version.digest


def current(version: DatasetVersion) -> list[File]:
    """Return what a version is downloaded as: its files, or the editions that follow an erasure.

    While an edition is being made, there is none.
    """
    rows = remaining(version)
    if rows == version.rows:
        return list(version.files.all())
    return [edition for edition in version.editions.all() if edition.rows == rows]


def chosen(version: DatasetVersion, kind: DownloadFormat) -> File:
    """Return what a version is downloaded as in a format; NotMadeYet just after an erasure.

    A held-out set is sealed in one format.
    """
    if version.dataset.kind == DatasetKind.EVALUATION and kind != DownloadFormat.JSONL:
        raise InvalidInput.at("/format", "A held-out set is downloaded as jsonl.", code="format")
    found = next((file for file in current(version) if file.format == kind), None)
    if found is None:
        raise NotMadeYet("Rows of this version were erased; it is being made anew without them.")
    return found


def measured(file: File) -> tuple[str, int]:
    """Return the SHA-256 in hex and the size of the bytes of a file."""
    digest, size = hashlib.sha256(), 0
    for piece in _pieces(file):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size


def stream(file: File) -> Iterator[bytes]:
    """Return the bytes of a file.

    The last piece is held back until the digest of all of them is that of the sealing. AlteredFile
    otherwise: the download breaks off short of its length, and nobody takes it for whole.
    """
    digest, held = hashlib.sha256(), b""
    for piece in _pieces(file):
        digest.update(piece)
        if held:
            yield held
        held = piece
    if digest.hexdigest() != file.sha256:
        raise AlteredFile(f"The bytes of {file} are not those that were sealed.")
    yield held


def jsonl(contents: Iterable[str]) -> bytes:
    """Return rows as lines, each ended by a line feed."""
    return "".join(f"{content}\n" for content in contents).encode()


def _pieces(file: File) -> Iterator[bytes]:
    if file.format == DownloadFormat.PARQUET:
        yield from _parts(file) if isinstance(file, DatasetFile) else _parquet(file)
        return
    if file.format == DownloadFormat.JSONL:
        yield from map(jsonl, _contents(file))
        return
    yield csv_text.header()
    for contents in _contents(file):
        rows = [orjson.loads(content) for content in contents]
        yield csv_text.lines(rows, raw=file.format == DownloadFormat.CSV_RAW)


def _contents(file: File) -> Iterator[list[str]]:
    # By position and not by one cursor: no transaction stays open while a slow reader reads.
    for start in range(0, file.version.rows, AT_ONCE):
        entries = DatasetEntry.objects.filter(
            version=file.version_id, position__gte=start, position__lt=start + AT_ONCE
        )
        contents = entries.order_by("position").values_list("content", flat=True)
        yield [content for content in contents if content]


def _parts(file: DatasetFile) -> Iterator[bytes]:
    position = 0
    while part := DatasetFilePart.objects.filter(file=file, position=position).first():
        yield bytes(part.content)
        position += 1


def _parquet(edition: DatasetEdition) -> Iterator[bytes]:
    from feedback.domain.parquet import Writer  # noqa: PLC0415 - large, and needed here alone

    written: list[bytes] = []
    writer = Writer(written.append)
    for contents in _contents(edition):
        rows = [orjson.loads(content) for content in contents]
        writer.add([(row, texts_of(row)) for row in rows])
        yield from written
        written.clear()
    writer.finish()
    yield from written
