"""Making clocks anew from their events, and telling where a column says something else."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from governance.services import ledger
from reviews.enums import ClockKind
from reviews.models import ReviewItem, SLAClock
from reviews.selectors import clocks as rows_of
from reviews.services import clocks

CHUNK = 1000


@dataclass(frozen=True)
class Drifted:
    """A clock with the columns that are not what its events make: stored, and true."""

    clock: uuid.UUID
    columns: Mapping[str, tuple[Any, Any]]


def check(*, pipeline: str | None = None, item: uuid.UUID | None = None) -> Iterator[Drifted | int]:
    """Yield each clock that has drifted and, after each chunk, how many clocks were looked at."""
    rows = SLAClock.objects.order_by("pk")
    rows = rows.filter(pipeline__slug=pipeline) if pipeline else rows
    rows = rows.filter(item=item) if item else rows
    last = uuid.UUID(int=0)
    while chunk := list(rows.filter(pk__gt=last)[:CHUNK]):
        last = chunk[-1].pk
        events = rows_of.events_of([row.pk for row in chunk])
        due = dict(
            ReviewItem.objects.filter(
                pk__in=[row.item_id for row in chunk if row.item_id]
            ).values_list("pk", "due_at")
        )
        cycles = _last_cycles(chunk)
        for row in chunk:
            drift: dict[str, tuple[Any, Any]] = (
                dict(rows_of.drift(row, events[row.pk]))
                if row.pk in events
                else {"events_count": (row.events_count, 0)}
            )
            if row.item_id and row.pk in cycles and due.get(row.item_id) != row.due_at:
                drift["item.due_at"] = (due.get(row.item_id), row.due_at)
            if drift:
                yield Drifted(row.pk, drift)
        yield len(chunk)


def _last_cycles(chunk: list[SLAClock]) -> set[uuid.UUID]:
    """Return those of the clocks to decide that are the last of their item."""
    decide = [row for row in chunk if row.kind == ClockKind.DECIDE and row.item_id]
    later = dict(
        SLAClock.objects.filter(item__in=[row.item_id for row in decide], kind=ClockKind.DECIDE)
        .order_by("cycle")
        .values_list("item", "pk")
    )
    return set(later.values())


@transaction.atomic
def mend(*, clock_id: uuid.UUID, now: datetime) -> None:
    """Write the columns of a clock, and the due time of its item, as its events make them."""
    row = SLAClock.objects.get(pk=clock_id)
    item = None
    if row.item_id:
        item = ReviewItem.objects.select_for_update(of=("self",)).get(pk=row.item_id)
    row = SLAClock.objects.select_for_update(of=("self",)).get(pk=clock_id)
    events = rows_of.events_of([row.pk])[row.pk]
    drift = rows_of.drift(row, events)
    for name, (_, true) in drift.items():
        setattr(row, name, true)
    row.save()
    if item is not None and row.kind == ClockKind.DECIDE and item.cycle == row.cycle:
        item.due_at = row.due_at
        item.save(update_fields=["due_at"])
    ledger.append(
        stream=clocks.stream_of(row),
        action="sla.recomputed",
        actor=None,
        now=now,
        detail={"clock": str(row.pk), "columns": sorted(drift)},
    )
