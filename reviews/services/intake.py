"""Taking predictions: each once, each routed with its reason, all of a call in one transaction."""

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, OperationalError, transaction

from governance.db import bulk
from governance.domain import merkle, strict_json
from governance.domain.canonical import sha256_hex
from governance.domain.faults import Fault
from governance.domain.principal import Principal
from governance.models import AuditEvent, User
from governance.models.base import uuid7_text
from governance.services import ledger
from reviews.domain.intake import Candidate, InvalidPrediction, candidate
from reviews.domain.routing import CompiledPolicy, Route, stopped
from reviews.domain.rows import (
    PREDICTION_FIELDS,
    SHADOW_FIELDS,
    TraceText,
    leaf,
    prediction_row,
    shadow_row,
)
from reviews.models import ClockEvent, Prediction, ReviewItem, ShadowRoute, SLAClock
from reviews.selectors import arrivals
from reviews.selectors.arrivals import KnownPrediction
from reviews.selectors.routing import compiled
from reviews.services import as_written, clock_rows, items

ACCEPTED, DUPLICATE, REJECTED = "accepted", "duplicate", "rejected"
ATTEMPTS = 3
EDGE = 50
# Of two calls that bring the same ids, one finds them taken (SQLite names the columns of the
# constraint, PostgreSQL the constraint) or, when their orders differ, is made to give way. A lane
# that was seen may be gone, and a stop may have come that was not seen.
RACES = ("external_id", "deadlock detected", "reviewitem_refers", "prediction_not_stopped")


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one prediction of a call. `faults` are set when it was rejected.

    `row` is the prediction as it was written, with its item, where the call brought it alone.
    """

    outcome: str
    external_id: str | None = None
    id: str | None = None
    tier: str = ""
    disposition: str = ""
    status: int = 400
    faults: tuple[Fault, ...] = ()
    row: Prediction | None = None


@dataclass(frozen=True)
class _Stream:
    """A pipeline that takes predictions, with its policies compiled."""

    pipeline_id: int
    enabled: bool
    version_id: str
    policy: CompiledPolicy
    shadow_id: str
    shadow: CompiledPolicy | None
    stops: tuple[arrivals.StoppedPlace, ...]


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
    another call that brings the same ids is settled by prediction_external_id_uniq, and tried
    again.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            if len(candidates) == 1:
                return [_accept_one(candidates[0], principal, actor, now)]
            with transaction.atomic():
                call = _Call(*_known(candidates, principal, all_of_them=attempt > 1), actor, now)
                return _accept(candidates, call, atomic=atomic)
        except (IntegrityError, OperationalError) as error:
            if attempt == ATTEMPTS or not any(words in str(error) for words in RACES):
                raise
            items.forget_lanes()
    raise AssertionError("unreachable")


def _accept(candidates: Sequence[Candidate | Taken], call: "_Call", *, atomic: bool) -> list[Taken]:
    # Each row is routed while the database writes those before it.
    bulk.insert(Prediction, PREDICTION_FIELDS, call.rows(candidates), expected=len(candidates))
    if atomic and any(result.outcome == REJECTED for result in call.results):
        transaction.set_rollback(True)
    elif call.leaves:
        call.finish()
    return call.results


def _accept_one(
    entry: Candidate | Taken, principal: Principal, actor: User, now: datetime
) -> Taken:
    """Take one prediction with one look at what is there and one write."""
    if isinstance(entry, Taken):
        return entry
    receiver, known = arrivals.look_up(entry.pipeline, entry.external_id)
    streams: dict[str, _Stream] = {}
    if receiver is not None and principal.sees(receiver.pipeline_id):
        streams[entry.pipeline] = _stream(receiver)
    call = _Call(streams, {}, actor, now)
    if known is not None and receiver is not None:
        call.known[receiver.pipeline_id, entry.external_id] = known
    for row in call.rows([entry]):
        opened = items.rows_for(arrivals=call.reviewed, now=now)
        bulk.insert_together(
            [
                (Prediction, PREDICTION_FIELDS, row),
                *((ReviewItem, items.ITEM_FIELDS, item) for item in opened.items),
                *((SLAClock, clock_rows.CLOCK_FIELDS, clock) for clock in opened.clocks),
                *((ClockEvent, clock_rows.EVENT_FIELDS, event) for event in opened.events),
                *((ShadowRoute, SHADOW_FIELDS, shadow) for shadow in call.shadows),
                (AuditEvent, ledger.EVENT_FIELDS, ledger.row_of(call.event())),
            ]
        )
        written = as_written.prediction(row, opened.items[0] if opened.items else None)
        return replace(call.results[0], row=written)
    return call.results[0]


def _streams(slugs: Iterable[str], principal: Principal) -> dict[str, _Stream]:
    return {
        row.slug: _stream(row)
        for row in (arrivals.receivers(sorted(slugs)) if slugs else ())
        if principal.sees(row.pipeline_id)
    }


def _stream(row: arrivals.Receiver) -> _Stream:
    return _Stream(
        pipeline_id=row.pipeline_id,
        enabled=row.enabled,
        version_id=row.live_id,
        policy=compiled(row.live_id),
        shadow_id=row.shadow_id,
        shadow=compiled(row.shadow_id) if row.shadow_id else None,
        stops=row.stops,
    )


Known = dict[tuple[int, str], KnownPrediction]


def _known(
    candidates: Sequence[Candidate | Taken], principal: Principal, *, all_of_them: bool
) -> tuple[dict[str, _Stream], Known]:
    """Return the pipelines of the candidates, and which of them are known.

    Batches are mostly all new or all sent before. Where neither end of one is known, the rest is
    not looked up: should one be there after all, prediction_external_id_uniq says so, and the next
    attempt looks up all of them.
    """
    streams = _streams({c.pipeline for c in candidates if isinstance(c, Candidate)}, principal)
    wanted: dict[int, list[str]] = {}
    for entry in candidates:
        if isinstance(entry, Candidate) and entry.pipeline in streams:
            wanted.setdefault(streams[entry.pipeline].pipeline_id, []).append(entry.external_id)
    known: Known = {}
    for pipeline_id, ids in wanted.items():
        ends = [*ids[:EDGE], *ids[-EDGE:]]
        if all_of_them or len(ids) <= 2 * EDGE or arrivals.known(pipeline_id, ends):
            ends = ids
        found = arrivals.known(pipeline_id, ends) if ends is ids else {}
        known.update({(pipeline_id, external_id): row for external_id, row in found.items()})
    return streams, known


class _Call:
    """One call while it runs: what it knows, and what it gathers to write after the predictions."""

    def __init__(
        self, streams: Mapping[str, _Stream], known: Known, actor: User, now: datetime
    ) -> None:
        self.streams = streams
        self.known = known
        self.actor = actor
        self.now = now
        self.sender_id = actor.pk
        self.moment = now.isoformat()
        self.intake = uuid7_text()
        self.traces = TraceText()
        self.results: list[Taken] = []
        self.leaves: list[bytes] = []
        self.shadows: list[Sequence[Any]] = []
        self.reviewed: list[items.Arrival] = []
        self.counts: Counter[str] = Counter()

    def rows(self, candidates: Iterable[Candidate | Taken]) -> Iterator[Sequence[Any]]:
        """Yield the row of each prediction that is new, adding a result for every candidate."""
        for entry in candidates:
            if isinstance(entry, Taken):
                self.results.append(entry)
                continue
            stream = self.streams.get(entry.pipeline)
            if stream is None or not stream.enabled:
                self.results.append(_refused(entry, stream))
                continue
            known = self.known.get((stream.pipeline_id, entry.external_id))
            if known is not None:
                self.results.append(_repeated(entry, known))
                continue
            yield self._taken(entry, stream)

    def _taken(self, entry: Candidate, stream: _Stream) -> Sequence[Any]:
        route = stream.policy.route(
            entry.content,
            pipeline=entry.pipeline,
            external_id=entry.external_id,
            key=settings.SAMPLING_KEY,
        )
        if stream.stops:
            route = _under_stops(route, stream, entry)
        prediction_id = uuid7_text()
        row = prediction_row(
            prediction_id,
            entry,
            route,
            pipeline_id=stream.pipeline_id,
            version_id=stream.version_id,
            sender_id=self.sender_id,
            intake=self.intake,
            position=len(self.leaves),
            now=self.moment,
            traces=self.traces,
            subject_path=stream.policy.subject_path,
        )
        self.leaves.append(leaf(prediction_id, entry.digest, stream.version_id, route, self.traces))
        self.counts[entry.pipeline] += 1
        if route.decisions:
            self.reviewed.append(
                items.Arrival(
                    prediction_id,
                    stream.pipeline_id,
                    stream.version_id,
                    route,
                    stream.policy.sla_of(route.tier, entry.content),
                    entry.occurred_at,
                )
            )
        if stream.shadow is not None:
            self.shadows.append(self._shadowed(entry, stream, stream.shadow, prediction_id))
        tier, disposition = route.tier.slug, route.disposition
        self.known[stream.pipeline_id, entry.external_id] = KnownPrediction(
            prediction_id, entry.digest, tier, disposition
        )
        self.results.append(
            Taken(ACCEPTED, entry.external_id, prediction_id, tier, disposition, 201)
        )
        return row

    def _shadowed(
        self, entry: Candidate, stream: _Stream, policy: CompiledPolicy, prediction_id: str
    ) -> Sequence[Any]:
        route = policy.route(
            entry.content,
            pipeline=entry.pipeline,
            external_id=entry.external_id,
            key=settings.SAMPLING_KEY,
        )
        return shadow_row(uuid7_text(), prediction_id, stream.shadow_id, route, self.traces)

    def finish(self) -> None:
        """Write what follows the predictions: items, shadow routes and the event."""
        items.open_for(arrivals=self.reviewed, now=self.now)
        bulk.insert(ShadowRoute, SHADOW_FIELDS, self.shadows, expected=len(self.shadows))
        self.event().save()

    def event(self) -> AuditEvent:
        """Return the event of the call."""
        return ledger.composed(
            stream=f"intake:{self.intake}",
            action="predictions.received",
            actor=self.actor,
            now=self.now,
            event_id=uuid.UUID(self.intake),
            detail={
                "pipelines": dict(self.counts),
                "in_review": len(self.reviewed),
                "root": merkle.root(self.leaves).hex(),
                "size": len(self.leaves),
            },
        )


def _under_stops(route: Route, stream: _Stream, entry: Candidate) -> Route:
    model = entry.content["model"]
    covering = (each for each in stream.stops if each.covers(route.tier.slug, model))
    found = next(covering, None)
    return stopped(route, found.id) if found else route


def _refused(entry: Candidate, stream: _Stream | None) -> Taken:
    if stream is None:
        detail = f"There is no pipeline {entry.pipeline!r} that this token may send to."
        fault, status = Fault("/pipeline", "unknown", detail), 404
    else:
        fault, status = Fault("/pipeline", "disabled", f"{entry.pipeline} is switched off."), 409
    return Taken(REJECTED, entry.external_id, status=status, faults=(fault,))


def _repeated(entry: Candidate, known: KnownPrediction) -> Taken:
    if known.digest == entry.digest:
        return Taken(DUPLICATE, entry.external_id, known.id, known.tier, known.disposition, 200)
    detail = f"{entry.external_id!r} was sent before with other content."
    fault = Fault("/external_id", "conflict", detail)
    return Taken(REJECTED, entry.external_id, status=409, faults=(fault,))
