"""A list of the admin as a file: its rows, and a manifest that says what they are and proves it."""

import hashlib
import html
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.contrib.admin.utils import label_for_field, lookup_field
from django.utils.html import strip_tags
from django.utils.safestring import SafeString

from governance.domain import csv_text
from governance.domain.times import rfc3339
from governance.exceptions import Conflict
from governance.models import AuditEvent, User
from governance.selectors import proving
from governance.services import exports

MOST = 100_000
AT_ONCE = 1_000
IN_MEMORY = 10 * 2**20
FORMATS = ("csv", "jsonl")


def archive(
    page: Any, listed: str, rows: Any, *, kind: str, chosen: dict[str, str], by: User, now: datetime
) -> IO[bytes]:
    """Return a zip of `rows.csv` or `rows.jsonl` and `manifest.json`; the act is on record.

    Conflict when there are more than MOST rows: a filter makes them fewer.
    """
    names = [name for name in page.list_display if name != "action_checkbox"]
    head = ["id", *(str(label_for_field(name, page.model, page)) for name in names)]
    table = _limited(_cells(row, names, page) for row in rows.iterator(AT_ONCE))
    # Closed by whoever answers with it.
    made: IO[bytes] = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115
    try:
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as zipped:
            count, digest = _write(zipped, kind, head, table)
            event = exports.record(
                actor=by, listed=listed, chosen=chosen, rows=count, digest=digest, now=now
            )
            about = {"list": listed, "filter": chosen, "rows": count, "file": f"rows.{kind}"}
            manifest = about | {"sha256": digest, "by": by.username} | _proof(event, now)
            zipped.writestr("manifest.json", json.dumps(manifest, indent=2))
    except BaseException:
        made.close()
        raise
    made.seek(0)
    return made


def _proof(event: AuditEvent, now: datetime) -> dict[str, Any]:
    point = proving.latest()
    return {
        "at": rfc3339(now),
        "event": {"id": str(event.pk), "stream": event.stream, "digest": event.digest},
        "checkpoint": point.note if point else None,
    }


def _write(
    zipped: zipfile.ZipFile, kind: str, head: Sequence[str], table: Iterator[list[Any]]
) -> tuple[int, str]:
    """Write the rows; return how many there were, and the SHA-256 of what was written."""
    digest, count = hashlib.sha256(), 0
    with zipped.open(f"rows.{kind}", "w") as file:
        if kind == "csv":
            _put(file, digest, csv_text.lines([head]))
        for row in table:
            count += 1
            text = csv_text.lines([row]) if kind == "csv" else _line(head, row)
            _put(file, digest, text)
    return count, digest.hexdigest()


def _put(file: IO[bytes], digest: Any, text: str) -> None:
    data = text.encode()
    file.write(data)
    digest.update(data)


def _line(head: Sequence[str], row: Sequence[Any]) -> str:
    values = [rfc3339(value) if isinstance(value, datetime) else value for value in row]
    return json.dumps(dict(zip(head, values, strict=True)), ensure_ascii=False) + "\n"


def _limited(rows: Iterable[list[Any]]) -> Iterator[list[Any]]:
    for number, row in enumerate(rows):
        if number == MOST:
            raise Conflict(f"There are more than {MOST} rows: choose a filter, such as a month.")
        yield row


def _cells(row: Any, names: Sequence[str], page: Any) -> list[Any]:
    return [str(row.pk), *(_plain(lookup_field(name, row, page)[2]) for name in names)]


def _plain(value: Any) -> Any:
    """Return what a cell of a list shows, without its markup."""
    if isinstance(value, SafeString):
        return html.unescape(strip_tags(value)).strip()
    if value is None or isinstance(value, bool | int | float | datetime):
        return value
    return str(value)
