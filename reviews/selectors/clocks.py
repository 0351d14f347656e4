"""Clocks as they are: rows, their events, and the states that the events make."""

import functools
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from governance.domain.times import parse_duration, rfc3339
from governance.selectors import policies
from reviews.domain.clocks import Event, State, Terms, replay
from reviews.domain.ladders import Ladder
from reviews.enums import ClockEventKind, ClockKind, ClockStatus
from reviews.models import ClockEvent, SLAClock
from reviews.models.clocks import OPEN

MICROSECOND = timedelta(microseconds=1)


@functools.lru_cache(maxsize=512)
def terms(policy_version: uuid.UUID, calendar_version: uuid.UUID, target: int | None) -> Terms:
    """Return what a clock runs by that follows these versions; `target` is in microseconds."""
    document = policies.document(policy_version)
    return Terms(
        target=None if target is None else timedelta(microseconds=target),
        calendar=policies.business_calendar(calendar_version),
        at_risk=tuple(document["at_risk"]),
        ladder=Ladder.from_document(document["ladder"]),
        max_pause_days=document.get("max_pause_days", 5),
        policy_version=policy_version,
        calendar_version=calendar_version,
    )


def target_of(policy_version: uuid.UUID, kind: str, *, cycle: int = 1) -> int | None:
    """Return the microseconds that a policy gives a kind of clock, or None: not monitored."""
    document = policies.document(policy_version)
    text = document["targets"].get(kind)
    if cycle > 1 and kind == ClockKind.DECIDE:
        text = document.get("reopen_target") or text
    return parse_duration(text) // MICROSECOND if text else None


def terms_of(
    policy_version: uuid.UUID, calendar_version: uuid.UUID, kind: str, *, cycle: int = 1
) -> Terms:
    """Return what a clock of a kind runs by under these versions."""
    return terms(policy_version, calendar_version, target_of(policy_version, kind, cycle=cycle))


def described(by: Terms) -> dict[str, Any]:
    """Return terms as the event that sets them holds them."""
    return {
        "target": None if by.target is None else by.target // MICROSECOND,
        "policy": str(by.policy_version),
        "calendar": str(by.calendar_version),
    }


def event_of(row: ClockEvent) -> Event:
    """Return the event that a row holds, with its terms."""
    by = None
    if row.kind in (ClockEventKind.START, ClockEventKind.RETARGET):
        detail = row.detail
        by = terms(uuid.UUID(detail["policy"]), uuid.UUID(detail["calendar"]), detail["target"])
    return Event(row.kind, row.at, row.recorded_at, row.reason, row.share, row.detail, by)


def events_of(clocks: Iterable[uuid.UUID]) -> Mapping[uuid.UUID, list[ClockEvent]]:
    """Return the events of clocks, in order."""
    found: dict[uuid.UUID, list[ClockEvent]] = defaultdict(list)
    rows = ClockEvent.objects.filter(clock__in=list(clocks)).order_by("clock", "seq")
    for row in rows:
        found[row.clock_id].append(row)
    return found


def states(rows: Sequence[SLAClock]) -> dict[uuid.UUID, State]:
    """Return the state of each clock.

    A clock to which nothing has happened since its start is what its row says, without a look at
    its one event.
    """
    events = events_of([row.pk for row in rows if row.events_count > 1])
    return {
        row.pk: replay([event_of(event) for event in events[row.pk]])
        if row.pk in events
        else replay([_start_of(row)])
        for row in rows
    }


def _start_of(row: SLAClock) -> Event:
    target = None if row.target is None else row.target // MICROSECOND
    by = terms(row.policy_version_id, row.calendar_version_id, target)
    carried = {"carried": row.elapsed // MICROSECOND}
    return Event(ClockEventKind.START, row.started_at, row.started_at, detail=carried, terms=by)


def columns(state: State) -> dict[str, Any]:
    """Return the columns of a clock's row that are a cache of its state."""
    by, position = state.terms, state.position
    return {
        "status": state.status,
        "policy_version_id": by.policy_version,
        "calendar_version_id": by.calendar_version,
        "target": by.target,
        "started_at": state.started_at,
        "elapsed": state.elapsed,
        "counted_at": state.counted_at,
        "due_at": state.due_at,
        "next_at": state.next_at,
        "warned": state.warned,
        "breached_at": state.breached_at,
        "detected_at": state.detected_at,
        "paused_at": state.paused_at,
        "maintenance_id": uuid.UUID(state.maintenance) if state.maintenance else None,
        "stopped_at": state.stopped_at,
        "outcome": state.outcome,
        "loop": position.loop,
        "level": position.level,
        "ladder_at": position.at,
        "acked_at": position.acked_at,
    }


def drift(row: SLAClock, events: Sequence[ClockEvent]) -> dict[str, tuple[Any, Any]]:
    """Return each column of a clock that is not what its events make it: stored, and true."""
    truth = columns(replay([event_of(event) for event in events]))
    truth["events_count"] = len(events)
    return {
        name: (getattr(row, name), value)
        for name, value in truth.items()
        if getattr(row, name) != value
    }


def open_of(item_id: uuid.UUID) -> list[SLAClock]:
    """Return the clocks of an item that run or are paused."""
    return list(SLAClock.objects.filter(item=item_id, status__in=OPEN).order_by("kind"))


def start_event(by: Terms, at: datetime, recorded_at: datetime, **detail: Any) -> Event:
    """Return the start of a clock."""
    return Event(
        ClockEventKind.START, at, recorded_at, detail=described(by) | detail, terms=by
    )  # fmt: skip


def with_target(by: Terms, target: timedelta | None) -> Terms:
    """Return terms with another target."""
    return replace(by, target=target)


def moment(at: datetime) -> str:
    """Return a time as the ledger's details hold it."""
    return rfc3339(at)


def is_open(row: SLAClock) -> bool:
    """Return whether a clock runs or is paused."""
    return row.status in (ClockStatus.RUNNING, ClockStatus.PAUSED)
