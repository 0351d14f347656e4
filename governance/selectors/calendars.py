"""What a calendar says, before anything runs by it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from governance.domain import business_time
from governance.domain.business_time import FIRST_YEAR, LAST_YEAR, UnusableCalendar
from governance.domain.business_time import Calendar as BusinessCalendar
from governance.exceptions import Conflict, InvalidInput, NotFound
from governance.models import Calendar
from governance.selectors import policies


@dataclass(frozen=True)
class Published:
    """The version of a calendar that new clocks run by."""

    slug: str
    number: int
    hours: BusinessCalendar


def published(slug: str) -> Published:
    """Return the current version of a calendar."""
    found = Calendar.objects.filter(slug=slug, current__isnull=False)
    row = found.values_list("current_id", "current__number").first()
    if row is None:
        raise NotFound(f"There is no calendar {slug[:63]!r}.")
    return Published(slug, row[1], policies.business_calendar(row[0]))


def due(*, slug: str, start: datetime, target: timedelta) -> tuple[Published, datetime | None]:
    """Return when a target is used up that starts to run at `start`; None when it never is."""
    _within(start, "/start")
    if target <= timedelta(0):
        raise InvalidInput.at("/target", "A target is longer than nothing, as PT4H is.")
    calendar = published(slug)
    with usable():
        return calendar, business_time.add(calendar.hours, start, target)


def passed(*, slug: str, start: datetime, end: datetime) -> tuple[Published, timedelta]:
    """Return how much business time lies between two instants."""
    _within(start, "/start")
    _within(end, "/end")
    if end.astimezone(UTC) < start.astimezone(UTC):
        raise InvalidInput.at("/end", "The end is before the start.")
    calendar = published(slug)
    with usable():
        return calendar, business_time.elapsed(calendar.hours, start, end)


@contextmanager
def usable() -> Iterator[None]:
    """Say in an answer, not in a trace, that this machine has no such zone or holidays."""
    try:
        yield
    except UnusableCalendar as error:
        raise Conflict(str(error)) from None


def _within(moment: datetime, pointer: str) -> None:
    if not FIRST_YEAR <= moment.astimezone(UTC).year <= LAST_YEAR:
        raise InvalidInput.at(pointer, f"Give a time from {FIRST_YEAR} to {LAST_YEAR}.")
