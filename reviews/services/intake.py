"""Taking predictions: each once, each routed with its reason, all of a call in one transaction."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from governance.db import bulk
from governance.domain import merkle, strict_json
from governance.domain.canonical import sha256_hex
from governance.domain.faults import Fault
from governance.domain.principal import Principal
from governance.models import Pipeline, User
from governance.models.base import uuid7
from governance.services import ledger
from reviews.domain.intake import Candidate, InvalidPrediction, candidate
from reviews.domain.routing import CompiledPolicy, Route
from reviews.domain.rows import PREDICTION_FIELDS, SHADOW_FIELDS, TraceText, leaf, prediction_row
from reviews.models import Prediction, ShadowRoute
from reviews.selectors.routing import compiled
from reviews.services import items

ACCEPTED, DUPLICATE, REJECTED = "accepted", "duplicate", "rejected"
LOOK_UP = 5_000
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one prediction of a call. `faults` are set when it was rejected."""

    outcome: str
    external_id: str | None = None
    id: uuid.UUID | None = None
    tier: str = ""
    disposition: str = ""
    status: int = 400
    faults: tuple[Fault, ...] = ()


@dataclass
class _Batch:
    """What one attempt gathers before it writes."""

    actor: User
    now: datetime
    intake: uuid.UUID = field(default_factory=uuid7)
    traces: TraceText = field(default_factory=TraceText)
    predictions: list[Sequence[Any]] = field(default_factory=list)
    shadows: list[Sequence[Any]] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)
    reviewed: list[items.Arrival] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Stream:
    """A pipeline that takes predictions, with its policies compiled."""

    row: Pipeline
    policy: CompiledPolicy
    shadow: CompiledPolicy | None


def parse(raw: bytes) -> Candidate | Taken:
    """Return the candidate in the bytes of one JSON object, or what is wrong with it."""
    try:
        content, canonical = strict_json.parse_with_canonical(raw)
        return candidate(content, sha256_hex(canonical))
    except strict_json.MalformedJSON as error:
        return Taken(REJECTED, faults=(Fault(error.pointer, error.code, error.detail),))
    except InvalidPrediction as error:
        sent = content.get("external_id") if isinstance(content, dict) else None
        return Taken(REJECTED, sent if isinstance(sent, str) else None, faults=error.faults)


