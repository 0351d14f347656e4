"""How the clocks of items stand now, for lists: two queries, however many items there are."""

import functools
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from governance.domain.business_time import Calendar
from governance.models import PolicyVersion
from governance.selectors import policies
from reviews.domain.clocks import State, replay
from reviews.enums import ClockStatus, PauseReason
from reviews.models import ClockEvent, ReviewItem, SLAClock
from reviews.models.clocks import OPEN
from reviews.selectors import clocks
from reviews.selectors.clock_views import ClockView

AHEAD = timedelta(days=4)


@dataclass(frozen=True)
class Badge:
    """One clock at `now`, with what explains it. Lengths are business time but for `wall`.

    `others` are the other open clocks of the item, the most pressing first.
    """

    row: SLAClock
    state: State
    events: Sequence[ClockEvent]
    now: datetime
    others: tuple["Badge", ...] = ()

    @property
    def paused(self) -> bool:
        """Whether the clock stands still."""
        return self.state.status == ClockStatus.PAUSED

    @functools.cached_property
    def late(self) -> bool:
        """Whether the target is used up, written down or not yet."""
        return self.state.breached_at is not None or self.state.is_late(self.now)

    @functools.cached_property
    def at_risk(self) -> bool:
        """Whether a share of the target that warns is used up, and not all of it."""
        return self.state.is_at_risk(self.now)

    @property
    def monitored(self) -> bool:
        """Whether there is a target at all."""
        return self.state.terms.target is not None

    @functools.cached_property
    def left(self) -> timedelta:
        """What is left of the target, below zero when overdue."""
        return self.state.remaining_at(self.now) or timedelta(0)

    @property
    def used(self) -> timedelta:
        """What of the target is used up."""
        return self.state.elapsed_at(self.now)

    @property
    def due_at(self) -> datetime | None:
        """When the target is, or was, used up."""
        return self.state.breached_at or self.state.due_at

    @property
    def wall(self) -> timedelta | None:
        """How long ago the target was used up, nights and holidays included."""
        return self.now - self.due_at if self.late and self.due_at else None

    @property
    def reason(self) -> str:
        """Why it stands still."""
        known = PauseReason.values
        reason = self.state.pause_reason
        return str(PauseReason(reason).label) if reason in known else reason

    @property
    def pauses(self) -> list[dict[str, object]]:
        """When it stood still and why."""
        return ClockView(self.row, self.state, self.events).pauses

    @property
    def policy(self) -> PolicyVersion:
        """The version of the policy that it runs by."""
        return policies.version(self.row.policy_version_id)

    @property
    def calendar(self) -> PolicyVersion:
        """The version of the calendar that it runs by."""
        return policies.version(self.row.calendar_version_id)

    @property
    def hours(self) -> Calendar:
        """Its working hours."""
        return self.state.terms.calendar

    @property
    def today(self) -> tuple[str, ...]:
        """The hours of the day that it is where the calendar is, as in `09:00-17:00`."""
        day = self.now.astimezone(self.hours.zone).date()
        return tuple(f"{_clock(a)}\N{EN DASH}{_clock(b)}" for a, b in self.hours.windows_on(day))

    @property
    def ahead(self) -> list[tuple[int, int]]:
        """The working hours of the next days in seconds since 1970, in which it counts."""
        if self.state.running_since is None:
            return []
        return open_seconds(self.hours, self.now, self.now + AHEAD)

    @property
    def open_now(self) -> bool:
        """Whether it is within working hours."""
        moment = self.now.timestamp()
        return any(start <= moment < end for start, end in self.ahead)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def open_seconds(calendar: Calendar, start: datetime, end: datetime) -> list[tuple[int, int]]:
    """Return the open hours between two instants as seconds since 1970, joined where they touch."""
    found: list[tuple[int, int]] = []
    day = start.astimezone(calendar.zone).date()
    last = end.astimezone(calendar.zone).date()
    while day <= last:
        for opens, closes in calendar.windows_on(day):
            first = max(_instant(calendar, day, opens), start)
            until = min(_instant(calendar, day, closes, last=True), end)
            if until > first and found and found[-1][1] >= int(first.timestamp()):
                found[-1] = found[-1][0], int(until.timestamp())
            elif until > first:
                found.append((int(first.timestamp()), int(until.timestamp())))
        day += timedelta(days=1)
    return found


def _instant(calendar: Calendar, day: date, minutes: int, *, last: bool = False) -> datetime:
    days, rest = divmod(minutes, 24 * 60)
    local = time(rest // 60, rest % 60, fold=int(last))
    moment = datetime.combine(day + timedelta(days=days), local, calendar.zone)
    return moment.astimezone(UTC)


def of_items(items: Iterable[ReviewItem], now: datetime) -> Mapping[uuid.UUID, Badge]:
    """Return how the most pressing open clock of each item stands; an item without one has none.

    A clock to which nothing has happened since its start is what its row says.
    """
    wanted = [item.pk for item in items]
    rows = list(SLAClock.objects.filter(item__in=wanted, status__in=OPEN)) if wanted else []
    moved = clocks.events_of([row.pk for row in rows if row.events_count > 1])
    states = clocks.states([row for row in rows if row.pk not in moved])
    by_item: dict[uuid.UUID, list[Badge]] = defaultdict(list)
    for row in rows:
        events = moved.get(row.pk, [])
        state = replay([clocks.event_of(e) for e in events]) if events else states[row.pk]
        if row.item_id is not None:
            by_item[row.item_id].append(Badge(row, state, events, now))
    return {pk: _first(found) for pk, found in by_item.items()}


def _first(found: list[Badge]) -> Badge:
    first, *others = sorted(found, key=_pressing)
    return Badge(first.row, first.state, first.events, first.now, tuple(others))


def _pressing(badge: Badge) -> tuple[int, timedelta]:
    """Order clocks: the longest overdue, then what is due next, then what has no target."""
    return (0 if badge.monitored else 1), badge.left


def of_item(item: ReviewItem, now: datetime) -> Badge | None:
    """Return how the most pressing open clock of one item stands."""
    return of_items([item], now).get(item.pk)
