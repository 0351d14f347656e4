"""What a version of a model is registered with, checked."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from governance.domain.faults import Fault

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,119}", re.ASCII)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
WRONG_NAME = "1 to 120 of A-Z, a-z, 0-9, ., _, + and -, a letter or a digit first."
WRONG_DIGEST = "sha256: and the 64 hexadecimal digits of the artefact's SHA-256, in lower case."
WRONG_PLACE = "An address with its scheme, such as s3://bucket/model.onnx or file:model.bin."


@dataclass(frozen=True)
class Registration:
    """What is said of a version: `trained_on` pairs the slug and the number of datasets."""

    name: str
    version: str
    artifact_uri: str
    digest: str
    trained_on: tuple[tuple[str, int], ...] = ()
    parent: str = ""


def faults(wanted: Registration) -> tuple[Fault, ...]:
    """Return what is wrong with a registration by itself."""
    found = []
    if not NAME.fullmatch(wanted.name):
        found.append(Fault("", "name", f"The name of a model is {WRONG_NAME}"))
    if not NAME.fullmatch(wanted.version):
        found.append(Fault("/version", "name", f"A version is {WRONG_NAME}"))
    if not DIGEST.fullmatch(wanted.digest):
        found.append(Fault("/digest", "digest", WRONG_DIGEST))
    if fault := _place(wanted.artifact_uri):
        found.append(Fault("/artifact_uri", "uri", fault))
    for i, pair in enumerate(wanted.trained_on):
        if pair in wanted.trained_on[:i]:
            found.append(Fault(f"/trained_on/{i}", "duplicate", "This is named already."))
    return tuple(found)


def _place(uri: str) -> str:
    try:
        parts = urlsplit(uri)
        secret = parts.password
    except ValueError:
        return WRONG_PLACE
    if not parts.scheme or not (parts.netloc or parts.path) or not uri.isprintable():
        return WRONG_PLACE
    if secret:
        return "An address on record holds no password: leave it out."
    return ""
