"""Tables as CSV after RFC 4180, safe to open in a spreadsheet."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from governance.domain.times import rfc3339

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


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table as text. Times are UTC in RFC 3339, nothing is an empty cell."""
    return lines([head, *rows])


def lines(rows: Iterable[Sequence[Any]]) -> str:
    """Return rows as lines that end in CR LF."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([cell(value) for value in row] for row in rows)
    return text.getvalue()


def cell(value: Any) -> str:
    """Return a value as a cell; text that could be taken for a formula begins with a quote."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, str):
        return guarded(value)
    return str(value)
