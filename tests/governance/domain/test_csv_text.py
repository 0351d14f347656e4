"""Tables as CSV: what a spreadsheet could run is text, and times are UTC."""

import csv
import io
from datetime import UTC, datetime, timedelta, timezone

import pytest

from governance.domain.csv_text import cell, table


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", " =1", "\t=1", "\r=1", "'=1", '"=1', "\uff1d1", "\u200b=1"]
)
def test_what_could_be_a_formula_begins_with_an_apostrophe(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["general", "1+1", "", "a=b", "Europe/Berlin"])
def test_other_text_is_as_it_is(text: str) -> None:
    assert cell(text) == text


def test_numbers_below_zero_stay_numbers_and_nothing_is_empty() -> None:
    assert (cell(-1.5), cell(0), cell(None)) == ("-1.5", "0", "")


def test_times_are_utc() -> None:
    local = datetime(2026, 11, 24, 10, tzinfo=timezone(timedelta(hours=1)))

    assert cell(local) == "2026-11-24T09:00:00.000000Z"
    assert cell(datetime(2026, 11, 24, tzinfo=UTC)) == "2026-11-24T00:00:00.000000Z"


def test_lines_end_as_rfc_4180_says_and_are_read_back() -> None:
    text = table(["a", "b"], [['say "x"', "two\nlines"]])

    assert text.startswith("a,b\r\n")
    assert list(csv.reader(io.StringIO(text, newline=""))) == [
        ["a", "b"], ['say "x"', "two\nlines"],
    ]  # fmt: skip
