"""Checkpoints as signed notes: text that a person can read and a program can check.

The form is that of the signed notes and log checkpoints of C2SP: three lines (origin, size, root in
base64), an empty line, and a line for each Ed25519 signature.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ED25519 = b"\x01"
DASH = "\N{EM DASH} "


class NoteError(ValueError):
    """The text is no signed note, or no signature of a known key holds."""


@dataclass(frozen=True)
class Verifier:
    """A name and the public key that signs under it."""

    name: str
    public: bytes

    @property
    def key_id(self) -> str:
        """Return the first 4 bytes of SHA-256(name || 0x0A || 0x01 || key), in hex."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).hexdigest()[:8]

    def __str__(self) -> str:
        """Return the key as one word, as it is published: name+id+base64."""
        return f"{self.name}+{self.key_id}+{_text(ED25519 + self.public)}"

    def holds(self, message: bytes, signature: bytes) -> bool:
        """Return whether this key made `signature` over `message`."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class Signer:
    """A name and the private key that signs under it: 32 bytes."""

    name: str
    seed: bytes

    @property
    def verifier(self) -> Verifier:
        """Return what checks the signatures."""
        key = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return Verifier(self.name, key.public_bytes(Encoding.Raw, PublicFormat.Raw))

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes of a signature."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)


@dataclass(frozen=True)
class Checkpoint:
    """What a log says of itself: how many leaves it has, and the root over them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return what is signed."""
        return f"{self.origin}\n{self.size}\n{_text(self.root)}\n"


def signed(checkpoint: Checkpoint, *signers: Signer) -> str:
    """Return the note: the text, an empty line, and the signatures."""
    text = checkpoint.text()
    lines = [_line(signer, text) for signer in signers]
    return f"{text}\n{''.join(lines)}"


def _line(signer: Signer, text: str) -> str:
    verifier = signer.verifier
    made = bytes.fromhex(verifier.key_id) + signer.sign(text.encode())
    return f"{DASH}{verifier.name} {_text(made)}\n"


def opened(note: str, known: dict[str, Verifier]) -> Checkpoint:
    """Return what a note says, if a key among `known` (by id) signed it; else NoteError."""
    text, _, signatures = note.partition("\n\n")
    text += "\n"
    if not _is_signed(text, signatures, known):
        raise NoteError("No known key signed this checkpoint.")
    return _parsed(text)


def _is_signed(text: str, signatures: str, known: dict[str, Verifier]) -> bool:
    for line in signatures.splitlines():
        name, _, made = line.removeprefix(DASH).partition(" ")
        value = _bytes(made)
        verifier = known.get(value[:4].hex())
        if verifier and verifier.name == name and verifier.holds(text.encode(), value[4:]):
            return True
    return False


def _parsed(text: str) -> Checkpoint:
    lines = text.splitlines()
    if len(lines) < 3 or not lines[1].isdecimal() or len(_bytes(lines[2])) != 32:
        raise NoteError("The text is no checkpoint: origin, size and root are its first lines.")
    return Checkpoint(lines[0], int(lines[1]), _bytes(lines[2]))


def verifier_of(word: str) -> Verifier:
    """Return the key that was published as one word; NoteError when it is none."""
    name, _, rest = word.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    value = _bytes(encoded)
    if len(value) != 33 or value[:1] != ED25519:
        raise NoteError(f"{word!r} is no Ed25519 key of the form name+id+base64.")
    verifier = Verifier(name, value[1:])
    if verifier.key_id != key_id:
        raise NoteError(f"The id of the key {word!r} is not that of its bytes.")
    return verifier


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
