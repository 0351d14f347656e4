"""Check a case file or an export with nothing but Python: no database, no network, no packages.

    python case_verifier.py FILE [--key NAME+ID+BASE64 ...]

This file travels with what it checks. It knows the four things that a record rests on: canonical
JSON (RFC 8785), the Merkle tree of the ledger (RFC 9162), Ed25519 signatures (RFC 8032) and signed
notes. Exit 0: everything holds. 1: something does not, and it is said what. 2: the file cannot be
read. Without --key the keys that the file itself names are believed, which is said as well.
"""

import base64
import hashlib
import hmac
import json
import sys
from pathlib import Path
from typing import Any

FORMAT = "countersign/case-file/1"
FIELDS = (
    "action", "actor", "at", "commitments", "detail", "id", "reason", "request_id", "sequence",
    "stream",
)  # fmt: skip
Json = dict[str, Any]


class Wrong(Exception):
    """Something in the file does not hold."""


# -- Canonical JSON: RFC 8785 ------------------------------------------------------------------


def canonical(value: object) -> bytes:
    """Return the one way to write `value`; Wrong when there is none."""
    return _written(value).encode("utf-8")


def _written(value: object) -> str:
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(f"{_written(key)}:{_written(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        raise Wrong(f"The number {value} has no canonical form.")
    return json.dumps(value, ensure_ascii=False)


def _number(value: float) -> str:
    """Return a double as ECMAScript writes it."""
    if value != value or value in (float("inf"), float("-inf")):
        raise Wrong("A number is not finite.")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, power = f"{abs(value)!r}".partition("e")
    whole, _, part = mantissa.partition(".")
    digits = (whole + part).lstrip("0")
    point = len(whole) + int(power or 0) - (len(whole + part) - len(digits))
    return sign + _placed(digits.rstrip("0"), point)


def _placed(digits: str, point: int) -> str:
    """Return digits with the decimal point after `point` of them."""
    count = len(digits)
    if count <= point <= 21:
        return digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    power = f"e{point - 1:+d}"
    return f"{digits[0]}.{digits[1:]}{power}" if count > 1 else f"{digits}{power}"


# -- The Merkle tree: RFC 9162 -----------------------------------------------------------------


def leaf_hash(data: bytes) -> bytes:
    """Return SHA-256(0x00 || data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def root_from(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """Return the root that an inclusion proof makes; Wrong when it cannot be one."""
    if not 0 <= index < size:
        raise Wrong(f"There is no leaf {index} among {size}.")
    node, rest, last = leaf, list(path), size - 1
    while last:
        if index % 2 or index < last:
            if not rest:
                raise Wrong("A proof is too short.")
            other = rest.pop(0)
            pair = other + node if index % 2 else node + other
            node = hashlib.sha256(b"\x01" + pair).digest()
        index, last = index // 2, last // 2
    if rest:
        raise Wrong("A proof is too long.")
    return node


# -- Ed25519: RFC 8032, section 5.1 ------------------------------------------------------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)

Point = tuple[int, int, int, int]


def _add(a: Point, b: Point) -> Point:
    s, t = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = t - s, d - c, d + c, t + s
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _times(scalar: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = _add(total, point)
        point, scalar = _add(point, point), scalar >> 1
    return total


def _same(a: Point, b: Point) -> bool:
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def _point(data: bytes) -> Point:
    """Return the point that 32 bytes stand for; Wrong when they stand for none."""
    number = int.from_bytes(data, "little")
    y, odd = number & ((1 << 255) - 1), number >> 255
    if len(data) != 32 or y >= P:
        raise Wrong("A key or signature is not of Ed25519.")
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and odd):
        raise Wrong("A key or signature is not of Ed25519.")
    if x % 2 != odd:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = _point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed_by(public: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether the Ed25519 key `public` made `signature` over `message`."""
    if len(signature) != 64:
        return False
    scalar = int.from_bytes(signature[32:], "little")
    if scalar >= ORDER:
        return False
    try:
        key, nonce = _point(public), _point(signature[:32])
    except Wrong:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    challenge = int.from_bytes(digest, "little") % ORDER
    return _same(_times(scalar, BASE), _add(nonce, _times(challenge, key)))


# -- Keys and signed notes ---------------------------------------------------------------------

Keys = dict[str, tuple[str, bytes]]


def keys_of(words: list[str]) -> Keys:
    """Return keys by their id, with name and bytes, from words of the form name+id+base64."""
    found: Keys = {}
    for word in words:
        name, _, rest = word.partition("+")
        key_id, _, encoded = rest.partition("+")
        value = decoded(encoded)
        made = hashlib.sha256(name.encode() + b"\n" + value).hexdigest()[:8]
        if len(value) != 33 or value[:1] != b"\x01" or made != key_id:
            raise Wrong(f"{word!r} is no key of the form name+id+base64.")
        found[key_id] = (name, value[1:])
    return found


def checkpoint_of(note: str, keys: Keys) -> tuple[int, bytes]:
    """Return size and root of a signed note; Wrong when no key of `keys` signed it."""
    text, _, lines = note.partition("\n\n")
    text += "\n"
    for line in lines.splitlines():
        name, _, encoded = line.removeprefix("\N{EM DASH} ").partition(" ")
        value = decoded(encoded)
        known = keys.get(value[:4].hex())
        if known and known[0] == name and signed_by(known[1], text.encode(), value[4:]):
            parts = text.splitlines()
            if len(parts) < 3 or not parts[1].isdecimal():
                break
            return int(parts[1]), decoded(parts[2])
    raise Wrong("No known key signed the checkpoint.")


def decoded(text: object) -> bytes:
    """Return what base64 stands for; nothing when it is none."""
    try:
        return base64.b64decode(str(text), validate=True)
    except ValueError:
        return b""


# -- The case file -----------------------------------------------------------------------------


def verify(raw: bytes, trusted: list[str] | None = None) -> list[str]:
    """Return what was checked, in words; Wrong says what does not hold.

    With `trusted` keys no other is believed; else those that the file names.
    """
    document = _parsed(raw)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise Wrong(f"This is no file of the format {FORMAT}.")
    try:
        return _checked(document, trusted)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise Wrong(f"Something is missing: {error}.") from None


def _checked(document: Json, trusted: list[str] | None) -> list[str]:
    ledger = document["ledger"]
    keys = keys_of(trusted or ledger["keys"])
    said = []
    if not trusted:
        said.append("The keys are those that the file names: compare them with published ones.")
    _signature(document, keys)
    said.append("The signature over the file holds.")
    size, root = checkpoint_of(ledger["checkpoint"], keys)
    events: Json = {}
    for entry in document["events"]:
        _event(entry, size, root)
        events[entry["leaf"]["id"]] = entry["leaf"]
    said.append(f"{len(events)} events are in the ledger of {size}, as they were written.")
    for opening in document["openings"]:
        _opening(opening, events)
    said.append(f"The texts are those that were committed to: {len(document['openings'])}.")
    _prediction(document["prediction"], events)
    said.append("The prediction and its routing are those that the ledger took.")
    return said


def _parsed(raw: bytes) -> object:
    def once(pairs: list[tuple[str, Any]]) -> Json:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise Wrong("A name stands twice in the file.")
        return found

    try:
        return json.loads(raw.decode("utf-8"), object_pairs_hook=once)
    except ValueError as error:
        raise Wrong(f"This is no whole JSON: {error}.") from None


def _signature(document: Json, keys: Keys) -> None:
    signature = document["signature"]
    rest = {name: value for name, value in document.items() if name != "signature"}
    known = keys.get(signature["key"])
    if known is None:
        raise Wrong(f"The key {signature['key']} is not known.")
    if not signed_by(known[1], canonical(rest), decoded(signature["value"])):
        raise Wrong("The signature over the file does not hold: it was altered.")


def _event(entry: Json, size: int, root: bytes) -> None:
    leaf = entry["leaf"]
    name = f"Event {leaf['stream']} #{leaf['sequence']}"
    if set(leaf) != set(FIELDS):
        raise Wrong(f"{name} has other fields than an event has.")
    made = leaf_hash(canonical(leaf))
    if made.hex() != entry["digest"]:
        raise Wrong(f"{name} is not what its digest was made of.")
    if entry["position"] is None:
        raise Wrong(f"{name} is not sealed yet: ask for the file again in a minute.")
    path = [bytes.fromhex(node) for node in entry["path"]]
    if root_from(made, entry["position"], size, path) != root:
        raise Wrong(f"{name} is not in the ledger.")


def _opening(opening: Json, events: Json) -> None:
    salt, value = bytes.fromhex(opening["salt"]), canonical(opening["value"])
    made = hmac.new(salt, value, hashlib.sha256).hexdigest()
    committed = events[opening["event"]]["commitments"][opening["field"]]
    if not hmac.compare_digest(made, committed):
        raise Wrong(f"The {opening['field']} of event {opening['event']} is another.")


def _prediction(prediction: Json, events: Json) -> None:
    call = events[prediction["call"]]["detail"]
    record = prediction["record"]
    path = [bytes.fromhex(node) for node in prediction["path"]]
    made = root_from(leaf_hash(canonical(record)), prediction["position"], call["size"], path)
    if made.hex() != call["root"]:
        raise Wrong("The prediction is not among those that the call brought.")
    told = prediction["trace"]
    if told is not None and hashlib.sha256(canonical(told)).hexdigest() != record["trace"]:
        raise Wrong("The trace of the routing is another.")
    content = prediction["content"]
    if content is None:
        return
    if hashlib.sha256(canonical(content)).hexdigest() != record["content"]:
        raise Wrong("The content of the prediction is another.")


def main(arguments: list[str]) -> int:
    """Check a file as the command line says."""
    words = [arguments[i + 1] for i, word in enumerate(arguments[:-1]) if word == "--key"]
    paths = [
        word
        for i, word in enumerate(arguments)
        if word != "--key" and (i == 0 or arguments[i - 1] != "--key")
    ]
    if len(paths) != 1:
        sys.stderr.write("usage: case_verifier.py FILE [--key NAME+ID+BASE64 ...]\n")
        return 2
    try:
        raw = Path(paths[0]).read_bytes()
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    try:
        for line in verify(raw, words or None):
            sys.stdout.write(f"{line}\n")
    except Wrong as error:
        sys.stderr.write(f"Wrong: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
