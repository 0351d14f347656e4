"""Working hours: which parts of which dates a calendar keeps open.

Windows are half-open in local time and turned into UTC date by date. An opening in the repeated
hour is its first occurrence, a closing its second; a local time that does not exist moves forward
by the gap. Windows that touch or overlap, also over midnight, are one.
"""

import functools
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import holidays as public_holidays

from governance.domain import timeline
from governance.domain.timeline import Piece, Timeline

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTE = 60 * timeline.SECOND
TICK = timedelta(microseconds=1)
EPOCH_ORDINAL = timeline.EPOCH.toordinal()
# Offsets are less than a day, and no clock was ever put forward by more than one.
MARGIN = 3
ONE_AT_A_TIME = threading.Lock()
WINDOW = re.compile(r"\s*(\d\d):([0-5]\d)\s*-\s*(\d\d):([0-5]\d)\s*", re.ASCII)

Window = tuple[int, int]


class UnusableCalendar(ValueError):
    """The zone or the holidays that a calendar names are not to be had on this machine."""


def parse_window(text: str) -> Window:
    """Return the minutes of the day of `HH:MM-HH:MM`, the end after the start, at most 24:00."""
    match = WINDOW.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError("Give a window as in 09:00-17:30.")
    opens, closes = (int(h) * 60 + int(m) for h, m in (match.group(1, 2), match.group(3, 4)))
    if closes > 1440:
        raise ValueError("A window ends at 24:00 at the latest, as in 22:00-24:00.")
    if opens >= closes:
        raise ValueError(
            "A window ends after it starts; a night is 22:00-24:00 and, on the next day, "
            "00:00-06:00."
        )
    return opens, closes


def joined(windows: Iterable[Window]) -> tuple[Window, ...]:
    """Return the windows in order, those that touch or overlap made one."""
    found: list[Window] = []
    for opens, closes in sorted(windows):
        if found and opens <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], closes)
        else:
            found.append((opens, closes))
    return tuple(found)


