"""The ladder of an SLA policy: which level is told when, and what an acknowledgement does to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from governance.domain import business_time
from governance.domain.business_time import Calendar
from governance.domain.times import parse_duration

CALENDAR, WALL = "calendar", "wall"


@dataclass(frozen=True)
class Level:
    """One level: how long after the one before, whom it tells and what it does."""

    delay: timedelta
    basis: str
    notify: tuple[str, ...]
    actions: tuple[str, ...]


@dataclass(frozen=True)
class Position:
    """Where a clock is on its ladder.

    `loop` and `level` name the level that fired last (0: none yet), `at` the planned instant of the
    next one (None: there is none, or the clock stands still), `left` the time to it while paused.
    """

    loop: int = 0
    level: int = 0
    at: datetime | None = None
    acked_at: datetime | None = None
    left: timedelta | None = None
    basis: str = CALENDAR

    def suspended(self, now: datetime, calendar: Calendar) -> "Position":
        """Return the position of a clock that pauses: the time to the next level stands still."""
        if self.at is None:
            return self
        if self.basis == WALL:
            left = max(self.at - now, timedelta(0))
        else:
            left = business_time.elapsed(calendar, now, self.at)
        return replace(self, at=None, left=left)

    def continued(self, now: datetime, calendar: Calendar) -> "Position":
        """Return the position of a clock that resumes."""
        if self.left is None:
            return self
        return replace(self, at=_later(now, self.left, self.basis, calendar), left=None)


@dataclass(frozen=True)
class Ladder:
    """All levels; after the last they begin again `repeat` times, and then the ladder ends."""

    levels: tuple[Level, ...] = field(default=())
    repeat: int = 0
    ack_timeout: timedelta = timedelta(hours=1)
    final: str = ""
    jumps: bool = False

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Ladder":
        """Return the ladder that a validated SLAPolicy document describes."""
        if not document.get("levels"):
            return NO_LADDER
        return cls(
            levels=tuple(_level(entry) for entry in document["levels"]),
            repeat=document["repeat"],
            ack_timeout=parse_duration(document["ack_timeout"]),
            final=document["final"],
            jumps=document.get("catch_up") == "jump",
        )

    @property
    def end(self) -> int:
        """The number of the level that stands for the end of the ladder."""
        return len(self.levels) + 1

    def following(self, loop: int, level: int) -> tuple[int, int]:
        """Return the loop and level that come after these."""
        if level < len(self.levels):
            return max(loop, 1), level + 1
        return (loop + 1, 1) if loop <= self.repeat else (loop, self.end)

    def first(self, breached_at: datetime, detected_at: datetime, calendar: Calendar) -> Position:
        """Return the position at a breach: the first level's delay counts from it.

        A breach that is found late has its first level at once; with `jumps`, the highest level
        that should have fired by then.
        """
        if not self.levels:
            return Position()
        position = Position(at=self._after(breached_at, self.levels[0], calendar))
        position = replace(position, basis=self.levels[0].basis)
        while self.jumps and position.level + 1 < len(self.levels) and position.at is not None:
            level = self.levels[position.level + 1]
            planned = self._after(position.at, level, calendar)
            if planned is None or planned > detected_at:
                break
            position = replace(
                position, loop=1, level=position.level + 1, at=planned, basis=level.basis
            )
        return position

    def after(
        self,
        position: Position,
        *,
        loop: int,
        level: int,
        at: datetime,
        reached: bool,
        calendar: Calendar,
    ) -> Position:
        """Return the position once a level has fired at `at`; it plans what comes next.

        Delays count from the actual firing. Who has been told last has `ack_timeout` before the
        levels begin again or end. A level that reached nobody is followed at once.
        """
        fired = replace(position, loop=loop, level=level, acked_at=None, at=None, left=None)
        if level >= self.end:
            return fired
        next_loop, next_level = self.following(loop, level)
        if not reached:
            return replace(fired, at=at)
        if next_level == self.end or next_loop > loop:
            return replace(
                fired, at=_later(at, self.ack_timeout, CALENDAR, calendar), basis=CALENDAR
            )
        following = self.levels[next_level - 1]
        return replace(fired, at=self._after(at, following, calendar), basis=following.basis)

    def acked(self, position: Position, at: datetime, calendar: Calendar) -> Position:
        """Return the position after an acknowledgement, which never makes the next level sooner."""
        if position.left is not None:
            left = max(position.left, self.ack_timeout)
            return replace(position, acked_at=at, left=left)
        if position.at is None:
            return replace(position, acked_at=at)
        resumes = business_time.add(calendar, at, self.ack_timeout)
        later = None if resumes is None else max(position.at, resumes)
        return replace(position, acked_at=at, at=later)

    def _after(self, at: datetime, level: Level, calendar: Calendar) -> datetime | None:
        return _later(at, level.delay, level.basis, calendar)


def _level(entry: Mapping[str, Any]) -> Level:
    return Level(
        delay=parse_duration(entry["delay"]),
        basis=entry.get("basis", CALENDAR),
        notify=tuple(entry["notify"]),
        actions=tuple(entry["actions"]),
    )


def _later(at: datetime, delay: timedelta, basis: str, calendar: Calendar) -> datetime | None:
    if basis == WALL or not delay:
        return at + delay
    return business_time.add(calendar, at, delay)


NO_LADDER = Ladder()
