"""What the edit of a calendar touches: days that are over, days to come, or both."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from governance.domain.business_time import Calendar

# How far public holidays are compared where a calendar is given those of another country.
YEARS = 10


@dataclass(frozen=True)
class Differs:
    """On which side of a day two calendars differ; the day itself has begun, and counts as past."""

    past: bool
    future: bool


def differs(before: Calendar, after: Calendar, *, today: date) -> Differs:
    """Return on which side of `today` the hours of two calendars differ.

    Another zone or other hours of the week have no date: they touch both.
    """
    if (before.timezone, before.windows) != (after.timezone, after.windows):
        return Differs(past=True, future=True)
    other = {day for day in _dates(before, after, today) if _differ(before, after, day)}
    return Differs(
        past=any(day <= today for day in other), future=any(day > today for day in other)
    )


def _differ(before: Calendar, after: Calendar, day: date) -> bool:
    return before.windows_on(day) != after.windows_on(day)


def _dates(before: Calendar, after: Calendar, today: date) -> Iterable[date]:
    """Return the dates on which calendars of the same hours in the week may differ."""
    for calendar in (before, after):
        yield from calendar.exceptions
        yield from calendar.holidays
    if (before.country, before.subdivision) != (after.country, after.subdivision):
        around = 366 * YEARS
        yield from (today + timedelta(days=n) for n in range(-around, around + 1))
