"""Rows as CSV after RFC 4180, safe to open in a spreadsheet."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from typing import Any

from feedback.domain.rows import FIELDS, texts_of

GUARD = "'"
# What a spreadsheet may take for a formula: one of these signs, in its full-width form too, first
# of all or after what the program passes over (spaces, quotes, marks without width).
FORMULA = re.compile(
    "[\t\r\n]"
    "|[\\s\\x00-\\x1f\"'\u00a0\u00ad\u180e\u200b-\u200f\u2018-\u201f\u2028-\u202f\u2060-\u2064"
    "\u3000\ufeff\uff02\uff07]*[=+\\-@\uff1d\uff0b\uff0d\uff20\u2212\ufe62\ufe63\ufe66\ufe6b]"
)


def guarded(cell: str) -> str:
    """Return a cell of text, with an apostrophe before what could be taken for a formula.

    It can be undone: an apostrophe whose rest would be guarded is the one that was put there.
    """
    if cell[:1].isalnum():
        return cell
    return GUARD + cell if FORMULA.match(cell) else cell


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
