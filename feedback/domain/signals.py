"""What a resolution taught: signals that follow from the records alone, by rules with a number."""

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from feedback.domain.rows import confidence_band
from feedback.enums import SignalKind
from reviews.domain.consensus import key

# Each signal names the rules it was made by; who changes one of them raises this.
RULES = 1
OF_VERDICT = {
    "accept": SignalKind.ACCEPTED,
    "correct": SignalKind.CORRECTED,
    "reject": SignalKind.REJECTED,
}
SAID = {
    SignalKind.ACCEPTED: "People accepted {said}.",
    SignalKind.CORRECTED: "People put {meant} in place of {said}.",
    SignalKind.REJECTED: "People rejected {said} without a better answer.",
    SignalKind.AMBIGUOUS: "{judges} people gave {answers} different answers.",
    SignalKind.UNDECIDED: "Somebody who looked at it could not decide, or passed it on.",
    SignalKind.NEAR_MISS: "Nobody would have looked: {draw} brought {said} to people, who did not "
    "accept it.",
}
DRAWS = {"random_slice": "the random slice", "monitor": "the monitor sample"}


@dataclass(frozen=True)
class Taught:
    """A resolution with what it rests on. `choices` are the labels that may be quoted."""

    resolution: uuid.UUID
    verdict: str
    answer: Any
    output: Any
    confidence: float | None
    sampled: str
    decisions: Sequence[Mapping[str, Any]]
    choices: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Signal:
    """One thing that was taught. The id follows from the resolution and the kind."""

    id: uuid.UUID
    kind: SignalKind
    statement: str
    confidence_band: str
    reason_codes: list[str]
    decisions: list[str]


def distil(taught: Taught) -> list[Signal]:
    """Return the signals of a resolution: its outcome, then what else was to be learned."""
    answered = [d for d in taught.decisions if d["verdict"] in OF_VERDICT]
    answers = {key(decision["answer"]) for decision in answered}
    kinds = [OF_VERDICT[taught.verdict]]
    if len(answers) > 1:
        kinds.append(SignalKind.AMBIGUOUS)
    if len(answered) < len(taught.decisions):
        kinds.append(SignalKind.UNDECIDED)
    if taught.sampled and taught.verdict != "accept":
        # Only what nobody was to look at is drawn.
        kinds.append(SignalKind.NEAR_MISS)
    words = {
        "said": _named(taught.output, taught.choices) or "the prediction",
        "meant": _meant(taught),
        "judges": len(answered),
        "answers": len(answers),
        "draw": DRAWS.get(taught.sampled, taught.sampled),
    }
    codes = sorted({code for decision in taught.decisions for code in decision["reason_codes"]})
    decisions = sorted(str(decision["pk"]) for decision in taught.decisions)
    band = confidence_band(taught.confidence) or ""
    return [
        Signal(
            _id(taught.resolution, kind), kind, SAID[kind].format(**words), band, codes, decisions
        )
        for kind in kinds
    ]


def _meant(taught: Taught) -> str:
    if named := _named(taught.answer, taught.choices):
        return named
    if isinstance(taught.answer, Mapping) and isinstance(taught.output, Mapping):
        fields = sorted(
            name
            for name in {*taught.answer, *taught.output}
            if key(taught.answer.get(name)) != key(taught.output.get(name))
        )
        return f"another answer in {len(fields)} of its fields"
    return "another answer"


def _named(value: Any, choices: frozenset[str]) -> str:
    """Return a label that the pipeline itself names; whatever else was answered is not repeated."""
    label = value.get("label") if isinstance(value, Mapping) else None
    return label if isinstance(label, str) and label in choices else ""


def _id(resolution: uuid.UUID, kind: str) -> uuid.UUID:
    """Return an id in the order of the resolutions' own, the same however often it is made."""
    tail = hashlib.sha256(f"signal:{resolution}:{kind}".encode()).digest()[:8]
    made = bytearray(resolution.bytes[:8] + tail)
    made[8] = 0x80 | (made[8] & 0x3F)
    return uuid.UUID(bytes=bytes(made))


def leaves(signals: Iterable[Signal]) -> list[dict[str, Any]]:
    """Return signals as the values that the ledger commits to, in their order."""
    return [
        {
            "confidence_band": each.confidence_band,
            "decisions": each.decisions,
            "id": str(each.id),
            "kind": each.kind.value,
            "reason_codes": each.reason_codes,
            "statement": each.statement,
        }
        for each in signals
    ]
