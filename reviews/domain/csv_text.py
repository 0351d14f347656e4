"""Tables as CSV after RFC 4180, safe to open in a spreadsheet."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from governance.domain.times import rfc3339

# What a spreadsheet may take for a formula: these signs first of all, or after blanks and quotes.
FORMULA = re.compile("[\t\r\n]|[\\s'\"\u00a0\u200b-\u200f\u2060\ufeff]*[=+\\-@＝＋－＠−]")  # noqa: RUF001


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table as text. Times are UTC in RFC 3339, nothing is an empty cell."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([cell(name) for name in head])
    writer.writerows([cell(value) for value in row] for row in rows)
    return text.getvalue()


def cell(value: Any) -> str:
    """Return a value as a cell; text that could be taken for a formula begins with a quote."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, str):
        return f"'{value}" if FORMULA.match(value) else value
    return str(value)
