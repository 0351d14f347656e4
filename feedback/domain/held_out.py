"""Rows by which models are judged: as they are sent, and as they are kept."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from feedback.domain.rows import row_json
from governance.domain.documents.fields import suggestion
from governance.domain.faults import Fault
from governance.domain.strict_json import escape
from reviews.domain.answers import answer_faults
from reviews.domain.intake import CHECKS

REQUIRED = ("external_id", "input", "answer")
OPTIONAL = ("scenario_type", "characteristics", "subject_ref")
OF_ROW: Mapping[str, Any] = {**CHECKS, "subject_ref": CHECKS["external_id"]}
MOST_FAULTS = 1_000
NO_SLICE = "(none)"


class InvalidRows(ValueError):
    """Rows are not valid; each fault points at the place of a line, or below it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} faults; nothing was taken.")
        self.faults = tuple(faults[:MOST_FAULTS])


@dataclass(frozen=True, slots=True)
class HeldOutRow:
    """A row as it is kept: `content` is one line of RFC 8785 JSON."""

    external_id: str
    content: str
    input_digest: bytes
    subject_ref: str
    scenario_type: str


@dataclass(frozen=True)
class HeldOut:
    """What a pipeline holds out, by the three ways in which a row can be the same as another."""

    external_ids: frozenset[str] = frozenset()
    inputs: frozenset[bytes] = frozenset()
    subjects: frozenset[str] = field(default=frozenset(), repr=False)

    def __bool__(self) -> bool:
        return bool(self.external_ids)

    def holds(self, external_id: str, input_digest: bytes, subject_ref: str) -> bool:
        """Return whether a row is held out: by its name, its content or whom it is about."""
        return (
            external_id in self.external_ids
            or input_digest in self.inputs
            or bool(subject_ref and subject_ref in self.subjects)
        )


def input_digest(text: str) -> bytes:
    """Return what tells an input from another: the SHA-256 of its RFC 8785 JSON."""
    return hashlib.sha256(text.encode()).digest()


def parse(
    lines: Iterable[tuple[str, Mapping[str, Any]]], question: Mapping[str, Any]
) -> list[HeldOutRow]:
    """Return the rows of lines and their places, in order of the UTF-8 bytes of external_id.

    InvalidRows when a member is missing, unknown or of another type, when an answer does not fit
    the question, or when two rows have one name.
    """
    faults: list[Fault] = []
    seen: dict[str, str] = {}
    rows = []
    for place, content in lines:
        wrong = member_faults(content, REQUIRED, OPTIONAL)
        if not wrong:
            wrong = answer_faults(content["answer"], question)
            name = content["external_id"]
            if seen.setdefault(name, place) != place:
                wrong.append(Fault("/external_id", "duplicate", f"{seen[name]} has it too."))
        faults += [fault.below(place) for fault in wrong]
        if not faults:
            rows.append(_row(content))
    if faults:
        raise InvalidRows(faults)
    return sorted(rows, key=lambda row: row.external_id.encode())


def member_faults(
    content: Mapping[str, Any], required: Sequence[str], optional: Sequence[str]
) -> list[Fault]:
    """Return what is wrong with the members of a line, by pointer within it."""
    known = (*required, *optional)
    faults = [
        Fault(f"/{name}", "required", f"{name} is missing.")
        for name in required
        if content.get(name) is None
    ]
    for name in content.keys() - set(known):
        detail = f"Unknown.{suggestion(name, sorted(known))}"
        faults.append(Fault(f"/{escape(name[:100])}", "unknown_field", detail))
    for name in known:
        value, check = content.get(name), OF_ROW.get(name)
        if check is not None and value is not None and (fault := check(value)):
            faults.append(Fault(f"/{name}{fault[0]}", fault[1], fault[2]))
    return faults


def _row(content: Mapping[str, Any]) -> HeldOutRow:
    given = row_json(content["input"]).decode()
    kept = {name: content[name] for name in (*REQUIRED, *OPTIONAL) if content.get(name) is not None}
    return HeldOutRow(
        external_id=content["external_id"],
        content=row_json(kept).decode(),
        input_digest=input_digest(given),
        subject_ref=content.get("subject_ref") or "",
        scenario_type=content.get("scenario_type") or NO_SLICE,
    )
