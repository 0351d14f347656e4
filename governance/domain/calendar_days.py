"""A calendar day by day, for people to read: what is open, why not, and what counts of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from governance.domain.business_time import DAY, Calendar, Window, elapsed
from governance.domain.working_hours import joined

Source = Literal["week", "holiday", "exception"]


@dataclass(frozen=True)
class Day:
    """One date: its windows, and whether they are the weekday's.

    `change` is how much longer than 24 hours the date is. `holiday` is the name of the public
    holiday that it is, also where an exception opens it.
    """

    date: date
    windows: tuple[Window, ...]
    hours: timedelta
    change: timedelta
    source: Source
    holiday: str


def day_of(calendar: Calendar, day: date) -> Day:
    """Return what a calendar says of a date."""
    start, end = _bounds(calendar, day)
    holiday = calendar.public(day.year).get(day, "")
    source: Source = "holiday" if holiday or day in calendar.holidays else "week"
    return Day(
        date=day,
        windows=joined(calendar.windows_on(day)),
        hours=elapsed(calendar, start, end),
        change=end - start - DAY,
        source="exception" if day in calendar.exceptions else source,
        holiday=holiday,
    )


def week_of(calendar: Calendar, day: date) -> list[Day]:
    """Return the days of the week in which a date lies, Monday first."""
    monday = day - day.weekday() * DAY
    return [day_of(calendar, monday + n * DAY) for n in range(7)]


def counted(calendar: Calendar, start: datetime, end: datetime) -> Iterator[tuple[Day, timedelta]]:
    """Yield each date from that of `start` to that of `end`, with what counts of it."""
    last = end.astimezone(calendar.zone).date()
    day = start.astimezone(calendar.zone).date()
    while day <= last:
        opens, closes = _bounds(calendar, day)
        yield day_of(calendar, day), elapsed(calendar, max(opens, start), min(closes, end))
        day += DAY


def _bounds(calendar: Calendar, day: date) -> tuple[datetime, datetime]:
    midnight = time(0)
    return calendar.instant(day, midnight), calendar.instant(day + DAY, midnight)
