"""Business time: when a target is used up, and how much of it has passed.

All arithmetic is on UTC, to the microsecond, on the timeline of a calendar. What it says depends on
the calendar alone: no hours are no time, and nothing here loops or fails for want of them.
"""

from datetime import UTC, datetime, timedelta

from governance.domain.timeline import FIRST_YEAR, LAST_YEAR
from governance.domain.working_hours import (
    WEEKDAYS,
    Calendar,
    UnusableCalendar,
    Window,
    parse_window,
)

__all__ = [
    "FIRST_YEAR", "LAST_YEAR", "WEEKDAYS", "Calendar", "UnusableCalendar", "Window", "add",
    "add_working_days", "elapsed", "parse_window",
]  # fmt: skip

NOTHING = timedelta(0)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)


def add(calendar: Calendar, start: datetime, target: timedelta) -> datetime | None:
    """Return the earliest instant at which `target` of business time has passed since `start`.

    A target that ends at closing time is used up at the closing instant. Nothing, or less, has
    passed at `start` itself, be it open then or not. None when the calendar has no hours left in
    which the target could pass, or only after LAST_YEAR.
    """
    if target <= NOTHING:
        return start.astimezone(UTC)
    line = calendar.timeline
    return line.reached(line.before(start) + target // TICK)


def elapsed(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """Return the business time between two instants; nothing when `end` is not after `start`."""
    # To compare them would be to compare their clocks on the wall, where both are of one zone.
    line = calendar.timeline
    return max(0, line.before(end) - line.before(start)) * TICK


def add_working_days(calendar: Calendar, start: datetime, days: int) -> datetime | None:
    """Return the local time of `start` on the n-th later date that has windows.

    The time of day is kept, whether or not it lies in a window; in the repeated hour it is the
    first occurrence, in the gap it moves forward. No days, or fewer, are over at `start`. None when
    so many dates with windows do not follow.
    """
    if days <= 0:
        return start.astimezone(UTC)
    local = start.astimezone(calendar.zone)
    day = local.date()
    while days:
        day += DAY
        if day.year > calendar.last_year:
            return None
        days -= bool(calendar.windows_on(day))
    return calendar.instant(day, local.time())