@dataclass(frozen=True)
class Calendar:
    """Working hours of one place. `windows` are by weekday, Monday first."""

    timezone: str
    windows: tuple[tuple[Window, ...], ...]
    exceptions: Mapping[date, tuple[Window, ...]] = field(hash=False)
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

    @functools.cached_property
    def zone(self) -> ZoneInfo:
        """The zone of the windows; UnusableCalendar when this machine does not know it."""
        try:
            return ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError):
            raise UnusableCalendar(
                f"This machine knows no time zone {self.timezone!r}: correct the calendar, or "
                "install tzdata."
            ) from None

    @functools.cached_property
    def timeline(self) -> Timeline:
        """All open time, year by year."""
        return Timeline(self._pieces_around, self.last_year)

    @functools.cached_property
    def last_year(self) -> int:
        """The last year in which there can be open time; one before all others when there is none.

        Where no weekday has windows, hours end with the last exception.
        """
        if any(self.windows):
            return timeline.LAST_YEAR
        # An hour of 31 December may lie in the next year in UTC.
        years = (day.year + 1 for day, windows in self.exceptions.items() if windows)
        return min(max(years, default=timeline.FIRST_YEAR - 1), timeline.LAST_YEAR)

    def windows_on(self, day: date) -> tuple[Window, ...]:
        """Return the local windows of a date: an exception's, no holiday's, or the weekday's."""
        if day in self.exceptions:
            return self.exceptions[day]
        if day in self.holidays or (self.country and day in self.public(day.year)):
            return ()
        return self.windows[day.weekday()]

    def public(self, year: int) -> Mapping[date, str]:
        """Return the public holidays of a year with their names in English."""
        kept = self._public.get(year)
        if kept is None:
            kept = self._public[year] = self._look_up(year) if self.country else {}
        return kept

    @functools.cached_property
    def _public(self) -> dict[int, Mapping[date, str]]:
        return {}

    @functools.cached_property
    def _book(self) -> public_holidays.HolidayBase:
        try:
            return public_holidays.country_holidays(
                self.country, subdiv=self.subdivision or None, language="en_US"
            )
        except (NotImplementedError, TypeError, ValueError):
            raise UnusableCalendar(
                f"No public holidays are known for {self.country} {self.subdivision}".rstrip()
                + ": correct the calendar, or list their dates."
            ) from None

    def _look_up(self, year: int) -> Mapping[date, str]:
        with ONE_AT_A_TIME:
            # To ask for a date writes its year into the book.
            _ = date(year, 1, 1) in self._book
            return {day: name for day, name in self._book.items() if day.year == year}

    def instant(self, day: date, local: time) -> datetime:
        """Return the first instant that a local time of a date names, in UTC.

        One that does not exist moves forward by the gap.
        """
        return datetime.combine(day, local.replace(fold=0), self.zone).astimezone(UTC)

    def _pieces_around(self, year: int) -> list[Piece]:
        """Return the windows of the local dates that can lie in a year in UTC."""
        first = date(year, 1, 1).toordinal() - MARGIN
        days = range(first, date(year, 12, 31).toordinal() + MARGIN + 1)
        starts, changing = self._midnights(days)
        special = {n: self.windows[_weekday(n)] for n in changing} | self._other_hours(days)
        weekly = [[(a * MINUTE, b * MINUTE) for a, b in windows] for windows in self.windows]
        pieces = [
            (start + opens, start + closes)
            for n, start in zip(days, starts, strict=True)
            if n not in special
            for opens, closes in weekly[_weekday(n)]
        ]
        for n, windows in special.items():
            if n in days:
                pieces += self._exactly(n, windows)
        return pieces

    def _midnights(self, days: range) -> tuple[list[int], list[int]]:
        """Return when dates begin, and those of them on which the offset may change."""
        offset = self.zone.utcoffset
        found = [offset(datetime.fromordinal(n)) for n in range(days.start, days.stop + 2)]
        shifts = {each: (each or timedelta(0)) // TICK for each in set(found)}
        starts = [
            (n - EPOCH_ORDINAL) * timeline.DAY - shifts[each]
            for n, each in zip(days, found, strict=False)
        ]
        three = zip(days, found, found[1:], found[2:], strict=False)
        return starts, [n for n, this, following, after in three if not this == following == after]

    def _other_hours(self, days: range) -> dict[int, tuple[Window, ...]]:
        """Return the windows of dates that are not their weekday's, for these dates at least."""
        low, high = date.fromordinal(days.start), date.fromordinal(days.stop)
        closed = set(self.holidays)
        for year in range(low.year, high.year + 1):
            closed.update(self.public(year))
        other: dict[int, tuple[Window, ...]] = dict.fromkeys(map(date.toordinal, closed), ())
        return other | {day.toordinal(): windows for day, windows in self.exceptions.items()}

    def _exactly(self, ordinal: int, windows: Iterable[Window]) -> Iterator[Piece]:
        """Yield the windows of a date on which the offset may change; they may be empty."""
        midnight = datetime.fromordinal(ordinal)
        since = (ordinal - EPOCH_ORDINAL) * timeline.DAY
        for opens, closes in windows:
            first = self._offset(midnight + timedelta(minutes=opens))
            end = midnight + timedelta(minutes=closes)
            # The smaller offset is the later instant: the second occurrence, or past the gap.
            last = min(self._offset(end), self._offset(end.replace(fold=1)))
            yield since + opens * MINUTE - first, since + closes * MINUTE - last

    def _offset(self, local: datetime) -> int:
        offset = local.replace(tzinfo=self.zone).utcoffset() or timedelta(0)
        return offset // TICK


def _weekday(ordinal: int) -> int:
    # 1 January of the year 1 has the ordinal 1 and is a Monday.
    return (ordinal - 1) % 7


def _windows(texts: Iterable[str]) -> tuple[Window, ...]:
    return tuple(sorted(parse_window(text) for text in texts))
