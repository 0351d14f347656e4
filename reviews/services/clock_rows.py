"""Rows of clocks and of their events, as they are written; every column follows from the events."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from governance.db import bulk
from governance.models import User, statements
from governance.models.base import uuid7, uuid7_text
from reviews.domain.clocks import Event, State, replay
from reviews.enums import ClockEventKind
from reviews.models import ClockEvent, SLAClock
from reviews.selectors import clocks

CLOCK_FIELDS = (
    "id", "item", "subject", "pipeline", "kind", "cycle", "status", "policy_version",
    "calendar_version", "target", "started_at", "elapsed", "counted_at", "due_at", "next_at",
    "warned", "outcome", "loop", "level", "events_count",
)  # fmt: skip
EVENT_FIELDS = (
    "id",
    "clock",
    "seq",
    "kind",
    "at",
    "recorded_at",
    "actor",
    "reason",
    "share",
    "detail",
)
CACHED = (
    "status", "policy_version", "calendar_version", "target", "started_at", "elapsed",
    "counted_at", "due_at", "next_at", "warned", "breached_at", "detected_at", "paused_at",
    "maintenance", "stopped_at", "outcome", "loop", "level", "ladder_at", "acked_at",
    "events_count",
)  # fmt: skip
KEYS = ("policy_version", "calendar_version", "maintenance")
# What warnings, breaches and levels of a ladder change.
BY_TIME = (ClockEventKind.WARN, ClockEventKind.BREACH, ClockEventKind.ESCALATE)
PASSED = (
    "next_at", "warned", "breached_at", "detected_at", "loop", "level", "ladder_at", "acked_at",
    "events_count",
)  # fmt: skip
Row = Sequence[Any]


class Started:
    """A clock that starts for many items at once: its row and its event but for their keys."""

    def __init__(self, pipeline_id: int, kind: str, event: Event, *, cycle: int = 1) -> None:
        self.state = replay([event])
        kept = clocks.columns(self.state)
        self._before = ("", pipeline_id, kind, cycle)
        self._clock = tuple(_as_text(kept[_attribute(name)]) for name in CLOCK_FIELDS[6:-1])
        self._event = event_values(1, event, None)

    def rows(self, item: str) -> tuple[Row, Row]:
        """Return the CLOCK_FIELDS and the EVENT_FIELDS of the clock of one item."""
        clock = uuid7_text()
        return (
            (clock, item, *self._before, *self._clock, 1),
            (uuid7_text(), clock, *self._event),
        )


def _attribute(name: str) -> str:
    return f"{name}_id" if name in KEYS else name


def _as_text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, uuid.UUID) else value


def event_values(seq: int, event: Event, actor_id: int | None) -> tuple[Any, ...]:
    """Return the EVENT_FIELDS of an event but for its id and its clock."""
    return (
        seq,
        str(event.kind),
        event.at.isoformat(),
        event.recorded_at.isoformat(),
        _actor_id(event, actor_id),
        event.reason,
        event.share,
        orjson.dumps(dict(event.detail)).decode(),
    )


def _actor_id(event: Event, acting: int | None) -> int | None:
    """Return who made an event: an act that meets a maintenance has not declared it."""
    return event.actor_id if event.maintenance else acting


def insert(
    state: State,
    event: Event,
    *,
    kind: str,
    cycle: int,
    actor: User | None,
    pipeline_id: int,
    item_id: uuid.UUID | None = None,
    subject: str = "",
) -> SLAClock:
    """Write one clock that starts, with its event."""
    row = SLAClock(
        item_id=item_id,
        subject=subject,
        pipeline_id=pipeline_id,
        kind=kind,
        cycle=cycle,
        **clocks.columns(state),
    )
    statements.insert(row)
    _insert_event(row, 1, event, actor)
    return row


def write(row: SLAClock, events: Sequence[Event], state: State, *, actor: User | None) -> list[str]:
    """Write what happened to one clock, and its columns after it; returns the events' ids."""
    first = row.events_count + 1
    ids = [_insert_event(row, first + i, event, actor) for i, event in enumerate(events)]
    _set(row, state, len(events))
    statements.update(row, CACHED)
    return ids


def _insert_event(row: SLAClock, seq: int, event: Event, actor: User | None) -> str:
    made = ClockEvent(
        id=uuid7(),
        clock=row,
        seq=seq,
        kind=event.kind,
        at=event.at,
        recorded_at=event.recorded_at,
        actor_id=_actor_id(event, actor.pk if actor else None),
        reason=event.reason,
        share=event.share,
        detail=dict(event.detail),
    )
    statements.insert(made)
    return str(made.pk)


def _set(row: SLAClock, state: State, more: int) -> None:
    for name, value in clocks.columns(state).items():
        setattr(row, name, value)
    row.events_count += more


Written = tuple[SLAClock, Sequence[Event], State]


def write_all(changed: Sequence[Written], *, actor: User | None = None) -> list[list[str]]:
    """Write what happened to many clocks at once; returns the ids of the events of each."""
    rows: list[Row] = []
    ids: list[list[str]] = []
    actor_id = actor.pk if actor else None
    for row, events, state in changed:
        ids.append([uuid7_text() for _ in events])
        rows += [
            (ids[-1][i], str(row.pk), *event_values(row.events_count + 1 + i, event, actor_id))
            for i, event in enumerate(events)
        ]
        _set(row, state, len(events))
    bulk.insert(ClockEvent, EVENT_FIELDS, rows, expected=len(rows))
    moved = CACHED if _moves(changed) else PASSED
    bulk.update(SLAClock, moved, [cached(row, moved) for row, _, _ in changed])
    return ids


def _moves(changed: Sequence[Written]) -> bool:
    """Return whether more has happened to any of these than that time has passed."""
    return any(event.kind not in BY_TIME for _, events, _ in changed for event in events)


def cached(row: SLAClock, names: Sequence[str] = CACHED) -> Row:
    """Return the key of a clock and its cached columns."""
    return (str(row.pk), *(_plain(getattr(row, _attribute(name))) for name in names))


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, uuid.UUID) else value
