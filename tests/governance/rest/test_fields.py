"""What fields take, and how values are written."""

import uuid
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.exceptions import InvalidInput
from governance.rest import etags, pagination, renderers
from governance.rest.serializers import (
    MomentField,
    MoneyField,
    ShareField,
    StrictCharField,
    StrictSerializer,
    validated,
)


class Body(StrictSerializer):
    name = StrictCharField(required=False)
    share = ShareField(required=False)
    at = MomentField(required=False)
    cost = MoneyField(required=False)


@settings(deadline=None)
@given(st.integers(0, 10**11 - 1), st.integers(0, 4), st.integers(0, 9999))
def test_money_is_read_and_written_to_the_last_digit(whole: int, places: int, rest: int) -> None:
    decimals = f"{rest:04}"[:places]
    text = f"{whole}.{decimals}" if places else str(whole)
    amount = validated(Body, {"cost": text})["cost"]
    assert amount == Decimal(text)
    assert MoneyField().to_representation(amount) == text


@settings(deadline=None)
@given(st.one_of(st.floats(), st.booleans(), st.none(), st.text(), st.lists(st.text())))
def test_a_share_is_a_number_from_0_to_1_and_nothing_else(value: Any) -> None:
    good = isinstance(value, float) and 0 <= value <= 1
    if good:
        assert validated(Body, {"share": value}) == {"share": value}
    else:
        with pytest.raises(InvalidInput) as caught:
            validated(Body, {"share": value})
        assert caught.value.faults[0].pointer == "/share"


@pytest.mark.parametrize("value", [7, True, ["x"], {"a": 1}, None, "", "  "])
def test_text_is_text(value: Any) -> None:
    with pytest.raises(InvalidInput):
        validated(Body, {"name": value})


def test_a_moment_is_told_in_utc() -> None:
    read = validated(Body, {"at": "2026-11-20T10:30:00.5+01:30"})["at"]
    assert read == datetime(2026, 11, 20, 9, 0, 0, 500_000, tzinfo=UTC)


def test_every_unknown_field_is_named_with_an_escaped_pointer() -> None:
    with pytest.raises(InvalidInput) as caught:
        validated(Body, {"nmae": 1, "a/b~": 2})
    told = {fault.pointer: fault for fault in caught.value.faults}
    assert set(told) == {"/nmae", "/a~1b~0"}
    assert "'name'" in told["/nmae"].detail


def test_times_and_ids_are_written_alike_everywhere() -> None:
    shown = {
        "at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=1))),
        "id": uuid.UUID("01900000-0000-7000-8000-000000000000"),
        "set": frozenset(("a",)),
    }
    assert orjson.loads(renderers.dumps(shown)) == {
        "at": "2026-01-02T02:04:05.000000Z",
        "id": "01900000-0000-7000-8000-000000000000",
        "set": ["a"],
    }
    with pytest.raises(TypeError):
        renderers.dumps({"money": Decimal("1.5")})


@settings(deadline=None)
@given(st.uuids(), st.booleans())
def test_a_cursor_is_read_as_it_was_written(key: uuid.UUID, older: bool) -> None:
    cursor = pagination.Cursor(key, older)
    assert pagination.Cursor.parse(cursor.text()) == cursor


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    try:
        cursor = pagination.Cursor.parse(text)
    except InvalidInput:
        return
    assert pagination.Cursor.parse(cursor.text()) == cursor


def test_a_tag_is_quoted() -> None:
    assert etags.etag("abc") == '"abc"'
