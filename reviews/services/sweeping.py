"""The sweep: what time alone does to clocks. Any number of them may run at once.

A batch is one transaction: clocks and their items locked with SKIP LOCKED, the events of each
clock, one row for each level that fired, one ledger event for each clock, and one promise to tell
people. The database decides what is due; a sweep that never ran is made up for by the next one.
"""

import json
import logging
import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from governance.db import bulk
from governance.models.base import uuid7
from governance.services import dispatch, ledger, vital
from reviews.domain.clocks import Event
from reviews.domain.passing import MAX_PAUSE
from reviews.enums import ClockEventKind as Kind
from reviews.enums import ClockKind, ClockStatus, EscalationOutcome
from reviews.models import Escalation, ReviewItem, SLAClock
from reviews.selectors import clocks as rows_of
from reviews.selectors import recipients, standstills
from reviews.services import clock_rows, clocks, escalation_actions, pauses
from reviews.services.clocks import Held
from reviews.services.expiry import expire
from reviews.services.items import urgency

logger = logging.getLogger(__name__)
BATCH = 500
# How many clocks follow a maintenance in one sweep, which others wait for: seconds of work.
FOLLOW = 10_000


@dataclass
class Swept:
    """What a sweep did, as counts."""

    clocks: int = 0
    warnings: int = 0
    breaches: int = 0
    escalations: int = 0
    paused: int = 0
    resumed: int = 0
    failed: int = 0


@dataclass
class _Batch:
    """One transaction of a sweep while it runs."""

    now: datetime
    items: dict[Any, ReviewItem]
    known: dict[tuple[int, tuple[str, ...]], list[int]] = field(default_factory=dict)
    escalations: list[Escalation] = field(default_factory=list)
    failed: set[uuid.UUID] = field(default_factory=set)

    def people(self, pipeline_id: int, notify: tuple[str, ...]) -> list[int]:
        """Return the ids of the people that a level names, looked up once."""
        place = (pipeline_id, notify)
        if place not in self.known:
            self.known[place] = recipients.reachable(pipeline_id, notify)
        return self.known[place]


def sweep(*, now: Callable[[], datetime], limit: int = BATCH) -> Swept:
    """Let happen what is due on every clock, in batches of `limit`; returns what that was.

    Then clocks follow a maintenance that has begun or ended: those that are due have done so.
    """
    swept, passed = Swept(), set[uuid.UUID]()
    while _sweep_batch(_due_by(at := now()), at, limit, swept, passed):
        pass
    for found in standstills.unfollowed():
        keys = list(found.values_list("pk", flat=True)[:FOLLOW])
        for start in range(0, len(keys), limit):
            passed = set()
            mine = found.filter(pk__in=keys[start : start + limit])
            while _sweep_batch(mine, now(), limit, swept, passed):
                pass
    vital.beat(name="sweep", now=now())
    return swept


def _due_by(now: datetime) -> "QuerySet[SLAClock]":
    return SLAClock.objects.filter(next_at__lte=now)


@transaction.atomic
def _sweep_batch(
    found: "QuerySet[SLAClock]", now: datetime, limit: int, swept: Swept, passed: set[uuid.UUID]
) -> bool:
    """Sweep one batch; returns whether there may be more. Those in `passed` wait for the next."""
    due = found.exclude(pk__in=passed).order_by("next_at")
    rows = list(due.select_for_update(skip_locked=True, of=("self",))[:limit])
    items = {
        item.pk: item
        for item in ReviewItem.objects.select_for_update(skip_locked=True, of=("self",)).filter(
            pk__in=[row.item_id for row in rows if row.item_id]
        )
    }
    # Whoever holds an item moves its clocks; they are looked at again at the next sweep.
    free = [row for row in rows if row.item_id is None or row.item_id in items]
    passed.update({row.pk for row in rows} - {row.pk for row in free})
    # One clock of an item at a time: the end of its ladder ends the others.
    taken = list({row.item_id or row.pk: row for row in reversed(free)}.values())
    batch = _Batch(now, items)
    held = [each for each in clocks.holding(taken) if _happens(each, batch)]
    _write(held, batch, swept)
    swept.failed += len(batch.failed)
    passed.update(batch.failed)
    # One that has nothing to do would come again for ever.
    passed.update({row.pk for row in taken} - {each.row.pk for each in held})
    return len(rows) == limit or len(taken) < len(free)


