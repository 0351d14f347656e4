"""Time stamps of an authority (RFC 3161): that a text existed at a time which nobody here sets.

The library is an extra (`countersign[timestamp]`), so it is imported where it is needed alone.
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from typing import Any

from cryptography import x509

LIBRARY = "rfc3161_client"
SHA256 = "2.16.840.1.101.3.4.2.1"
GRANTED = 0


class BadTimestamp(ValueError):
    """What an authority answered is no time stamp of the text, or not by whom it should be."""


@dataclass(frozen=True)
class Request:
    """A question to an authority: the bytes to send, and the number that its answer repeats."""

    body: bytes
    nonce: int


def available() -> bool:
    """Return whether the library is installed."""
    return find_spec(LIBRARY) is not None


def certificates(pem: bytes) -> list[x509.Certificate]:
    """Return the certificates of a PEM file; BadTimestamp when there is none."""
    try:
        found = x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise BadTimestamp(f"There is no certificate: {error}") from None
    if not found:
        raise BadTimestamp("There is no certificate.")
    return found


def request_for(text: str) -> Request:
    """Return the question for a stamp of `text`, by its SHA-256, with a number used once."""
    from rfc3161_client import (  # noqa: PLC0415 - an extra
        HashAlgorithm,
        TimestampRequestBuilder,
    )

    builder = TimestampRequestBuilder().data(text.encode()).hash_algorithm(HashAlgorithm.SHA256)
    made = builder.build()
    if made.nonce is None:
        raise BadTimestamp("The question has no number.")
    return Request(made.as_bytes(), made.nonce)


def checked(
    answer: bytes, text: str, *, roots: Sequence[x509.Certificate] = (), nonce: int | None = None
) -> datetime:
    """Return when an authority stamped `text`; BadTimestamp when `answer` does not say so.

    Without `roots` nobody vouches for the authority: then only what is stamped is checked.
    """
    from rfc3161_client import decode_timestamp_response  # noqa: PLC0415 - an extra

    try:
        response = decode_timestamp_response(answer)
        if response.status != GRANTED:
            raise BadTimestamp("The authority gave no stamp.")
        told = response.tst_info
        made_of, algorithm = told.message_imprint.message, told.message_imprint.hash_algorithm
    except ValueError as error:
        raise BadTimestamp(f"This is no answer of a time-stamp authority: {error}") from None
    digest = hashlib.sha256(text.encode()).digest()
    if algorithm.dotted_string != SHA256 or made_of != digest:
        raise BadTimestamp("The stamp is of another text.")
    if nonce is not None and told.nonce != nonce:
        raise BadTimestamp("The answer is to another question.")
    if roots:
        _vouched(response, digest, roots)
    moment: datetime = told.gen_time
    return moment


def _vouched(response: Any, digest: bytes, roots: Sequence[x509.Certificate]) -> None:
    from rfc3161_client import VerificationError, VerifierBuilder  # noqa: PLC0415 - an extra

    builder = VerifierBuilder()
    for root in roots:
        builder = builder.add_root_certificate(root)
    try:
        builder.build().verify(response, digest)
    except (VerificationError, ValueError) as error:
        raise BadTimestamp(f"No known authority signed the stamp: {error}") from None


def as_text(answer: bytes) -> str:
    """Return an answer as it is kept."""
    return base64.b64encode(answer).decode()


def from_text(kept: str) -> bytes:
    """Return the answer that was kept; BadTimestamp when it is none."""
    try:
        return base64.b64decode(kept, validate=True)
    except binascii.Error:
        raise BadTimestamp("The token is no base64.") from None
