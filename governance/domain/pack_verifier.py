"""Check an audit pack: every file of it, every event, and every text against what was committed.

This is the second half of the file `verify.py` of a pack; governance.domain.case_verifier is the
first. It reads line by line, so that the largest pack fits into memory.
"""

import hashlib
import hmac
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from governance.domain import case_verifier
from governance.domain.case_verifier import (
    FIELDS,
    Json,
    Keys,
    Wrong,
    canonical,
    checkpoint_of,
    decoded,
    keys_of,
    leaf_hash,
    root_from,
    signed_by,
)

PACK_FORMAT = "countersign/audit-pack/1"
MANIFEST = "manifest.json"
AT_ONCE = 2**20


class Pack:
    """The files of a pack, in a zip or in the folder where it was unpacked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.zipped = None if path.is_dir() else zipfile.ZipFile(path)

    def names(self) -> list[str]:
        """Return the name of each file; twice, where two have one name."""
        if self.zipped is not None:
            return sorted(self.zipped.namelist())
        files = [each for each in self.path.rglob("*") if each.is_file() or each.is_symlink()]
        return sorted(str(each.relative_to(self.path).as_posix()) for each in files)

    def open(self, name: str) -> IO[bytes]:
        """Return a file to be read; Wrong when it is missing or damaged."""
        try:
            return (self.path / name).open("rb") if self.zipped is None else self.zipped.open(name)
        except (KeyError, OSError, zipfile.BadZipFile) as error:
            raise Wrong(f"{name} cannot be read: {error}.") from None

    def lines(self, name: str) -> Iterator[Json]:
        """Return the objects of a file, one of each line."""
        with self.open(name) as file:
            for number, line in enumerate(file, start=1):
                try:
                    yield json.loads(line)
                except ValueError:
                    raise Wrong(f"Line {number} of {name} is no JSON.") from None


def verify_pack(path: Path, trusted: list[str] | None = None) -> list[str]:
    """Return what was checked, in words; Wrong says what does not hold, and of which file."""
    try:
        return _of_pack(Pack(path), trusted)
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        raise Wrong(f"Something is missing: {error}.") from None
    except (zipfile.BadZipFile, EOFError) as error:
        raise Wrong(f"The pack is damaged: {error}.") from None


def _of_pack(pack: Pack, trusted: list[str] | None) -> list[str]:
    said = []
    with pack.open(MANIFEST) as file:
        manifest = json.load(file)
    if manifest["format"] != PACK_FORMAT:
        raise Wrong(f"{MANIFEST} is not of the format {PACK_FORMAT}.")
    keys = keys_of(trusted or manifest["keys"])
    if not trusted:
        said.append("The keys are those that the pack names: compare them with published ones.")
    _manifest_signed(manifest, keys)
    _files(pack, manifest)
    said.append(f"{len(manifest['files'])} files are what was signed, and none is missing.")
    size, root = checkpoint_of(manifest["checkpoint"], keys)
    said.append(f"{_earlier(pack, size, root, keys)} copied checkpoints are the start of it.")
    events, texts = _events(pack, size, root)
    said.append(f"{events} events are in the ledger of {size}, as they were written.")
    said.append(f"{texts} texts are those that were committed to.")
    return said


def _manifest_signed(manifest: Json, keys: Keys) -> None:
    signature = manifest["signature"]
    rest = {name: value for name, value in manifest.items() if name != "signature"}
    known = keys.get(signature["key"])
    if known is None:
        raise Wrong(f"The key {signature['key']} of {MANIFEST} is not known.")
    value = decoded(signature["value"])
    if not signed_by(known[1], canonical(rest), value):
        raise Wrong(f"The signature over {MANIFEST} does not hold: it was altered.")


def _files(pack: Pack, manifest: Json) -> None:
    listed = {entry["name"]: entry for entry in manifest["files"]}
    there = [name for name in pack.names() if name != MANIFEST]
    for name in sorted(listed.keys() - set(there)):
        raise Wrong(f"{name} is missing.")
    for name in sorted(set(there) - listed.keys()):
        raise Wrong(f"{name} does not belong to the pack.")
    if len(there) != len(listed):
        raise Wrong("A file stands in the pack twice.")
    leaves = []
    for name, entry in sorted(listed.items()):
        if _measured(pack, name) != (entry["sha256"], entry["bytes"]):
            raise Wrong(f"{name} was altered.")
        leaves.append(leaf_hash(canonical(entry)))
    if _root_of(leaves).hex() != manifest["root"]:
        raise Wrong(f"The root in {MANIFEST} is not that of its files.")


def _measured(pack: Pack, name: str) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with pack.open(name) as file:
        try:
            while piece := file.read(AT_ONCE):
                digest.update(piece)
                size += len(piece)
        except (zipfile.BadZipFile, OSError, EOFError) as error:
            raise Wrong(f"{name} was altered: {error}.") from None
    return digest.hexdigest(), size


def _root_of(level: list[bytes]) -> bytes:
    """Return the root over leaf hashes: RFC 9162, by pairs from below."""
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        above = [hashlib.sha256(b"\x01" + left + right).digest() for left, right in pairs]
        level = above + level[-1:] if len(level) % 2 else above
    return level[0] if level else hashlib.sha256(b"").digest()


def _earlier(pack: Pack, size: int, root: bytes, keys: Keys) -> int:
    """Check that the ledger of each copied checkpoint is the start of that of the pack."""
    count = 0
    for line in pack.lines("checkpoints.jsonl"):
        old, before = checkpoint_of(line["note"], keys)
        path = [bytes.fromhex(node) for node in line["path"]]
        if not _continues(old, before, size, root, path):
            raise Wrong(f"The checkpoint of {old} in checkpoints.jsonl is of another ledger.")
        count += 1
    return count


def _continues(old: int, before: bytes, new: int, after: bytes, path: list[bytes]) -> bool:
    """Return whether `path` proves that `new` leaves begin with `old`: RFC 9162, 2.1.4.2."""
    if old == new:
        return not path and before == after
    if not 0 < old < new:
        return False
    rest = [before, *path] if old & (old - 1) == 0 else list(path)
    return bool(rest) and _replayed(old - 1, new - 1, rest) == (before, after)


def _replayed(first: int, last: int, path: list[bytes]) -> tuple[bytes, bytes] | None:
    """Return the two roots that a proof of consistency makes."""
    while first % 2:
        first, last = first // 2, last // 2
    left = right = path[0]
    for node in path[1:]:
        if last == 0:
            return None
        if first % 2 or first == last:
            left = hashlib.sha256(b"\x01" + node + left).digest()
            right = hashlib.sha256(b"\x01" + node + right).digest()
            while first and not first % 2:
                first, last = first // 2, last // 2
        else:
            right = hashlib.sha256(b"\x01" + right + node).digest()
        first, last = first // 2, last // 2
    return (left, right) if last == 0 else None


def _events(pack: Pack, size: int, root: bytes) -> tuple[int, int]:
    """Check each event with its proof, and the texts it committed to; return how many of each."""
    proofs, texts = pack.lines("proofs.jsonl"), pack.lines("decisions.jsonl")
    text = next(texts, None)
    events = opened = 0
    for leaf in pack.lines("events.jsonl"):
        events += 1
        _proved(leaf, next(proofs, None), size, root)
        while text is not None and text["event"] == leaf["id"]:
            opened += _opened(text, leaf)
            text = next(texts, None)
    if next(proofs, None) is not None:
        raise Wrong("proofs.jsonl has a proof of no event.")
    if text is not None:
        raise Wrong(f"decisions.jsonl tells of the event {text['event']}, which is not there.")
    return events, opened


def _proved(leaf: Json, proof: Json | None, size: int, root: bytes) -> None:
    name = f"Event {leaf['stream']} #{leaf['sequence']} of events.jsonl"
    if set(leaf) != set(FIELDS):
        raise Wrong(f"{name} has other fields than an event has.")
    if proof is None or proof["id"] != leaf["id"]:
        raise Wrong(f"{name} has no proof.")
    path = [bytes.fromhex(node) for node in proof["path"]]
    if root_from(leaf_hash(canonical(leaf)), proof["position"], size, path) != root:
        raise Wrong(f"{name} is not in the ledger.")


def _opened(text: Json, leaf: Json) -> int:
    """Check what opens the commitments of an event; return how many texts that were."""
    for opening in text["openings"]:
        salt, value = bytes.fromhex(opening["salt"]), canonical(opening["value"])
        made = hmac.new(salt, value, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(made, leaf["commitments"][opening["field"]]):
            raise Wrong(f"The {opening['field']} of event {leaf['id']} is another.")
    return len(text["openings"])


def main(arguments: list[str]) -> int:
    """Check a pack, or a case file, as the command line says."""
    words = [arguments[i + 1] for i, word in enumerate(arguments[:-1]) if word == "--key"]
    paths = [
        word
        for i, word in enumerate(arguments)
        if word != "--key" and (i == 0 or arguments[i - 1] != "--key")
    ]
    if len(paths) != 1:
        sys.stderr.write("usage: verify.py PACK.zip|FOLDER|CASE.json [--key NAME+ID+BASE64 ...]\n")
        return 2
    path = Path(paths[0])
    try:
        if path.is_dir() or zipfile.is_zipfile(path):
            said = verify_pack(path, words or None)
        else:
            said = case_verifier.verify(path.read_bytes(), words or None)
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except Wrong as error:
        sys.stderr.write(f"Wrong: {error}\n")
        return 1
    sys.stdout.write("".join(f"{line}\n" for line in said))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
