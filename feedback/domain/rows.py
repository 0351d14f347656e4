"""A row of a dataset, and its bytes."""

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from governance.domain.canonical import OPTIONS, CanonicalError, canonical, canonical_from_sorted
from governance.domain.times import rfc3339

FIELDS = (
    "external_id", "input", "output", "scores", "confidence", "confidence_band", "scenario_type",
    "characteristics", "model", "tier", "verdict", "answer", "reason_codes", "rationale",
    "decisions", "agreement", "propensity", "weight", "resolved_at", "resolution_kind", "split",
    "guideline_version",
)  # fmt: skip
IN_ORDER = tuple(sorted(FIELDS))
LARGEST_EXACT = 2**53 - 1
EDGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
BANDS = (
    "0.0-0.1", "0.1-0.2", "0.2-0.3", "0.3-0.4", "0.4-0.5", "0.5-0.6", "0.6-0.7", "0.7-0.8",
    "0.8-0.9", "0.9-1.0",
)  # fmt: skip
SPLITS = ("train",) * 8 + ("validation", "test")


def confidence_band(confidence: float | None) -> str | None:
    """Return the tenth that a confidence lies in, its lower edge included; 1 is in the last."""
    return None if confidence is None else BANDS[bisect_right(EDGES, confidence)]


def split_of(pipeline: str, external_id: str) -> str:
    """Return train, validation or test (80, 10 and 10 in 100), the same in every dataset for ever.

    The first 8 bytes of SHA-256("<length of pipeline>:<pipeline>:split:<external_id>"), as a
    big-endian number modulo 10: 0 to 7 train, 8 validates, 9 tests.
    """
    message = f"{len(pipeline)}:{pipeline}:split:{external_id}".encode()
    return SPLITS[int.from_bytes(hashlib.sha256(message).digest()[:8]) % 10]


def weight_of(propensity: float) -> float | None:
    """Return for how many predictions a reviewed one stands: 1 / propensity, None where that is 0.

    Horvitz and Thompson (1952): the sum of weight times value over what was reviewed estimates the
    sum of the value over all predictions without bias.
    """
    return 1 / propensity if propensity else None


def reviewer_alias(key: bytes, user_id: int) -> str:
    """Return a name for a reviewer that is always the same and does not say who it is.

    Nobody without the key can tell which account it stands for. ValueError without a key.
    """
    if not key:
        raise ValueError("An alias needs a key.")
    code = hashlib.blake2b(f"reviewer:{user_id}".encode(), key=key[:64], digest_size=10)
    return f"r-{code.hexdigest()}"


def row_json(value: Any) -> bytes:
    """Return the RFC 8785 bytes of a value that came out of a JSON column."""
    try:
        # Such a value holds no NaN, so a null needs no second look.
        return canonical_from_sorted(value, orjson.dumps(value, option=OPTIONS))
    except (orjson.JSONEncodeError, CanonicalError):
        # PostgreSQL gives 1e22 back as an integer of 23 digits, for which RFC 8785 has no form.
        return canonical(_as_doubles(value))


def texts_of(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the RFC 8785 text of each field of a row, in the order of their names."""
    return {name: _text(row[name]) for name in IN_ORDER}


def _text(value: Any) -> str:
    if value is None:
        return "null"
    if type(value) is str:
        return orjson.dumps(value).decode()
    return row_json(value).decode()


def line_of(texts: Mapping[str, str]) -> str:
    """Return the RFC 8785 text of a row, given the texts of its fields in the order of names."""
    return "{" + ",".join([f'"{name}":{text}' for name, text in texts.items()]) + "}"


def _as_doubles(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value) if abs(value) > LARGEST_EXACT else value
    if isinstance(value, Mapping):
        return {name: _as_doubles(below) for name, below in value.items()}
    if isinstance(value, list | tuple):
        return [_as_doubles(below) for below in value]
    return value


def reviewed_row(
    prediction: Mapping[str, Any],
    resolution: Mapping[str, Any],
    decisions: Sequence[Mapping[str, Any]],
    *,
    pipeline: str,
    guideline_version: int,
    alias_of: Callable[[int], str],
) -> dict[str, Any]:
    """Return the row of a prediction that people resolved, from the columns of its records.

    `decisions` are those the resolution rests on, the oldest first. The rationale is the
    adjudicator's, or else those of the decisions that gave the answer that stands.
    """
    answer, propensity = resolution["answer"], prediction["propensity"]
    codes = {code for decision in decisions for code in decision["reason_codes"]}
    return _common(prediction, pipeline) | {
        "verdict": resolution["verdict"],
        "answer": answer,
        "reason_codes": sorted(codes),
        "rationale": resolution["rationale"] or _rationale(decisions, answer),
        "decisions": [_decision(decision, alias_of) for decision in decisions],
        "agreement": resolution["agreement"],
        "propensity": propensity,
        "weight": weight_of(propensity),
        "resolved_at": rfc3339(resolution["resolved_at"]),
        "resolution_kind": resolution["kind"],
        "guideline_version": guideline_version,
    }


def auto_row(
    prediction: Mapping[str, Any], *, pipeline: str, guideline_version: int
) -> dict[str, Any]:
    """Return the row of a prediction that was approved by rule.

    Its answer is the prediction, resolved when it arrived. Nobody looked at it, so it has no
    decisions, no agreement, and no weight: among what was reviewed it stands for nothing.
    """
    return _common(prediction, pipeline) | {
        "verdict": "accept",
        "answer": prediction["output"],
        "reason_codes": [],
        "rationale": "",
        "decisions": [],
        "agreement": None,
        "propensity": prediction["propensity"],
        "weight": None,
        "resolved_at": rfc3339(prediction["received_at"]),
        "resolution_kind": "auto",
        "guideline_version": guideline_version,
    }


def _common(prediction: Mapping[str, Any], pipeline: str) -> dict[str, Any]:
    external_id = prediction["external_id"]
    return {
        "external_id": external_id,
        "input": prediction["input"],
        "output": prediction["output"],
        "scores": prediction["scores"],
        "confidence": prediction["confidence"],
        "confidence_band": confidence_band(prediction["confidence"]),
        "scenario_type": prediction["scenario_type"] or None,
        "characteristics": prediction["characteristics"],
        "model": {"name": prediction["model_name"], "version": prediction["model_version"]},
        "tier": prediction["tier"],
        "split": split_of(pipeline, external_id),
    }


def _rationale(decisions: Sequence[Mapping[str, Any]], answer: Any) -> str:
    said = [d["rationale"] for d in decisions if d["rationale"] and d["answer"] == answer]
    return "\n\n".join(said)


def _decision(decision: Mapping[str, Any], alias_of: Callable[[int], str]) -> dict[str, Any]:
    return {
        "id": str(decision["pk"]),
        "reviewer": alias_of(decision["reviewer_id"]),
        "verdict": decision["verdict"],
        "answer": decision["answer"],
        "reason_codes": decision["reason_codes"],
        "rationale": decision["rationale"],
        "blind": decision["blind"],
        "certainty": decision["certainty"],
        "decided_at": rfc3339(decision["decided_at"]),
    }
