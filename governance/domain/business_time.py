"""Business time: when a target is used up, and how much of it has passed.

Windows are half-open in local time and turned into UTC per date; all arithmetic is on UTC, to the
microsecond. An opening in the repeated hour is its first occurrence, a closing its second; a local
time that does not exist moves forward by the gap.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import holidays as public_holidays

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = timedelta(days=1)
HORIZON_YEARS = 100

Window = tuple[int, int]


def parse_window(text: str) -> Window:
    """Return the minutes of the day of `HH:MM-HH:MM`, the end after the start, at most 24:00."""
    try:
        opens, closes = (_minute(part) for part in text.split("-"))
    except (ValueError, AttributeError):
        raise ValueError("Give a window as in 09:00-17:30.") from None
    if opens >= closes:
        raise ValueError("A window ends after it starts.")
    return opens, closes


def _minute(text: str) -> int:
    hours, minutes = text.strip().split(":")
    if len(hours) != 2 or len(minutes) != 2:
        raise ValueError(text)
    minute = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or not 0 <= minute <= 1440:
        raise ValueError(text)
    return minute


@dataclass(frozen=True)
class Calendar:
    """Working hours of one place. `windows` are by weekday, Monday first, sorted and disjoint."""

    timezone: str
    windows: tuple[tuple[Window, ...], ...]
    exceptions: Mapping[date, tuple[Window, ...]]
    holidays: frozenset[date] = frozenset()
    country: str = ""
    subdivision: str = ""

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Calendar":
        """Return the calendar that a validated Calendar document describes."""
        listed = document.get("holidays") or []
        public = listed if isinstance(listed, Mapping) else {}
        return cls(
            timezone=document["timezone"],
            windows=tuple(_windows(document["windows"].get(day, ())) for day in WEEKDAYS),
            exceptions={
                date.fromisoformat(entry["date"]): _windows(entry["windows"])
                for entry in document.get("exceptions") or ()
            },
            holidays=frozenset() if public else frozenset(map(date.fromisoformat, listed)),
            country=public.get("country", ""),
            subdivision=public.get("subdivision") or "",
        )

    def __hash__(self) -> int:
        return id(self)

    @functools.cached_property
    def zone(self) -> ZoneInfo:
        """The zone of the windows."""
        return ZoneInfo(self.timezone)

    def windows_on(self, day: date) -> tuple[Window, ...]:
        """Return the local windows of a date."""
        if day in self.exceptions:
            return self.exceptions[day]
        if day in self.holidays or (self.country and day in self._public(day.year)):
            return ()
        return self.windows[day.weekday()]

    @functools.cache  # noqa: B019 - calendars are few and live as long as their version
    def _public(self, year: int) -> frozenset[date]:
        found = public_holidays.country_holidays(
            self.country, subdiv=self.subdivision or None, years=year
        )
        return frozenset(found)

    @functools.cache  # noqa: B019
    def intervals_on(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """Return the windows of a date as UTC intervals, empty ones left out."""
        found = (
            (self._instant(day, opens, fold=0), self._instant(day, closes, fold=1))
            for opens, closes in self.windows_on(day)
        )
        return tuple((start, end) for start, end in found if start < end)

    def _instant(self, day: date, minute: int, *, fold: int) -> datetime:
        midnight = datetime.combine(day, time(0))
        local = (midnight + timedelta(minutes=minute)).replace(tzinfo=self.zone, fold=fold)
        back = local.astimezone(UTC).astimezone(self.zone)
        if back.replace(tzinfo=None) != local.replace(tzinfo=None):
            # A time in the gap; fold 0 reads it with the offset before, which moves it forward.
            local = local.replace(fold=0)
        return local.astimezone(UTC)

    def has_hours_from(self, day: date) -> bool:
        """Return whether any window can lie on or after `day`."""
        return any(self.windows) or any(
            windows for exception, windows in self.exceptions.items() if exception >= day
        )

    def intervals_from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the UTC intervals that end after `start`, the first one cut to it."""
        day = start.astimezone(self.zone).date() - DAY
        last = date(min(day.year + HORIZON_YEARS, 9998), 1, 1)
        while day < last and self.has_hours_from(day):
            for opens, closes in self.intervals_on(day):
                if closes > start:
                    yield max(opens, start), closes
            day += DAY


def _windows(texts: Sequence[str]) -> tuple[Window, ...]:
    return tuple(sorted(parse_window(text) for text in texts))


def add(calendar: Calendar, start: datetime, target: timedelta) -> datetime | None:
    """Return the earliest instant at which `target` of business time has passed since `start`.

    None when the calendar has no hours left in which it could.
    """
    remaining = target
    for opens, closes in calendar.intervals_from(start):
        if closes - opens >= remaining:
            return opens + remaining
        remaining -= closes - opens
    return None


def elapsed(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """Return the business time between two instants; nothing when `end` is not after `start`."""
    total = timedelta(0)
    for opens, closes in calendar.intervals_from(start):
        if opens >= end:
            break
        total += min(closes, end) - opens
    return total