def _happens(held: Held, batch: _Batch) -> bool:
    """Let what is due happen to one clock. One that cannot be worked out harms no other."""
    try:
        for event in held.passed(batch.now):
            held.take(event)
            if event.reason == MAX_PAUSE:
                item = batch.items.get(held.row.item_id)
                if item is not None and item.paused_at is not None:
                    pauses.put_back(item)
        _climb(held, batch)
    except Exception:
        logger.exception("The clock %s cannot be swept", held.row.pk)
        batch.failed.add(held.row.pk)
        batch.escalations = [e for e in batch.escalations if e.clock_id != held.row.pk]
        return False
    return bool(held.events)


def _climb(held: Held, batch: _Batch) -> None:
    """Fire each level that is due; one that reaches nobody is followed by the next at once."""
    ladder = held.state.terms.ladder
    while (planned := held.state.position.at) is not None and planned <= batch.now:
        loop, level = ladder.following(held.state.position.loop, held.state.position.level)
        _fire(held, batch, loop, level, planned)


def _fire(held: Held, batch: _Batch, loop: int, level: int, planned: datetime) -> None:
    ladder, row = held.state.terms.ladder, held.row
    item, now = batch.items.get(row.item_id), held.moment(batch.now)
    final = level == ladder.end
    targets = _targets(held, batch, level)
    actions: dict[str, Any] = {}
    if item is not None and not final:
        wanted = ladder.levels[level - 1].actions
        with _savepoint(wanted):
            actions = escalation_actions.carry_out(item, wanted, targets=targets, now=now)
    outcome = EscalationOutcome.FINAL if final else EscalationOutcome.FIRED
    if not targets and not actions and not final:
        outcome = EscalationOutcome.NO_TARGET
    overdue = held.state.elapsed_at(now) - (held.state.terms.target or held.state.elapsed_at(now))
    escalation = Escalation(
        id=uuid7(), clock_id=row.pk, item_id=row.item_id, pipeline_id=row.pipeline_id,
        cycle=row.cycle, loop=loop, level=level, outcome=outcome, planned_at=planned,
        fired_at=now, breached_at=held.state.breached_at or now, overdue=overdue, targets=targets,
        actions=actions,
    )  # fmt: skip
    batch.escalations.append(escalation)
    detail = {
        "escalation": str(escalation.pk), "loop": loop, "level": level, "outcome": str(outcome),
    }  # fmt: skip
    held.take(Event(Kind.ESCALATE, now, now, detail=detail))
    if final and item is not None and row.kind == ClockKind.DECIDE:
        with transaction.atomic():
            expire(item, [held], now=now)


def _savepoint(actions: Sequence[str]) -> AbstractContextManager[Any]:
    """Keep what actions write apart; a level that only tells people writes nothing here."""
    return transaction.atomic() if set(actions) & escalation_actions.ACTS.keys() else nullcontext()


def _targets(held: Held, batch: _Batch, level: int) -> list[int]:
    """Return whom a level tells: with `jumps`, also those of the levels that were passed over.

    The last level of a ladder that would reach nobody tells the owners of the pipeline.
    """
    ladder, pipeline_id = held.state.terms.ladder, held.row.pipeline_id
    last = min(level, len(ladder.levels))
    told = (
        ladder.levels[:last]
        if ladder.jumps or level == ladder.end
        else ladder.levels[last - 1 : last]
    )
    notify = tuple(dict.fromkeys(name for each in told for name in each.notify))
    people = batch.people(pipeline_id, notify)
    if not people and last == len(ladder.levels):
        people = recipients.owners(pipeline_id)
    return people


