"""What time alone does to a clock: pauses end, targets are used up, and maintenance passes over it.

While the system is in declared maintenance a clock stands still, from the instant of the
declaration to that of the end, whenever somebody looks at it. Nothing happens to it in between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from reviews.domain.clocks import Event, State, apply
from reviews.enums import ClockEventKind as Kind
from reviews.enums import ClockStatus, PauseReason

MAX_PAUSE = "max_pause"


@dataclass(frozen=True)
class Standstill:
    """A maintenance, as clocks see it. `end` of None: it goes on."""

    key: str
    begin: datetime
    end: datetime | None = None
    begun_by: int | None = None
    ended_by: int | None = None


def catch_up(state: State, now: datetime, standstills: Sequence[Standstill] = ()) -> list[Event]:
    """Return what has happened by itself up to `now` and is not written yet, but for the ladder.

    A pause that has lasted too long ends at its own instant; a target that was used up is a breach
    at that instant, whenever it is found; warnings that were jumped over are one, the highest, and
    none when the breach came too. `standstills` are in the order of time.
    """
    passage = _Passage(state, now, now)
    for each in standstills:
        passage.through(each)
    passage.until(now)
    return _collapsed(passage.found)


def standing(
    state: State, until: datetime, standstills: Sequence[Standstill], *, recorded_at: datetime
) -> list[Event]:
    """Return the pauses and ends of them that maintenance made up to an instant, and nothing else.

    What else has happened by then is found later, at its own instant.
    """
    passage = _Passage(state, until, recorded_at, only_standing=True)
    for each in standstills:
        passage.through(each)
    return passage.found


class _Passage:
    """A clock on its way to an instant, and what happens to it on that way."""

    def __init__(
        self, state: State, now: datetime, recorded_at: datetime, *, only_standing: bool = False
    ) -> None:
        self.state = state
        self.found: list[Event] = []
        self._now = now
        self._recorded_at = recorded_at
        self._only_standing = only_standing

    def until(self, moment: datetime) -> None:
        """Let happen what is due by `moment` without any maintenance."""
        if not self._only_standing:
            for event in _due(self.state, moment, self._recorded_at):
                self._take(event)

    def through(self, each: Standstill) -> None:
        """Go into a maintenance, as far as it concerns this clock, and out of it if it is over."""
        if each.begin > self._now:
            return
        over = each.end if each.end is not None and each.end <= self._now else None
        if self.state.maintenance != each.key and not self._entered(each, over):
            return
        if over is not None:
            at = max(over, self.state.counted_at)
            self._take(self._event(Kind.RESUME, at, each, each.ended_by))

    def _entered(self, each: Standstill, over: datetime | None) -> bool:
        if over is not None and over <= self.state.counted_at:
            return False
        self.until(max(each.begin, self.state.counted_at))
        ends = self.state.resumes_at
        if ends is not None and ends <= (over or self._now):
            # The pause of a person that ends meanwhile is followed by this one.
            self.until(ends)
        if self.state.status != ClockStatus.RUNNING:
            return False
        at = max(each.begin, self.state.counted_at)
        # What came or went on during the maintenance was stopped by nobody in particular.
        self._take(self._event(Kind.PAUSE, at, each, each.begun_by if at == each.begin else None))
        return True

    def _event(self, kind: Kind, at: datetime, each: Standstill, actor_id: int | None) -> Event:
        reason = str(PauseReason.DEPENDENCY_OUTAGE) if kind == Kind.PAUSE else ""
        detail = {"maintenance": each.key}
        return Event(kind, at, self._recorded_at, reason, detail=detail, actor_id=actor_id)

    def _take(self, event: Event) -> None:
        self.found.append(event)
        self.state = apply(self.state, event)


def _due(state: State, until: datetime, recorded_at: datetime) -> list[Event]:
    found: list[Event] = []
    end = state.resumes_at
    if state.status == ClockStatus.PAUSED and end is not None and end <= until:
        found.append(Event(Kind.RESUME, end, recorded_at, reason=MAX_PAUSE))
        state = apply(state, found[-1])
    if state.is_late(until) and state.due_at is not None:
        found.append(Event(Kind.BREACH, state.due_at, recorded_at))
        return found
    highest = None
    while (
        state.status == ClockStatus.RUNNING
        and (warning := state.next_warning) is not None
        and warning[1] <= until
    ):
        highest = Event(Kind.WARN, warning[1], recorded_at, share=warning[0])
        state = apply(state, highest)
    return [*found, highest] if highest else found


def _collapsed(found: list[Event]) -> list[Event]:
    """Return events with one warning at most, and none beside a breach."""
    warnings = [event for event in found if event.kind == Kind.WARN]
    breached = any(event.kind == Kind.BREACH for event in found)
    dropped = warnings if breached else warnings[:-1]
    return [event for event in found if not any(event is each for each in dropped)]
