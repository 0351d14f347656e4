"""What a clock is: the replay of its events. Pure; the rows are a cache of what this returns.

A clock runs in segments of business time. It is due at the earliest instant at which its segments
use up its target, met when it stops at or before that instant, and breached as soon as it runs
past it. Pauses end a segment; a new calendar ends one and starts the next with what is left.
"""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from governance.domain import business_time
from governance.domain.business_time import Calendar
from reviews.domain.ladders import NO_LADDER, Ladder, Position
from reviews.enums import ClockEventKind as Kind
from reviews.enums import ClockOutcome, ClockStatus

ZERO = timedelta(0)
INSTANT = timedelta(microseconds=1)
RETARGET = "retarget"


@dataclass(frozen=True)
class Terms:
    """What a clock runs by. `target` of None: not monitored."""

    target: timedelta | None
    calendar: Calendar
    at_risk: tuple[float, ...] = ()
    ladder: Ladder = NO_LADDER
    max_pause_days: int = 5
    policy_version: Any = None
    calendar_version: Any = None


@dataclass(frozen=True)
class Event:
    """One event of a clock, `terms` resolved where it sets them (start and retarget)."""

    kind: str
    at: datetime
    recorded_at: datetime
    reason: str = ""
    share: float | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    terms: Terms | None = None
    # Of a standstill: who declared or ended it. Of all else, who acts is told with the act.
    actor_id: int | None = None

    @property
    def maintenance(self) -> str:
        """The id of the maintenance that this event belongs to, or nothing."""
        return str(self.detail.get("maintenance", ""))


@dataclass(frozen=True)
class Segment:
    """Time for which a clock ran without a break; `used` is its business time."""

    start: datetime
    end: datetime
    used: timedelta
    calendar: Calendar


@dataclass(frozen=True)
class State:
    """A clock after its events. Times are UTC, lengths business time."""

    terms: Terms
    started_at: datetime
    counted_at: datetime
    status: str = ClockStatus.RUNNING
    segments: tuple[Segment, ...] = ()
    running_since: datetime | None = None
    warned: float = 0.0
    breached_at: datetime | None = None
    detected_at: datetime | None = None
    paused_at: datetime | None = None
    pause_reason: str = ""
    # The id of the maintenance for which it stands still; empty when people paused it.
    maintenance: str = ""
    stopped_at: datetime | None = None
    outcome: str = ""
    position: Position = field(default_factory=Position)
    before_end: "State | None" = None

    @functools.cached_property
    def elapsed(self) -> timedelta:
        """The business time used in the segments that have ended."""
        return sum((segment.used for segment in self.segments), ZERO)

    @functools.cached_property
    def due_at(self) -> datetime | None:
        """When the target is used up; None when paused, not monitored or never open again."""
        if self.before_end is not None:
            return self.before_end.due_at
        if self.terms.target is None or self.status == ClockStatus.PAUSED:
            return None
        return self.instant_of(self.terms.target)

    @functools.cached_property
    def resumes_at(self) -> datetime | None:
        """When a pause ends by itself; a maintenance ends when somebody says so."""
        if self.paused_at is None or self.maintenance:
            return None
        return business_time.add_working_days(
            self.terms.calendar, self.paused_at, self.terms.max_pause_days
        )

    @functools.cached_property
    def next_warning(self) -> tuple[float, datetime] | None:
        """The next share of the target that has not been warned of, and its instant."""
        target = self.terms.target
        share = next((s for s in self.terms.at_risk if s > self.warned), None)
        if share is None or target is None or self.breached_at:
            return None
        at = self.instant_of(target * share)
        return None if at is None else (share, at)

    @functools.cached_property
    def next_at(self) -> datetime | None:
        """When something happens by itself: the end of a pause, a warning, a breach or a level."""
        if self.status == ClockStatus.PAUSED:
            return self.resumes_at
        if self.status != ClockStatus.RUNNING:
            return None
        if self.breached_at is not None:
            return self.position.at
        if self.due_at is None:
            return None
        # Breached means past the due instant, not at it.
        warning, breach = self.next_warning, self.due_at + INSTANT
        return min(warning[1], breach) if warning else breach

    @property
    def is_pursued(self) -> bool:
        """Whether people may take up its escalation: it runs, or stands for a maintenance alone."""
        return self.status == ClockStatus.RUNNING or bool(self.maintenance)

    def instant_of(self, amount: timedelta) -> datetime | None:
        """Return the earliest instant at which `amount` is used up, or None if that never is."""
        left = amount
        for segment in self.segments:
            if segment.used >= left:
                if segment.start == segment.end:
                    return segment.end
                return business_time.add(segment.calendar, segment.start, left)
            left -= segment.used
        if self.running_since is None:
            return None
        return business_time.add(self.terms.calendar, self.running_since, left)

    def elapsed_at(self, now: datetime) -> timedelta:
        """Return the business time used up to `now`."""
        if self.running_since is None or now <= self.running_since:
            return self.elapsed
        return self.elapsed + business_time.elapsed(self.terms.calendar, self.running_since, now)

    def remaining_at(self, now: datetime) -> timedelta | None:
        """Return what is left of the target at `now`; below zero when overdue."""
        return None if self.terms.target is None else self.terms.target - self.elapsed_at(now)

    def is_late(self, now: datetime) -> bool:
        """Return whether the target is used up at `now` and nobody has written it down yet."""
        due = self.due_at
        running = self.status == ClockStatus.RUNNING and self.breached_at is None
        return running and due is not None and now > due

    def is_at_risk(self, now: datetime) -> bool:
        """Return whether a share of the target that warns is used up, and not all of it."""
        running = self.status == ClockStatus.RUNNING and self.breached_at is None
        if not running or self.is_late(now):
            return False
        warning = self.next_warning
        return self.warned > 0 or (warning is not None and now >= warning[1])