def _write(held: Sequence[Held], batch: _Batch, swept: Swept) -> None:
    if not held:
        return
    ids = clock_rows.write_all([(e.row, e.events, e.state) for e in held])
    rows = [_row(escalation) for escalation in batch.escalations]
    bulk.insert(Escalation, ESCALATION_FIELDS, rows, expected=len(rows))
    _follow_items(held, batch)
    ledger.append_all([_event(each, batch.now) for each in held])
    kinds = [event.kind for each in held for event in each.events]
    swept.clocks += len(held)
    swept.warnings += kinds.count(Kind.WARN)
    swept.breaches += kinds.count(Kind.BREACH)
    swept.escalations += len(batch.escalations)
    swept.paused += kinds.count(Kind.PAUSE)
    swept.resumed += kinds.count(Kind.RESUME)
    told = [
        event_id
        for each, event_ids in zip(held, ids, strict=True)
        for event, event_id in zip(each.events, event_ids, strict=True)
        if event.kind in TOLD or event.reason == MAX_PAUSE
    ]
    if told:
        dispatch.enqueue("reviews.tell", now=batch.now, dedupe=f"tell:{told[0]}", events=told)


ESCALATION_FIELDS = (
    "id", "clock", "item", "pipeline", "cycle", "loop", "level", "outcome", "planned_at",
    "fired_at", "breached_at", "overdue", "targets", "actions",
)  # fmt: skip


def _row(row: Escalation) -> tuple[Any, ...]:
    """Return the ESCALATION_FIELDS of an escalation."""
    return (
        str(row.pk), str(row.clock_id), str(row.item_id) if row.item_id else None,
        row.pipeline_id, row.cycle, row.loop, row.level, str(row.outcome), row.planned_at,
        row.fired_at, row.breached_at, row.overdue, json.dumps(row.targets),
        json.dumps(row.actions),
    )  # fmt: skip


def _follow_items(held: Sequence[Held], batch: _Batch) -> None:
    """Let the due time of an item follow a clock that stood still or ran on."""
    changed = []
    for each in held:
        item = batch.items.get(each.row.item_id)
        if item is None or each.row.kind != ClockKind.DECIDE or item.due_at == each.state.due_at:
            continue
        item.due_at = each.state.due_at
        if each.state.status != ClockStatus.PAUSED:
            item.urgent_at = urgency(item.created_at, item.due_at, item.priority)
        item.revision += 1
        changed.append((str(item.pk), item.due_at, item.urgent_at, item.revision))
    bulk.update(ReviewItem, ("due_at", "urgent_at", "revision"), changed)


TOLD = (Kind.WARN, Kind.BREACH, Kind.ESCALATE)
ACTIONS = {
    Kind.ESCALATE: "sla.escalated",
    Kind.BREACH: "sla.breached",
    Kind.WARN: "sla.at_risk",
    Kind.RESUME: "sla.resumed",
    Kind.PAUSE: "sla.paused",
    Kind.STOP: "sla.expired",
}


def _event(held: Held, now: datetime) -> ledger.NewEvent:
    """Return the ledger's event of what happened to one clock, named by the gravest of it."""
    row, state, kinds = held.row, held.state, {event.kind for event in held.events}
    action = next(
        ACTIONS[kind]
        for kind in (Kind.STOP, Kind.BREACH, Kind.ESCALATE, Kind.WARN, Kind.RESUME, Kind.PAUSE)
        if kind in kinds
    )
    detail: dict[str, Any] = {"clock": str(row.pk), "kind": row.kind, "cycle": row.cycle}
    if Kind.BREACH in kinds and state.breached_at is not None:
        detail["breached_at"] = rows_of.moment(state.breached_at)
        detail["late_detection_s"] = int((now - state.breached_at).total_seconds())
    if state.warned and Kind.WARN in kinds:
        detail["share"] = str(state.warned)
    stood = {event.maintenance for event in held.events if event.maintenance}
    if stood:
        detail["maintenance"] = sorted(stood)
    fired = [event.detail for event in held.events if event.kind == Kind.ESCALATE]
    if fired:
        detail["escalations"] = fired
    return {
        "stream": clocks.stream_of(row),
        "action": action,
        "actor": None,
        "now": now,
        "detail": detail,
    }
