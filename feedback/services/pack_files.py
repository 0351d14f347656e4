"""The files of an audit pack: staged on disk, then one zip whose bytes follow from them alone."""

import hashlib
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from governance.domain import merkle, signed_documents
from governance.domain.canonical import canonical
from governance.domain.pack_verifier import MANIFEST, PACK_FORMAT
from governance.domain.signed_notes import Signer

# The first moment that a zip can name: what it holds is dated by the scope, not by the clock.
NO_TIME = (1980, 1, 1, 0, 0, 0)
READABLE = 0o644 << 16
UNIX = 3
AT_ONCE = 2**20


@dataclass
class File:
    """A file while it is written: its digest, bytes and lines."""

    to: IO[bytes]
    digest: Any = field(default_factory=hashlib.sha256)
    size: int = 0
    rows: int = 0

    def write(self, data: bytes) -> None:
        """Write some bytes."""
        self.to.write(data)
        self.digest.update(data)
        self.size += len(data)

    def line(self, value: Any) -> None:
        """Write one value as a line of canonical JSON."""
        self.write(canonical(value) + b"\n")
        self.rows += 1


@dataclass
class Staging:
    """A folder in which the files of a pack are gathered."""

    folder: Path
    files: dict[str, File] = field(default_factory=dict)

    @contextmanager
    def open(self, name: str) -> Iterator[File]:
        """Give a file to be written; what it became is in `files`."""
        with (self.folder / name).open("wb") as to:
            file = File(to)
            yield file
        self.files[name] = file

    def lines(self, name: str, values: Iterable[Any]) -> int:
        """Write values as lines; return how many there were."""
        with self.open(name) as file:
            for value in values:
                file.line(value)
        return file.rows

    def text(self, name: str, text: str) -> None:
        """Write a text."""
        with self.open(name) as file:
            file.write(text.encode())

    def close(self, *, checkpoint: str, keys: list[str], signer: Signer) -> str:
        """Write the manifest over all files, signed; return the root over them in hex."""
        entries = [
            {"name": name, "sha256": file.digest.hexdigest(), "bytes": file.size}
            for name, file in sorted(self.files.items())
        ]
        root = merkle.root([merkle.leaf_hash(canonical(entry)) for entry in entries]).hex()
        manifest = {
            "format": PACK_FORMAT,
            "files": entries,
            "root": root,
            "checkpoint": checkpoint,
            "keys": keys,
        }
        with self.open(MANIFEST) as file:
            file.line(signed_documents.signed(manifest, signer))
        return root

    def zip(self, path: Path) -> None:
        """Write all files into one zip, by name."""
        with zipfile.ZipFile(path, "w") as zipped:
            for name in sorted(self.files):
                info = zipfile.ZipInfo(name, NO_TIME)
                info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, READABLE
                info.create_system, info.file_size = UNIX, self.files[name].size
                with (self.folder / name).open("rb") as file, zipped.open(info, "w") as to:
                    while piece := file.read(AT_ONCE):
                        to.write(piece)


def measured(path: Path) -> tuple[str, int]:
    """Return the SHA-256 in hex and the size of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size
