"""Keys that a local installation makes for itself at its first start."""

import os
import secrets
import tempfile
from pathlib import Path


def kept(folder: Path, name: str) -> str:
    """Return the key `name` in `folder`, made on first use; only the owner may read it.

    Several processes that start at once all get the same key. OSError when it cannot be written.
    """
    path = folder / name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _publish(secrets.token_hex(32), path)
    return path.read_text(encoding="ascii").strip()


def _publish(key: str, path: Path) -> None:
    descriptor, draft = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)
    except FileExistsError:
        return
    finally:
        Path(draft).unlink()
