"""JSON from strangers: what RFC 8259 leaves open is refused, with the place where it stands."""

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

import orjson

from governance.domain.canonical import (
    EXPONENT,
    OPTIONS,
    CanonicalError,
    canonical_from_sorted,
)

MAX_DEPTH = 32
MAX_INTEGER = 2**53 - 1
SURROGATE = re.compile("[\ud800-\udfff]")


class MalformedJSON(ValueError):
    """The bytes are not JSON that is taken. `pointer` is where, as a JSON Pointer."""

    def __init__(self, code: str, detail: str, pointer: str = "") -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.pointer = pointer


def escape(key: object) -> str:
    """Return a key as a reference token of a JSON Pointer (RFC 6901)."""
    return str(key).replace("~", "~0").replace("/", "~1")


def parse(raw: bytes) -> Any:
    """Return the value of `raw`, or raise MalformedJSON."""
    return parse_with_canonical(raw)[0]


def parse_with_canonical(raw: bytes) -> tuple[Any, bytes]:
    """Return the value of `raw` and its RFC 8785 bytes, or raise MalformedJSON.

    Refused are duplicate keys, U+0000, lone surrogates, NaN and infinities, integers beyond
    2**53 - 1, nesting deeper than MAX_DEPTH, and bytes that are not UTF-8.
    """
    if b"\\u00" not in raw:
        try:
            value = orjson.loads(raw)
            quick = orjson.dumps(value, option=OPTIONS)
        except (ValueError, TypeError):
            return _parse_slowly(raw)
        if _taken_whole(value, raw, quick):
            return value, canonical_from_sorted(value, quick)
    return _parse_slowly(raw)


def _taken_whole(value: Any, raw: bytes, quick: bytes) -> bool:
    """Return whether `value` is certainly all that `raw` says, and within bounds.

    A dropped duplicate takes at least the two quotes of its key with it, and without an escaped
    quote in hexadecimal nothing else changes how many there are. An integer beyond 64 bits became a
    float, which is written with an exponent.
    """
    return (
        quick.count(b'"') == raw.count(b'"')
        and not (b"e+" in quick and EXPONENT.search(quick))
        and not _is_deep(value, quick)
    )


def _is_deep(value: Any, text: bytes) -> bool:
    """Return whether a value of at most 1024 levels, which orjson takes, is too deep."""
    return text.count(b"{") + text.count(b"[") > MAX_DEPTH and _depth(value) > MAX_DEPTH


def _depth(value: Any) -> int:
    level, depth = [value], 0
    while level := [entry for entry in level if isinstance(entry, dict | list)]:
        depth += 1
        if depth > MAX_DEPTH:
            break
        level = [m for e in level for m in (e.values() if isinstance(e, dict) else e)]
    return depth


class _Pairs(list[tuple[str, Any]]):
    """The members of an object as they stand, so that duplicates can be seen."""


def _parse_slowly(raw: bytes) -> tuple[Any, bytes]:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedJSON("encoding", f"Not UTF-8 at byte {error.start}.") from None
    _refuse_depth(text)
    try:
        parsed = json.loads(
            text, object_pairs_hook=_Pairs, parse_int=_integer, parse_constant=_constant
        )
    except MalformedJSON:
        raise
    except ValueError as error:
        at = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise MalformedJSON("syntax", f"Not JSON{at}.") from None
    value = _checked(parsed, "")
    try:
        return value, canonical_from_sorted(value, b"")
    except CanonicalError as error:
        raise MalformedJSON("value", str(error)) from None


def _refuse_depth(text: str) -> None:
    depth, in_string, escaped = 0, False, False
    for character in text:
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_string = True
        elif character in "{[":
            depth += 1
            if depth > MAX_DEPTH:
                raise MalformedJSON("depth", f"Nested deeper than {MAX_DEPTH} levels.")
        elif character in "}]":
            depth -= 1


class _TooLarge:
    """Stands for an integer that is refused once its place is known."""


def _integer(digits: str) -> Any:
    if len(digits) > 17 or abs(int(digits)) > MAX_INTEGER:
        return _TooLarge()
    return int(digits)


def _constant(name: str) -> NoReturn:
    raise MalformedJSON("number", f"{name} is not a JSON number.")


def _checked(value: Any, pointer: str) -> Any:
    if isinstance(value, _Pairs):
        return dict(_members(value, pointer))
    if isinstance(value, list):
        return [_checked(entry, f"{pointer}/{i}") for i, entry in enumerate(value)]
    if isinstance(value, _TooLarge):
        raise MalformedJSON("number", "The integer is beyond 2**53 - 1.", pointer)
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        raise MalformedJSON("number", "The number is out of range.", pointer)
    if isinstance(value, str):
        _refuse_text(value, pointer)
    return value


def _members(pairs: _Pairs, pointer: str) -> Iterator[tuple[str, Any]]:
    seen: set[str] = set()
    for key, member in pairs:
        _refuse_text(key, pointer)
        place = f"{pointer}/{escape(key)}"
        if key in seen:
            raise MalformedJSON("duplicate_key", f"The key {key[:60]!r} stands twice.", place)
        seen.add(key)
        yield key, _checked(member, place)


def _refuse_text(text: str, pointer: str) -> None:
    if "\x00" in text:
        raise MalformedJSON("nul", "Text must not hold U+0000.", pointer)
    if SURROGATE.search(text):
        raise MalformedJSON("surrogate", "Text must not hold a lone surrogate.", pointer)
