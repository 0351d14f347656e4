"""Canonical JSON after RFC 8785, quick where two writers provably agree."""

import hashlib
import re
from typing import Any

import orjson
import rfc8785

# Where orjson writes a number otherwise than RFC 8785 does: 1.0 for 1, and exponents. A match
# inside a string only costs time.
DIFFERS = re.compile(rb"(?:\.0|\de[-+]?\d+)(?:[,}\]]|$)")


class CanonicalError(ValueError):
    """The value has no canonical form: NaN, an integer beyond 2**53 - 1, or no JSON at all."""


def canonical(value: Any) -> bytes:
    """Return the RFC 8785 bytes of `value`; CanonicalError when it has none."""
    try:
        quick = orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)
    except (orjson.JSONEncodeError, RecursionError):
        quick = b""
    return canonical_from_sorted(value, quick)


def canonical_from_sorted(value: Any, quick: bytes) -> bytes:
    """Return the RFC 8785 bytes of `value`, given its key-sorted orjson bytes (or nothing)."""
    # NaN is written as null, so a null needs the slow way only when a float could be behind it.
    if quick and quick.isascii() and not DIFFERS.search(quick) and b"null" not in quick:
        return quick
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, RecursionError, ValueError) as error:
        raise CanonicalError(str(error)) from error


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of `data` in hex."""
    return hashlib.sha256(data).hexdigest()


def digest(value: Any) -> str:
    """Return the SHA-256 of the canonical form of `value` in hex."""
    return sha256_hex(canonical(value))
