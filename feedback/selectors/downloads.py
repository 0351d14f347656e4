"""The bytes of a version, in constant memory and the same for ever."""

import hashlib
from collections.abc import Iterable, Iterator

import orjson

from feedback.domain import csv_text
from feedback.enums import DownloadFormat
from feedback.models import DatasetEntry, DatasetFile, DatasetFilePart

AT_ONCE = 1_000


class AlteredFile(RuntimeError):
    """What would be sent is not what was sealed."""


def stream(file: DatasetFile) -> Iterator[bytes]:
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


def _pieces(file: DatasetFile) -> Iterator[bytes]:
    if file.format == DownloadFormat.PARQUET:
        yield from _parts(file)
        return
    if file.format == DownloadFormat.JSONL:
        yield from map(jsonl, _contents(file))
        return
    yield csv_text.header()
    for contents in _contents(file):
        rows = [orjson.loads(content) for content in contents]
        yield csv_text.lines(rows, raw=file.format == DownloadFormat.CSV_RAW)


def _contents(file: DatasetFile) -> Iterator[list[str]]:
    # By position and not by one cursor: no transaction stays open while a slow reader reads.
    for start in range(0, file.version.rows, AT_ONCE):
        entries = DatasetEntry.objects.filter(
            version=file.version_id, position__gte=start, position__lt=start + AT_ONCE
        )
        yield list(entries.order_by("position").values_list("content", flat=True))


def _parts(file: DatasetFile) -> Iterator[bytes]:
    position = 0
    while part := DatasetFilePart.objects.filter(file=file, position=position).first():
        yield bytes(part.content)
        position += 1
