"""Clocks replayed from their events: each column that says something else, in constant memory."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from governance.models import AuditEvent
from reviews.domain.clocks import apply, replay
from reviews.enums import ClockEventKind, ClockKind
from reviews.models import Acknowledgement, ClockEvent, Escalation, ReviewItem, SLAClock
from reviews.models.clocks import OPEN
from reviews.selectors import clocks

CHUNK = 1000
# A clock that is moved while it is looked at is looked at again.
LOOKS = 3
RECENT = timedelta(days=2)
REPLAYED = "clocks.replayed"
# What events of no sense, or a calendar that cannot be read, can make of their replay.
SENSELESS = (AttributeError, LookupError, OverflowError, TypeError, ValueError)
# What is told beside the columns: records, which nobody writes anew, and the item's own cache.
RECORDS = frozenset(("events", "escalations", "acknowledgements", "ladder"))
ITEM_DUE = "item.due_at"


@dataclass(frozen=True)
class Drifted:
    """A clock that is not what its events make it: for each column what is stored and what is true.

    `mendable` are the columns that may be written anew: those of an open clock. What is closed
    stays as it was recorded, and what is append-only too.
    """

    clock: uuid.UUID
    columns: Mapping[str, tuple[Any, Any]]
    mendable: frozenset[str] = frozenset()

    def __str__(self) -> str:
        said = (f"{name} is {stored}, not {true}" for name, (stored, true) in self.columns.items())
        return f"clock {self.clock}: {'; '.join(said)}"


@dataclass(frozen=True)
class Chunk:
    """How many clocks were looked at, and which of them have drifted."""

    clocks: int
    drifted: Sequence[Drifted] = field(default=())


def every(*, pipeline: str | None = None, item: uuid.UUID | None = None) -> Iterator[Chunk]:
    """Replay all clocks, or those of a pipeline or an item, chunk by chunk."""
    rows = SLAClock.objects.order_by("pk")
    rows = rows.filter(pipeline__slug=pipeline) if pipeline else rows
    rows = rows.filter(item=item) if item else rows
    last = uuid.UUID(int=0)
    while some := list(rows.filter(pk__gt=last)[:CHUNK]):
        last = some[-1].pk
        yield _chunk(some)


def recent(since: datetime) -> Iterator[Chunk]:
    """Replay the clocks that are open, or stopped after `since`."""
    rows = SLAClock.objects.filter(Q(status__in=OPEN) | Q(stopped_at__gte=since))
    keys: list[uuid.UUID] = []
    for key in rows.values_list("pk", flat=True).iterator(chunk_size=CHUNK):
        keys.append(key)
        if len(keys) == CHUNK:
            yield _chunk(_read(keys))
            keys = []
    if keys:
        yield _chunk(_read(keys))


def drifted(keys: Iterable[uuid.UUID]) -> list[Drifted]:
    """Replay these clocks; returns those that have drifted."""
    return list(_chunk(_read(keys)).drifted)


def still_drifted() -> list[str]:
    """Return the ids of clocks that the latest nightly replay named and nobody has mended."""
    events = AuditEvent.objects.filter(action=REPLAYED).order_by("-at")
    detail = events.values_list("detail", flat=True).first()
    if not detail or not detail["named"]:
        return []
    return [str(each.clock) for each in drifted(map(uuid.UUID, detail["named"]))]


def _read(keys: Iterable[uuid.UUID]) -> list[SLAClock]:
    return list(SLAClock.objects.filter(pk__in=list(keys)))


def _chunk(rows: Sequence[SLAClock]) -> Chunk:
    wrong = _Look(rows).drifted()
    looks = 1
    while wrong and looks < LOOKS:
        # One that an act moved between two of our questions is right when both are asked again.
        again = _Look(_read([each.clock for each in wrong]))
        wrong, looks = again.drifted(), looks + 1
    return Chunk(len(rows), wrong)


class _Look:
    """Clocks as they are now, with all that their columns follow from."""

    def __init__(self, rows: Sequence[SLAClock]) -> None:
        keys = [row.pk for row in rows]
        self.rows = rows
        self.events = clocks.events_of(keys)
        self.levels: dict[uuid.UUID, list[Escalation]] = defaultdict(list)
        for level in Escalation.objects.filter(clock__in=keys):
            self.levels[level.clock_id].append(level)
        self.acks: dict[uuid.UUID, list[str]] = defaultdict(list)
        taken = Acknowledgement.objects.filter(escalation__clock__in=list(self.levels))
        for clock, level_id in taken.values_list("escalation__clock", "escalation"):
            self.acks[clock].append(str(level_id))
        items = [row.item_id for row in rows if row.item_id]
        cycles = ReviewItem.objects.filter(pk__in=items).values_list("pk", "cycle", "due_at")
        self.items = {pk: (cycle, due_at) for pk, cycle, due_at in cycles}

    def drifted(self) -> list[Drifted]:
        """Return the clocks that have drifted."""
        looked = ((row, self._columns(row)) for row in self.rows)
        return [
            Drifted(row.pk, columns, _mendable(row, columns)) for row, columns in looked if columns
        ]

    def _columns(self, row: SLAClock) -> dict[str, tuple[Any, Any]]:
        events = self.events.get(row.pk, ())
        try:
            found = dict(clocks.drift(row, events)) | self._ladder(row, events)
        except SENSELESS as error:
            return {"events": (f"{len(events)} that cannot be replayed ({error!r})", None)}
        due_at = found["due_at"][1] if "due_at" in found else row.due_at
        return found | self._item(row, due_at)

    def _ladder(self, row: SLAClock, events: Sequence[ClockEvent]) -> dict[str, tuple[Any, Any]]:
        """Return where the levels on record are not those of the events, or not in their turn."""
        levels = self.levels.get(row.pk, [])
        told = [event for event in events if event.kind == ClockEventKind.ESCALATE]
        if not levels and not told:
            return {}
        stored = sorted((str(e.pk), e.loop, e.level, str(e.outcome)) for e in levels)
        true = sorted(
            (d["escalation"], d["loop"], d["level"], d["outcome"])
            for d in (event.detail for event in told)
        )
        found: dict[str, tuple[Any, Any]] = {}
        if stored != true or any(level.cycle != row.cycle for level in levels):
            found["escalations"] = (stored, true)
        taken = [e.detail["escalation"] for e in events if e.kind == ClockEventKind.ACK]
        if sorted(self.acks.get(row.pk, ())) != sorted(taken):
            found["acknowledgements"] = (sorted(self.acks.get(row.pk, ())), sorted(taken))
        if steps := _missteps(events):
            found["ladder"] = steps
        return found

    def _item(self, row: SLAClock, true: datetime | None) -> dict[str, tuple[Any, Any]]:
        if row.kind != ClockKind.DECIDE or row.item_id not in self.items:
            return {}
        cycle, stored = self.items[row.item_id]
        return {ITEM_DUE: (stored, true)} if cycle == row.cycle and stored != true else {}


def _missteps(events: Sequence[ClockEvent]) -> tuple[Any, Any] | None:
    """Return the first level that fired out of its turn, and which would have been next."""
    state = replay([clocks.event_of(events[0])])
    for event in map(clocks.event_of, events[1:]):
        if event.kind == ClockEventKind.ESCALATE:
            place = event.detail["loop"], event.detail["level"]
            position = state.position
            turn = state.terms.ladder.following(position.loop, position.level)
            if place != turn:
                return place, turn
        state = apply(state, event)
    return None


def _mendable(row: SLAClock, columns: Mapping[str, Any]) -> frozenset[str]:
    names = frozenset(columns) - RECORDS
    return names if clocks.is_open(row) else names & {ITEM_DUE}
