"""Canonical JSON: whatever the way it is made, the bytes are those of RFC 8785."""

import json
import math
import struct

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from governance.domain import strict_json
from governance.domain.canonical import CanonicalError, canonical

finite = st.floats(allow_nan=False, allow_infinity=False)
leaves = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | finite | st.text()
keys = st.text(max_size=8)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(keys, inner, max_size=5)
)


def has_surrogate(value: object) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


@given(values)
def test_the_quick_way_gives_the_bytes_of_the_reference(value: object) -> None:
    if not has_surrogate(value):
        assert canonical(value) == rfc8785.dumps(value)


@given(st.dictionaries(keys, values, max_size=6))
def test_parsed_text_has_the_canonical_bytes_of_its_value(value: dict[str, object]) -> None:
    if has_surrogate(value) or "\x00" in json.dumps(value) or "\\u0000" in json.dumps(value):
        return
    parsed, text = strict_json.parse_with_canonical(orjson.dumps(value))
    assert parsed == value
    assert text == rfc8785.dumps(value)


@given(st.integers(0, 2**64 - 1))
def test_every_double_is_written_as_ecmascript_does(bits: int) -> None:
    (number,) = struct.unpack("d", struct.pack("Q", bits))
    if math.isfinite(number):
        assert canonical([number, {"x": number}]) == rfc8785.dumps([number, {"x": number}])


@given(st.floats(2.0**52, 1e22))
def test_large_whole_doubles_keep_their_digits(number: float) -> None:
    for value in (number, [number], {"x": -number}):
        assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": 1.0, "b": -0.0}, b'{"a":1,"b":0}'),
        ({"text": 'half ".0," in quotes', "n": 2.0}, b'{"n":2,"text":"half \\".0,\\" in quotes"}'),
        ({"text": "a:1.0,b"}, b'{"text":"a:1.0,b"}'),
        ([1e21, 1e-7], b"[1e+21,1e-7]"),
        ({"\U0001f600": 1, "\ufb33": 2}, '{"\U0001f600":1,"\ufb33":2}'.encode()),
        (1.0, b"1"),
    ],
)
def test_forms_on_which_writers_differ(value: object, text: bytes) -> None:
    assert canonical(value) == text


@pytest.mark.parametrize("value", [math.nan, [math.inf], {"a": None, "b": math.nan}, 2**53, b"x"])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(CanonicalError):
        canonical(value)
