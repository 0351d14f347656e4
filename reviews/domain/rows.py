"""Rows of intake, as they are written in bulk, and the leaf that binds each of them."""

from collections.abc import Mapping
from typing import Any

import orjson

from governance.domain import merkle
from governance.domain.canonical import canonical, sha256_hex
from reviews.domain.intake import Candidate
from reviews.domain.routing import Route, Trace

PREDICTION_FIELDS = (
    "id", "pipeline", "external_id", "input", "output", "confidence", "scores", "scenario_type",
    "characteristics", "model_name", "model_version", "occurred_at", "subject_ref",
    "subject_basis", "digest", "sender", "received_at", "intake", "position", "config_version",
    "disposition", "tier", "rule", "queue", "skills", "priority", "sampled", "propensity", "trace",
)  # fmt: skip
SHADOW_FIELDS = (
    "id", "prediction", "config_version", "disposition", "tier", "rule", "queue", "sampled",
    "propensity", "trace",
)  # fmt: skip


SUBJECT = ("subject", "ref")
LONGEST_SUBJECT = 200


def subject_of(content: Mapping[str, Any], path: tuple[str, ...]) -> str:
    """Return what names the person a prediction is about, at `path`; empty where nothing does.

    Text and whole numbers name somebody; what is longer than LONGEST_SUBJECT names nobody.
    """
    found: Any = content
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    if isinstance(found, bool) or not isinstance(found, str | int):
        return ""
    named = str(found)
    return named if len(named) <= LONGEST_SUBJECT else ""


class TraceText:
    """Traces as JSON text and digest; equal traces are one object, and are written once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Trace, str, str]] = {}

    def _of(self, trace: Trace) -> tuple[Trace, str, str]:
        entry = self._known.get(id(trace))
        if entry is None:
            stored = list(trace)
            entry = (trace, orjson.dumps(stored).decode(), sha256_hex(canonical(stored)))
            self._known[id(trace)] = entry
        return entry

    def text(self, trace: Trace) -> str:
        """Return the JSON of a trace."""
        return self._of(trace)[1]

    def digest(self, trace: Trace) -> str:
        """Return the SHA-256 of the RFC 8785 JSON of a trace."""
        return self._of(trace)[2]


def text(value: Any) -> str:
    """Return `value` as JSON text."""
    return orjson.dumps(value).decode()


def prediction_row(
    prediction_id: str,
    entry: Candidate,
    route: Route,
    *,
    pipeline_id: int,
    version_id: str,
    sender_id: int,
    intake: str,
    position: int,
    now: str,
    traces: TraceText,
    subject_path: tuple[str, ...] = SUBJECT,
) -> tuple[Any, ...]:
    """Return the values of PREDICTION_FIELDS; `now` is ISO 8601 text.

    `subject_path` leads to what names the person that the prediction is about.
    """
    content, to = entry.content, route.to
    scores, subject = content.get("scores"), content.get("subject") or {}
    return (
        prediction_id,
        pipeline_id,
        entry.external_id,
        text(content["input"]),
        text(content["output"]),
        entry.confidence,
        None if scores is None else text(scores),
        content.get("scenario_type") or "",
        text(content.get("characteristics") or {}),
        content["model"]["name"],
        content["model"]["version"],
        entry.occurred_at,
        subject_of(content, subject_path),
        subject.get("basis", ""),
        entry.digest,
        sender_id,
        now,
        intake,
        position,
        version_id,
        route.disposition,
        to.tier.slug,
        to.rule,
        to.queue,
        text(to.skills) if to.skills else "[]",
        to.priority,
        route.sampled,
        to.propensity,
        traces.text(route.trace),
    )


def shadow_row(
    row_id: str, prediction_id: str, version_id: str, route: Route, traces: TraceText
) -> tuple[Any, ...]:
    """Return the values of SHADOW_FIELDS."""
    return (
        row_id,
        prediction_id,
        version_id,
        route.disposition,
        route.tier.slug,
        route.rule,
        route.queue,
        route.sampled,
        route.propensity,
        traces.text(route.trace),
    )


def leaf(
    prediction_id: str, digest: str, version_id: str, route: Route, traces: TraceText
) -> bytes:
    """Return the leaf hash of a prediction: its content and how it was routed.

    The leaf data is RFC 8785 JSON; the propensity is its shortest decimal text, so that every
    reader writes it alike.
    """
    # Only text, under keys in ASCII: sorted, this is RFC 8785 as it is.
    to = route.to
    record = {
        "config_version": version_id,
        "content": digest,
        "disposition": route.disposition,
        "id": prediction_id,
        "propensity": repr(to.propensity),
        "queue": to.queue,
        "rule": to.rule,
        "sampled": route.sampled,
        "tier": to.tier.slug,
        "trace": traces.digest(route.trace),
    }
    return merkle.leaf_hash(orjson.dumps(record, option=orjson.OPT_SORT_KEYS))


def leaf_record(prediction: Any) -> dict[str, Any]:
    """Return what the leaf of a stored row (the columns of PREDICTION_FIELDS) is made of."""
    return {
        "config_version": str(prediction.config_version_id),
        "content": prediction.digest,
        "disposition": prediction.disposition,
        "id": str(prediction.pk),
        "propensity": repr(prediction.propensity),
        "queue": prediction.queue,
        "rule": prediction.rule,
        "sampled": prediction.sampled,
        "tier": prediction.tier,
        "trace": sha256_hex(canonical(prediction.trace)),
    }


def stored_leaf(prediction: Any) -> bytes:
    """Return the leaf hash that a stored row must have."""
    return merkle.leaf_hash(canonical(leaf_record(prediction)))
