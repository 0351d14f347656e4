"""Rows as CSV after RFC 4180, safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from feedback.domain.rows import FIELDS, texts_of
from governance.domain.csv_text import guarded


def header() -> bytes:
    """Return the first line."""
    return _written([FIELDS])


def lines(rows: Iterable[Mapping[str, Any]], *, raw: bool) -> bytes:
    """Return rows as lines that end in CR LF.

    Numbers are as in JSON, a null is an empty cell, and an object or list is its RFC 8785 text.
    `raw` leaves every cell as it is, for programs.
    """
    safe, as_they_are = both((row, texts_of(row)) for row in rows)
    return as_they_are if raw else safe


def both(rows: Iterable[tuple[Mapping[str, Any], Mapping[str, str]]]) -> tuple[bytes, bytes]:
    """Return the lines of rows safe, and raw; each row comes with the texts of its fields."""
    raw = [[_cell(row[name], texts[name]) for name in FIELDS] for row, texts in rows]
    # What was an object or list begins with a bracket, and no number is below 0: neither changes.
    safe = [[guarded(cell) for cell in cells] for cells in raw]
    written = _written(raw)
    return (written if safe == raw else _written(safe)), written


def _cell(value: Any, text: str) -> str:
    if type(value) is str:
        return value
    return "" if value is None else text


def _written(table: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(table)
    return text.getvalue().encode()
