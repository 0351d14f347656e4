"""The leaf of an event: the bytes that its digest is made of."""

import hashlib
from collections.abc import Mapping
from typing import Any

from governance.domain.canonical import canonical

LEAF = b"\x00"
FIELDS = (
    "action", "actor", "at", "commitments", "detail", "id", "reason", "request_id", "sequence",
    "stream",
)  # fmt: skip


def digest(event: Mapping[str, Any]) -> str:
    """Return SHA-256(0x00 || RFC 8785 of FIELDS) in hex, as RFC 9162 hashes a leaf.

    `at` is RFC 3339 in UTC with six digits, `id` a UUID as text, `actor` a number or None.
    """
    return hashlib.sha256(LEAF + canonical({name: event[name] for name in FIELDS})).hexdigest()
