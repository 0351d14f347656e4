"""Giving many running clocks other terms: in batches, each of which is a transaction of its own.

Whoever is stopped in the middle goes on where they were, since what is done is found no more. A
clock that has stopped is never touched, and one that cannot be worked out harms no other.
"""

import itertools
import logging
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import QuerySet

from governance.db import bulk, deadlocks
from governance.models import User
from governance.services import dispatch, ledger
from reviews.domain.clocks import RETARGET
from reviews.enums import ClockEventKind as Kind
from reviews.enums import ClockKind, ClockStatus
from reviews.models import ReviewItem, SLAClock
from reviews.selectors.clocks import moment
from reviews.services import clock_rows, clocks
from reviews.services.clocks import Held
from reviews.services.items import urgency

logger = logging.getLogger(__name__)
BATCH = 500
# How many keys are looked up at a time: one look may read all open clocks.
ROUND = 50_000
ACTION = "sla.retargeted"
UNABLE = "The clock %s cannot be given other terms"

# Gives a clock of an item, or of none, other terms: at the latest at the instant given.
Change = Callable[[Held, ReviewItem | None, datetime], None]
Key = tuple[uuid.UUID | None, uuid.UUID]


@dataclass(frozen=True)
class Cause:
    """Who changes the terms of clocks and why, as the ledger of each item tells it."""

    actor: User | None
    reason: str
    detail: Mapping[str, Any]


@dataclass
class Changed:
    """What became of clocks, as counts."""

    retargeted: int = 0
    newly_breached: int = 0
    failed: int = 0

    def add(self, other: "Changed") -> None:
        """Count what `other` counts, too."""
        self.retargeted += other.retargeted
        self.newly_breached += other.newly_breached
        self.failed += other.failed


class Book:
    """Where batches are noted as they are done; this one notes nothing."""

    def begin(self) -> bool:
        """Return whether to go on; called first in the transaction of each batch."""
        return True

    def note(self, done: Changed) -> None:
        """Note what a batch did; called last in its transaction."""


@dataclass
class _Batch:
    """One transaction while it runs; `passed` are the clocks in which it changed nothing."""

    now: datetime
    items: Mapping[uuid.UUID, ReviewItem]
    changed: Changed = field(default_factory=Changed)
    passed: set[uuid.UUID] = field(default_factory=set)

    def give_up(self, row: SLAClock) -> None:
        """Leave one clock as it is."""
        self.changed.failed += 1
        self.passed.add(row.pk)


def change_all(
    found: "QuerySet[SLAClock]",
    change: Change,
    *,
    cause: Cause,
    now: Callable[[], datetime],
    book: Book | None = None,
) -> Changed:
    """Change the terms of all clocks that `found` finds, until it finds no more."""
    total, passed = Changed(), set[uuid.UUID]()
    while keys := list(found.exclude(pk__in=passed).values_list("item_id", "pk")[:ROUND]):
        for chosen in _chunks(keys):
            batch = deadlocks.repeated(
                partial(_change_batch, found, chosen, change, cause, now, book or Book())
            )
            if batch is None:
                return total
            total.add(batch.changed)
            passed |= batch.passed
    return total


