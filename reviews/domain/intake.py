"""What a prediction must look like to be taken."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from governance.domain.documents.fields import suggestion
from governance.domain.faults import Fault
from governance.domain.strict_json import escape
from governance.domain.times import parse_rfc3339

REQUIRED = ("pipeline", "external_id", "input", "output", "model")
OPTIONAL = (
    "confidence", "scores", "scenario_type", "characteristics", "occurred_at", "subject",
)  # fmt: skip
FIELDS = frozenset(REQUIRED + OPTIONAL)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A prediction that may be taken: its content, checked, and the digest of its bytes."""

    pipeline: str
    external_id: str
    content: Mapping[str, Any]
    confidence: float | None
    occurred_at: datetime | None
    digest: str


class InvalidPrediction(ValueError):
    """A prediction is not valid; `faults` say where."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(faults[0].detail)
        self.faults = tuple(faults)


def candidate(content: Any, digest: str) -> Candidate:
    """Return the candidate that `content` is, or raise InvalidPrediction with every fault."""
    if not isinstance(content, dict):
        raise InvalidPrediction([Fault("", "type", "A prediction is a JSON object.")])
    faults = _faults(content)
    if faults:
        raise InvalidPrediction(faults)
    confidence = content.get("confidence")
    occurred_at = content.get("occurred_at")
    return Candidate(
        pipeline=content["pipeline"],
        external_id=content["external_id"],
        content=content,
        confidence=None if confidence is None else float(confidence),
        occurred_at=None if occurred_at is None else parse_rfc3339(occurred_at),
        digest=digest,
    )


def _faults(content: Mapping[str, Any]) -> list[Fault]:
    faults = [
        Fault(f"/{name}", "required", f"{name} is missing.")
        for name in REQUIRED
        if content.get(name) is None
    ]
    if not content.keys() <= FIELDS:
        faults += [
            Fault(
                f"/{escape(name[:100])}",
                "unknown_field",
                f"Unknown.{suggestion(name, sorted(FIELDS))}",
            )
            for name in sorted(content.keys() - FIELDS)
        ]
    for name, value in content.items():
        check = CHECKS.get(name)
        if check is not None and value is not None and (fault := check(value)):
            faults.append(Fault(f"/{name}{fault[0]}", fault[1], fault[2]))
    return faults


Finding = tuple[str, str, str] | None


def _object(value: Any) -> Finding:
    return None if isinstance(value, dict) else ("", "type", "This is a JSON object.")


def _text(limit: int) -> Any:
    def check(value: Any) -> Finding:
        if isinstance(value, str) and 1 <= len(value) <= limit:
            return None
        return "", "length", f"This is text of 1 to {limit} characters."

    return check


def _share(value: Any) -> Finding:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return None
    return "", "range", "confidence is a number from 0 to 1."


def _scores(value: Any) -> Finding:
    if not isinstance(value, dict):
        return _object(value)
    for name, score in value.items():
        if not isinstance(score, int | float) or isinstance(score, bool):
            return f"/{escape(name[:100])}", "type", "A score is a number."
    return None


def _named_texts(required: tuple[str, ...], limit: int) -> Any:
    def check(value: Any) -> Finding:
        if not isinstance(value, dict):
            return _object(value)
        for name in required:
            if name not in value:
                return f"/{name}", "required", f"{name} is missing."
        for name, text in value.items():
            if name not in required:
                return (
                    f"/{escape(name[:100])}",
                    "unknown_field",
                    "Unknown." + suggestion(name, list(required)),
                )
            if not isinstance(text, str) or not 1 <= len(text) <= limit:
                return f"/{name}", "length", f"This is text of 1 to {limit} characters."
        return None

    return check


def _moment(value: Any) -> Finding:
    try:
        parse_rfc3339(value)
    except ValueError as error:
        return "", "time", str(error)
    return None


CHECKS: Mapping[str, Any] = {
    "pipeline": _text(63),
    "external_id": _text(200),
    "input": _object,
    "output": _object,
    "model": _named_texts(("name", "version"), 120),
    "confidence": _share,
    "scores": _scores,
    "scenario_type": _text(120),
    "characteristics": _object,
    "occurred_at": _moment,
    "subject": _named_texts(("ref", "basis"), 60),
}