def replay(events: Iterable[Event]) -> State:
    """Return the clock that has been through `events`, in the order of their numbers."""
    first, *rest = events
    state = _started(first)
    for event in rest:
        state = apply(state, event)
    return state


def apply(state: State, event: Event) -> State:
    """Return the clock after one more event. An act that changes nothing is never written."""
    return ACTS[Kind(event.kind)](state, event)


def _started(event: Event) -> State:
    if event.kind != Kind.START or event.terms is None:
        raise ValueError("The first event of a clock is its start.")
    carried = timedelta(microseconds=int(event.detail.get("carried", 0)))
    segments = (Segment(event.at, event.at, carried, event.terms.calendar),) if carried else ()
    return State(
        event.terms, event.at, event.at, segments=segments, running_since=event.at
    )  # fmt: skip


def _counted(state: State, at: datetime) -> State:
    """Return the clock with its running segment ended at `at`."""
    since = state.running_since
    if since is None:
        return replace(state, counted_at=at)
    calendar = state.terms.calendar
    used = business_time.elapsed(calendar, since, at)
    segment = Segment(since, at, used, calendar)
    return replace(
        state, segments=(*state.segments, segment), running_since=None, counted_at=at
    )  # fmt: skip


def _pause(state: State, event: Event) -> State:
    return replace(
        _counted(state, event.at),
        status=ClockStatus.PAUSED,
        paused_at=event.at,
        pause_reason=event.reason,
        maintenance=event.maintenance,
        position=state.position.suspended(event.at, state.terms.calendar),
    )


def _resume(state: State, event: Event) -> State:
    return replace(
        state,
        status=ClockStatus.RUNNING,
        running_since=event.at,
        counted_at=event.at,
        paused_at=None,
        pause_reason="",
        maintenance="",
        position=state.position.continued(event.at, state.terms.calendar),
    )


def _stop(state: State, event: Event) -> State:
    due = state.due_at
    missed = state.breached_at is not None or (due is not None and event.at > due)
    outcome = ClockOutcome.MISSED if missed else ClockOutcome.MET
    return replace(
        _counted(state, event.at),
        status=ClockStatus.STOPPED,
        stopped_at=event.at,
        paused_at=None,
        pause_reason="",
        maintenance="",
        outcome="" if state.terms.target is None else outcome,
        position=replace(state.position, at=None, left=None),
        before_end=state,
    )


def _void_stop(state: State, event: Event) -> State:
    if state.before_end is None:
        raise ValueError("A stop is voided after it.")
    return state.before_end


def _retarget(state: State, event: Event) -> State:
    if event.terms is None:
        raise ValueError("A new target has terms.")
    running = state.running_since is not None
    counted = _counted(state, event.at)
    moved = replace(counted, terms=event.terms, running_since=event.at if running else None)
    due, position = moved.due_at, moved.position
    if moved.breached_at and position.at and due and position.at < due:
        # The breach stays on record; nobody is told again before the new time is used up.
        return replace(moved, position=replace(position, at=due))
    return moved


def _cancel(state: State, event: Event) -> State:
    return replace(
        _counted(state, event.at),
        status=ClockStatus.CANCELLED,
        paused_at=None,
        pause_reason="",
        maintenance="",
        position=replace(state.position, at=None, left=None),
        before_end=state,
    )


def _warn(state: State, event: Event) -> State:
    return replace(state, warned=event.share or 0.0)


def _breach(state: State, event: Event) -> State:
    terms = state.terms
    return replace(
        state,
        breached_at=event.at,
        detected_at=event.recorded_at,
        position=terms.ladder.first(event.at, event.recorded_at, terms.calendar),
    )


def _escalate(state: State, event: Event) -> State:
    position = state.terms.ladder.after(
        state.position,
        loop=event.detail["loop"],
        level=event.detail["level"],
        at=event.at,
        reached=event.detail.get("outcome") != "no_target",
        calendar=state.terms.calendar,
    )
    return replace(state, position=position)


def _ack(state: State, event: Event) -> State:
    terms = state.terms
    return replace(state, position=terms.ladder.acked(state.position, event.at, terms.calendar))


ACTS = {
    Kind.PAUSE: _pause,
    Kind.RESUME: _resume,
    Kind.STOP: _stop,
    Kind.VOID_STOP: _void_stop,
    Kind.RETARGET: _retarget,
    Kind.CANCEL: _cancel,
    Kind.WARN: _warn,
    Kind.BREACH: _breach,
    Kind.ESCALATE: _escalate,
    Kind.ACK: _ack,
}