def _chunks(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    # Clocks of one item are moved together, and items are locked in one order by all.
    ordered = iter(sorted(keys, key=lambda key: (str(key[0] or ""), str(key[1]))))
    while chosen := list(itertools.islice(ordered, BATCH)):
        yield chosen


@transaction.atomic
def _change_batch(
    found: "QuerySet[SLAClock]",
    keys: Sequence[Key],
    change: Change,
    cause: Cause,
    now: Callable[[], datetime],
    book: Book,
) -> _Batch | None:
    if not book.begin():
        return None
    items = ReviewItem.objects.select_for_update(of=("self",)).order_by("pk")
    batch = _Batch(now(), {i.pk: i for i in items.filter(pk__in={k for k, _ in keys if k})})
    mine = found.filter(pk__in=[pk for _, pk in keys]).order_by("pk")
    rows = list(mine.select_for_update(of=("self",)))
    held = [each for each in _holding(rows, batch) if _happens(each, change, batch)]
    if held:
        _write(held, batch, cause)
    book.note(batch.changed)
    return batch


def _holding(rows: list[SLAClock], batch: _Batch) -> list[Held]:
    try:
        return clocks.holding(rows)
    except DatabaseError:
        raise
    except Exception:
        logger.exception("One of %s clocks cannot be worked out", len(rows))
    return [held for row in rows for held in _holding_one(row, batch)]


def _holding_one(row: SLAClock, batch: _Batch) -> list[Held]:
    try:
        return clocks.holding([row])
    except Exception:
        logger.exception(UNABLE, row.pk)
        batch.give_up(row)
        return []


def _happens(held: Held, change: Change, batch: _Batch) -> bool:
    """Let one clock have its change; returns whether it did."""
    item = batch.items.get(held.row.item_id) if held.row.item_id else None
    try:
        change(held, item, batch.now)
    except DatabaseError:
        raise
    except Exception:
        logger.exception(UNABLE, held.row.pk)
        batch.give_up(held.row)
        return False
    if not held.events:
        batch.passed.add(held.row.pk)
        return False
    batch.changed.retargeted += 1
    batch.changed.newly_breached += breaches(held)
    return True


def breaches(held: Held) -> bool:
    """Return whether a clock is breached by its change."""
    return any(e.kind == Kind.BREACH and e.reason == RETARGET for e in held.events)


def _write(held: Sequence[Held], batch: _Batch, cause: Cause) -> None:
    before = {each.row.pk: each.row.due_at for each in held}
    written = [(each.row, each.events, each.state) for each in held]
    ids = clock_rows.write_all(written, actor=cause.actor)
    _follow_items(held, batch)
    told: dict[str, dict[str, Any]] = defaultdict(dict)
    for each in held:
        due = {"before": before[each.row.pk], "due_at": each.state.due_at}
        told[clocks.stream_of(each.row)][each.row.kind] = {
            name: moment(at) if at else None for name, at in due.items()
        }
    ledger.append_all(
        [
            {
                "stream": stream, "action": ACTION, "actor": cause.actor, "now": batch.now,
                "reason": cause.reason, "detail": {**cause.detail, "clocks": kinds},
            }
            for stream, kinds in told.items()
        ]
    )  # fmt: skip
    _tell(held, ids, batch.now)


def _follow_items(held: Sequence[Held], batch: _Batch) -> None:
    """Let the due times of items, and so the order of claims, follow their clocks."""
    changed: dict[uuid.UUID, ReviewItem] = {}
    for each in held:
        if each.row.item_id is None:
            continue
        item = changed[each.row.item_id] = batch.items[each.row.item_id]
        if each.row.kind == ClockKind.DECIDE:
            item.due_at = each.state.due_at
            if each.state.status == ClockStatus.RUNNING:
                item.urgent_at = urgency(item.created_at, item.due_at, item.priority)
    bulk.update(
        ReviewItem,
        ("sla_version", "due_at", "urgent_at", "revision"),
        [
            (
                str(i.pk), i.sla_version_id and str(i.sla_version_id), i.due_at, i.urgent_at,
                i.revision + 1,
            )
            for i in changed.values()
        ],
    )  # fmt: skip


def _tell(held: Sequence[Held], ids: Sequence[Sequence[str]], now: datetime) -> None:
    told = [
        event_id
        for each, event_ids in zip(held, ids, strict=True)
        for event, event_id in zip(each.events, event_ids, strict=True)
        if event.kind == Kind.BREACH
    ]
    if told:
        dispatch.enqueue("reviews.tell", now=now, dedupe=f"tell:{told[0]}", events=told)
