"""What a row says of a prediction."""

import hashlib
import json
from collections import Counter
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from feedback.domain import rows

EXACT = st.integers(-(2**53) + 1, 2**53 - 1)
TEXT = st.text(st.characters(blacklist_categories=["Cs"]))
PLAIN = st.none() | st.booleans() | EXACT | TEXT | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(PLAIN, lambda v: st.lists(v, max_size=4) | st.dictionaries(TEXT, v, max_size=4))


@pytest.mark.parametrize(
    ("confidence", "band"),
    [
        (None, None), (0, "0.0-0.1"), (0.1, "0.1-0.2"), (0.29999, "0.2-0.3"), (0.3, "0.3-0.4"),
        (0.58, "0.5-0.6"), (0.7, "0.7-0.8"), (0.7999999999999999, "0.7-0.8"), (1, "0.9-1.0"),
    ],
)  # fmt: skip
def test_a_band_is_a_tenth_with_its_lower_edge(confidence: float | None, band: str) -> None:
    assert rows.confidence_band(confidence) == band


def test_a_split_can_be_computed_by_anybody() -> None:
    code = hashlib.sha256(b"7:intents:split:q-000017").digest()
    named = ["train"] * 8 + ["validation", "test"]
    assert rows.split_of("intents", "q-000017") == named[int.from_bytes(code[:8], "big") % 10]


def test_splits_are_eighty_ten_and_ten_in_a_hundred() -> None:
    counts = Counter(rows.split_of("intents", f"q-{i}") for i in range(20_000))
    assert counts["train"] / 20_000 == pytest.approx(0.8, abs=0.01)
    assert counts["test"] / 20_000 == pytest.approx(0.1, abs=0.01)


def test_a_weight_is_one_by_the_propensity_and_none_where_that_is_zero() -> None:
    assert (rows.weight_of(1), rows.weight_of(0.25), rows.weight_of(0)) == (1, 4, None)


def test_an_alias_is_stable_and_needs_the_key() -> None:
    assert rows.reviewer_alias(b"k" * 32, 7) == rows.reviewer_alias(b"k" * 32, 7)
    assert rows.reviewer_alias(b"k" * 32, 7) != rows.reviewer_alias(b"k" * 32, 8)
    assert rows.reviewer_alias(b"k" * 32, 7) != rows.reviewer_alias(b"l" * 32, 7)
    with pytest.raises(ValueError, match="key"):
        rows.reviewer_alias(b"", 7)


@given(JSON)
def test_a_value_is_written_as_rfc_8785_says_and_comes_back(value: Any) -> None:
    assert rows.row_json(value) == rfc8785.dumps(value)
    again = json.loads(rows.row_json(value))
    assert rows.row_json(again) == rows.row_json(value)


@pytest.mark.parametrize("value", [10**22, [10**300], {"a": -(10**25)}])
def test_a_large_double_that_a_database_gives_back_in_digits_is_a_double_again(value: Any) -> None:
    assert b"e+" in rows.row_json(value)
