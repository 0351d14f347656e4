"""What a model said of held-out rows: checked, counted and digested."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from feedback.domain.held_out import NO_SLICE, InvalidRows, member_faults
from feedback.domain.rows import row_json
from governance.domain.faults import Fault
from governance.domain.merkle import RunningRoot, leaf_hash
from reviews.domain.consensus import key

BINS = 15


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a held-out set as an evaluation needs it."""

    position: int
    answer: Any
    scenario_type: str


@dataclass(frozen=True, slots=True)
class Said:
    """What a model said of the row at `position`, and whether that is its answer."""

    position: int
    output: Any
    confidence: float | None
    correct: bool


def parse(lines: Iterable[tuple[str, Mapping[str, Any]]], rows: Mapping[str, Row]) -> list[Said]:
    """Return what lines say of `rows`, by external_id.

    A line comes with its place in the body; InvalidRows names each fault by it.
    """
    faults: list[Fault] = []
    seen: dict[str, str] = {}
    said = []
    for place, content in lines:
        wrong = member_faults(content, ("external_id", "output"), ("confidence",))
        if not wrong:
            name = content["external_id"]
            if name not in rows:
                wrong.append(Fault("/external_id", "unknown", "The set has no such row."))
            elif seen.setdefault(name, place) != place:
                wrong.append(Fault("/external_id", "duplicate", f"{seen[name]} has it too."))
        faults += [fault.below(place) for fault in wrong]
        if not faults:
            said.append(_said(rows[content["external_id"]], content))
    if faults:
        raise InvalidRows(faults)
    return said


def _said(row: Row, content: Mapping[str, Any]) -> Said:
    output, confidence = content["output"], content.get("confidence")
    return Said(
        row.position, output, None if confidence is None else float(confidence),
        key(output) == key(row.answer),
    )  # fmt: skip


def digest(said: Sequence[Said]) -> str:
    """Return the RFC 9162 root over predictions in the order of the set, as hex.

    Each is a line of RFC 8785 JSON: confidence, output and position.
    """
    tree = RunningRoot()
    for each in said:
        line = {
            "confidence": each.confidence, "output": each.output, "position": each.position,
        }  # fmt: skip
        tree.add(leaf_hash(row_json(line)))
    return tree.root().hex()


def figures(said: Sequence[Said], slices: Mapping[int, str]) -> dict[str, Any]:
    """Return n and correct over all and by slice, and the Brier score and calibration error.

    `slices` gives the slice of each position. The error of calibration is the expected calibration
    error over 15 bins of equal width (Naeini, Cooper and Hauskrecht 2015); it and the score of
    Brier (1950), of the confidence as the probability of being right, are null where a row has no
    confidence.
    """
    by_slice: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for each in said:
        counts = by_slice[slices.get(each.position, NO_SLICE)]
        counts[0] += 1
        counts[1] += each.correct
    pairs = [(each.confidence, each.correct) for each in said if each.confidence is not None]
    whole = len(pairs) == len(said)
    return {
        "n": len(said),
        "correct": sum(each.correct for each in said),
        "slices": {
            name: {"n": n, "correct": correct} for name, (n, correct) in sorted(by_slice.items())
        },
        "brier": brier(pairs) if whole else None,
        "calibration_error": calibration_error(pairs) if whole else None,
    }


def brier(pairs: Sequence[tuple[float, bool]]) -> float:
    """Return the mean squared difference of confidence and being right."""
    return sum((confidence - right) ** 2 for confidence, right in pairs) / len(pairs)


def calibration_error(pairs: Sequence[tuple[float, bool]]) -> float:
    """Return the mean distance of confidence and share right over BINS bins of equal width."""
    bins: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for confidence, right in pairs:
        held = bins[min(int(confidence * BINS), BINS - 1)]
        held[0] += confidence
        held[1] += right
    return sum(abs(stated - right) for stated, right in bins.values()) / len(pairs)
