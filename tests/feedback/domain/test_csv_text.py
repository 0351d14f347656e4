"""CSV that spreadsheets and programs can both read."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.domain import csv_text
from feedback.domain.rows import FIELDS, row_json

TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"))
FORMULAS = [
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1+1", "\tx", " =1+1", '"=1+1',
    "'=1+1", "' =1+1", "\u00a0=1+1", "\u3000=1+1", "\u200b=1+1", "\ufeff=1+1", "\uff1d1+1",
    "\uff0b1+1", "\uff0d1+1", "\uff20SUM(A1)", "\u201c=1+1", "\uff02=1+1", "-", "=",
    "=cmd|' /C calc'!A0", '=HYPERLINK("http://x.example","y")', "\x0b=1", "\x1f=1", "\u22121",
]  # fmt: skip
HARMLESS = [
    "q-000017", "", "a=b", "1-2", "x@example.org", "'quoted'", '"quoted"', " text", "über",
    '{"a":1}', "[1]", "#=1", "0", "2026-11-24T10:00:00Z", "a\tb", "a\r\n=b", "'",
]  # fmt: skip


def restored(cell: str) -> str:
    """Take the guard away again, as the documentation says."""
    if cell.startswith("'") and csv_text.guarded(cell[1:]) != cell[1:]:
        return cell[1:]
    return cell


def a_row(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(FIELDS)
    return row | {"external_id": "a", "rationale": "", "reason_codes": [], "model": {}} | changes


def read(*rows: dict[str, Any], raw: bool = False) -> list[dict[str, str]]:
    content = csv_text.header() + csv_text.lines(rows, raw=raw)
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


@pytest.mark.parametrize("cell", FORMULAS)
def test_what_could_be_a_formula_is_guarded(cell: str) -> None:
    (row,) = read(a_row(external_id=cell))
    assert row["external_id"] == f"'{cell}"
    assert restored(row["external_id"]) == cell


@pytest.mark.parametrize("cell", HARMLESS)
def test_what_cannot_be_a_formula_stays_as_it_is(cell: str) -> None:
    (row,) = read(a_row(external_id=cell))
    assert row["external_id"] == cell


@pytest.mark.parametrize("cell", FORMULAS)
def test_raw_cells_stay_as_they_are(cell: str) -> None:
    (row,) = read(a_row(external_id=cell), raw=True)
    assert row["external_id"] == cell


def test_numbers_are_numbers_and_null_is_empty() -> None:
    (row,) = read(a_row(confidence=0.5, weight=14.25, guideline_version=2, propensity=1e-7))
    assert (row["confidence"], row["weight"], row["guideline_version"]) == ("0.5", "14.25", "2")
    assert (row["propensity"], row["agreement"]) == ("1e-7", "")


def test_lines_end_as_rfc_4180_says_and_quotes_are_doubled() -> None:
    content = csv_text.lines([a_row(external_id='a"b', rationale="c,d\r\ne")], raw=False)
    assert content.startswith(b'"a""b",')
    assert b'"c,d\r\ne"' in content
    assert content.endswith(b"\r\n")


@given(TEXT, TEXT)
def test_any_text_comes_back(external_id: str, rationale: str) -> None:
    row = a_row(external_id=external_id, rationale=rationale)
    (safe,), (raw,) = read(row), read(row, raw=True)
    assert (restored(safe["external_id"]), restored(safe["rationale"])) == (external_id, rationale)
    assert (raw["external_id"], raw["rationale"]) == (external_id, rationale)


@given(
    st.recursive(st.none() | st.booleans() | TEXT, lambda v: st.lists(v) | st.dictionaries(TEXT, v))
)
def test_any_value_comes_back_as_json(value: Any) -> None:
    (row,) = read(a_row(input={"value": value}))
    assert row["input"].encode() == row_json({"value": value})


def test_the_bytes_are_those_of_the_first_release() -> None:
    # Versions that were sealed long ago are written anew for each download.
    row = a_row(external_id="-a", input={"é": [1.5, "=", None]}, confidence=1.0, rationale="a\nb")
    assert csv_text.header() + csv_text.lines([row], raw=False) == (
        b"external_id,input,output,scores,confidence,confidence_band,scenario_type,characteristics,"
        b"model,tier,verdict,answer,reason_codes,rationale,decisions,agreement,propensity,weight,"
        b"resolved_at,resolution_kind,split,guideline_version\r\n"
        b'\'-a,"{""\xc3\xa9"":[1.5,""="",null]}",,,1,,,,{},,,,[],"a\nb",,,,,,,,\r\n'
    )