def accept(
    *,
    candidates: Sequence[Candidate | Taken],
    principal: Principal,
    actor: User,
    now: datetime,
    atomic: bool = False,
) -> list[Taken]:
    """Take what can be taken, in one transaction with one ledger event; one result for each.

    A prediction that is known already is a duplicate when its content is the same and rejected
    (409) when it is not. With `atomic`, one rejection leaves everything unwritten. A race with
    another call that brings the same ids is settled by
    prediction_external_id_uniq, and tried again.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic():
                return _accept(candidates, principal, _Batch(actor, now), atomic=atomic)
        except IntegrityError as error:
            if "prediction_external_id_uniq" not in str(error) and "external_id" not in str(error):
                raise
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def _accept(
    candidates: Sequence[Candidate | Taken], principal: Principal, batch: _Batch, *, atomic: bool
) -> list[Taken]:
    streams = _streams({c.pipeline for c in candidates if isinstance(c, Candidate)}, principal)
    known = _known(candidates, streams)
    results = [
        entry if isinstance(entry, Taken) else _take(entry, streams, known, batch)
        for entry in candidates
    ]
    if batch.predictions and not (atomic and any(r.outcome == REJECTED for r in results)):
        _write(batch)
    return results


def _streams(slugs: Iterable[str], principal: Principal) -> dict[str, _Stream]:
    found = Pipeline.objects.filter(slug__in=slugs)
    return {
        row.slug: _Stream(
            row,
            compiled(row.live_id),
            compiled(row.shadow_id) if row.shadow_id else None,
        )
        for row in found
        if row.live_id and principal.sees(row.pk)
    }


Known = dict[tuple[int, str], tuple[uuid.UUID, str, str, str]]


def _known(candidates: Sequence[Candidate | Taken], streams: Mapping[str, _Stream]) -> Known:
    wanted: dict[int, list[str]] = {}
    for entry in candidates:
        if isinstance(entry, Candidate) and entry.pipeline in streams:
            wanted.setdefault(streams[entry.pipeline].row.pk, []).append(entry.external_id)
    known: Known = {}
    for pipeline_id, ids in wanted.items():
        for start in range(0, len(ids), LOOK_UP):
            rows = Prediction.objects.filter(
                pipeline_id=pipeline_id, external_id__in=ids[start : start + LOOK_UP]
            ).values_list("external_id", "id", "digest", "tier", "disposition")
            known.update({(pipeline_id, row[0]): row[1:] for row in rows})
    return known


def _take(entry: Candidate, streams: Mapping[str, _Stream], known: Known, batch: _Batch) -> Taken:
    stream = streams.get(entry.pipeline)
    if stream is None or not stream.row.enabled:
        return _refused(entry, stream)
    place = (stream.row.pk, entry.external_id)
    if place in known:
        return _repeated(entry, known[place])
    content = entry.content
    facts = content if entry.confidence is None else {**content, "confidence": entry.confidence}
    route = stream.policy.route(
        facts, pipeline=entry.pipeline, external_id=entry.external_id, key=settings.SAMPLING_KEY
    )
    prediction_id = uuid7()
    _gather(batch, stream, entry, prediction_id, route, facts)
    disposition = route.disposition
    known[place] = (prediction_id, entry.digest, route.tier.slug, disposition)
    return Taken(ACCEPTED, entry.external_id, prediction_id, route.tier.slug, disposition, 201)


def _refused(entry: Candidate, stream: _Stream | None) -> Taken:
    if stream is None:
        detail = f"There is no pipeline {entry.pipeline!r} that this token may send to."
        fault, status = Fault("/pipeline", "unknown", detail), 404
    else:
        fault, status = Fault("/pipeline", "disabled", f"{entry.pipeline} is switched off."), 409
    return Taken(REJECTED, entry.external_id, status=status, faults=(fault,))


def _repeated(entry: Candidate, known: tuple[uuid.UUID, str, str, str]) -> Taken:
    prediction_id, digest, tier, disposition = known
    if digest == entry.digest:
        return Taken(DUPLICATE, entry.external_id, prediction_id, tier, disposition, 200)
    detail = f"{entry.external_id!r} was sent before with other content."
    fault = Fault("/external_id", "conflict", detail)
    return Taken(REJECTED, entry.external_id, status=409, faults=(fault,))


def _gather(
    batch: _Batch,
    stream: _Stream,
    entry: Candidate,
    prediction_id: uuid.UUID,
    route: Route,
    facts: Mapping[str, Any],
) -> None:
    pipeline = stream.row
    row = prediction_row(
        prediction_id,
        entry,
        route,
        pipeline_id=pipeline.pk,
        version_id=pipeline.live_id,
        sender_id=batch.actor.pk,
        intake=batch.intake,
        position=len(batch.predictions),
        now=batch.now,
        traces=batch.traces,
    )
    batch.predictions.append(row)
    batch.leaves.append(leaf(prediction_id, entry.digest, pipeline.live_id, route, batch.traces))
    batch.counts[entry.pipeline] = batch.counts.get(entry.pipeline, 0) + 1
    if route.decisions:
        batch.reviewed.append(items.Arrival(prediction_id, pipeline.pk, pipeline.live_id, route))
    if stream.shadow is not None:
        other = stream.shadow.route(
            facts, pipeline=entry.pipeline, external_id=entry.external_id, key=settings.SAMPLING_KEY
        )
        batch.shadows.append(
            (
                uuid7(),
                prediction_id,
                pipeline.shadow_id,
                other.disposition,
                other.tier.slug,
                other.rule,
                other.queue,
                other.sampled,
                other.propensity,
                batch.traces.text(other.trace),
            )
        )


def _write(batch: _Batch) -> None:
    bulk.insert(Prediction, PREDICTION_FIELDS, batch.predictions)
    items.open_for(arrivals=batch.reviewed, now=batch.now)
    bulk.insert(ShadowRoute, SHADOW_FIELDS, batch.shadows)
    ledger.first(
        stream=f"intake:{batch.intake}",
        action="predictions.received",
        actor=batch.actor,
        now=batch.now,
        event_id=batch.intake,
        detail={
            "pipelines": batch.counts,
            "in_review": len(batch.reviewed),
            "root": merkle.root(batch.leaves).hex(),
            "size": len(batch.leaves),
        },
    )
