"""Canonical JSON after RFC 8785, quick where two writers provably agree."""

import hashlib
import re
from typing import Any

import orjson
import rfc8785

# Where orjson writes otherwise than RFC 8785: 1.0 for 1, an exponent, and keys in the order of
# their UTF-8 bytes, which differs from that of UTF-16 only beyond U+FFFF. A false alarm costs only
# time.
EXPONENT = re.compile(rb"(?:^|[:,\[])-?[\d.]+e[-+]\d")
ASTRAL = re.compile(rb"[\xf0-\xf4]")
OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER


class CanonicalError(ValueError):
    """The value has no canonical form: NaN, an integer beyond 2**53 - 1, or no JSON at all."""


def canonical(value: Any) -> bytes:
    """Return the RFC 8785 bytes of `value`; CanonicalError when it has none."""
    try:
        quick = orjson.dumps(value, option=OPTIONS)
    except (orjson.JSONEncodeError, RecursionError):
        quick = b""
    # orjson writes NaN as null: behind a null may be something that has no canonical form.
    if b"null" in quick:
        quick = b""
    return canonical_from_sorted(value, quick)


def canonical_from_sorted(value: Any, quick: bytes) -> bytes:
    """Return the RFC 8785 bytes of `value`, given its key-sorted orjson bytes (or nothing).

    `value` holds no NaN and no infinity where `quick` is given.
    """
    if quick and _alike(quick):
        if b".0," in quick or b".0}" in quick or b".0]" in quick or quick.endswith(b".0"):
            # A double beyond 2**53 that is written without an exponent has its own digits.
            return orjson.dumps(_whole(value), option=orjson.OPT_SORT_KEYS)
        return quick
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, RecursionError, ValueError) as error:
        raise CanonicalError(str(error)) from error


def _alike(quick: bytes) -> bool:
    if not quick.isascii() and ASTRAL.search(quick):
        return False
    return not ((b"e-" in quick or b"e+" in quick) and EXPONENT.search(quick))


def _whole(value: Any) -> Any:
    """Return `value` with whole floats as integers, which is how RFC 8785 writes them."""
    kind = type(value)
    if kind is dict:
        return {
            k: v
            if (t := type(v)) is str
            else (int(v) if v.is_integer() else v)
            if t is float
            else _whole(v)
            for k, v in value.items()
        }
    if kind is list or kind is tuple:
        return [_whole(v) for v in value]
    return int(value) if kind is float and value.is_integer() else value


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of `data` in hex."""
    return hashlib.sha256(data).hexdigest()


def digest(value: Any) -> str:
    """Return the SHA-256 of the canonical form of `value` in hex."""
    return sha256_hex(canonical(value))
