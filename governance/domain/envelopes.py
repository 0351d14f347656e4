"""Envelopes: what is sealed under a key of its own, which is sealed under the key of the site.

AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits. The associated data binds a sealed
text to what it belongs to, so that it cannot be moved to another row.
"""

import base64
import hmac
import secrets
from collections.abc import Iterable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE = 12
TOKENS = b"countersign subject tokens"
KEYS = b"countersign subject keys"


class CannotOpen(ValueError):
    """The key is another one, or what was sealed has been altered."""


def new_key() -> bytes:
    """Return a new key of 256 bits."""
    return secrets.token_bytes(KEY_BYTES)


def derived(key: bytes, label: bytes) -> bytes:
    """Return the key for one use: HMAC-SHA256(key, label)."""
    return hmac.digest(key, label, "sha256")


def seal(key: bytes, text: str, *, about: str) -> str:
    """Return `text` sealed under `key` for what `about` names, as base64 text."""
    nonce = secrets.token_bytes(NONCE)
    sealed = AESGCM(key).encrypt(nonce, text.encode(), about.encode())
    return base64.b64encode(nonce + sealed).decode()


def opened(key: bytes, sealed: str, *, about: str) -> str:
    """Return what was sealed; CannotOpen with another key, or for something else."""
    try:
        raw = base64.b64decode(sealed, validate=True)
        return AESGCM(key).decrypt(raw[:NONCE], raw[NONCE:], about.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise CannotOpen(f"What was sealed for {about} does not open.") from error


def token(key: bytes, reference: str) -> str:
    """Return the keyed hash by which a reference to a person is found again, in hex.

    Without the key nobody can tell which reference it stands for, not even by trying all of them.
    """
    return hmac.digest(derived(key, TOKENS), reference.encode(), "sha256").hex()


def tokens(keys: Iterable[bytes], reference: str) -> list[str]:
    """Return the keyed hash of a reference under each of `keys`, in their order."""
    return [token(key, reference) for key in keys]


def opened_by_any(keys: Sequence[bytes], sealed: str, *, about: str) -> tuple[int, str]:
    """Return the place of the first of `keys` that opens it, and what it held; else CannotOpen."""
    for place, key in enumerate(keys):
        try:
            return place, opened(key, sealed, about=about)
        except CannotOpen:
            continue
    raise CannotOpen(f"What was sealed for {about} opens with none of {len(keys)} keys.")
