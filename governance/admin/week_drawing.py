"""A week of a calendar as columns of blocks, and an example as the days it runs over, in words."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice

from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from governance.admin.rendering import length
from governance.domain import business_time, calendar_days
from governance.domain.business_time import DAY, Calendar, Window
from governance.domain.calendar_days import Day

MINUTE = timedelta(minutes=1)
MIDNIGHT = 1440
# So many days are told one by one; a longer example is told in part.
TOLD = 31
MARK = 8


@dataclass(frozen=True)
class Block:
    """A stretch of a day in minutes of the wall clock, and the class that colours it."""

    y: int
    height: int
    kind: str


@dataclass(frozen=True)
class Column:
    """One day as it is drawn, and as it is written in the table."""

    weekday: str
    date: str
    iso: str
    source: str
    hours: str
    total: str
    note: str
    blocks: list[Block]


@dataclass(frozen=True)
class Step:
    """One day on the way of an example."""

    day: str
    hours: str
    counts: str
    note: str
    skipped: bool


class Example:
    """A target that starts at a local time: when it is due, and what counted on the way."""

    def __init__(self, calendar: Calendar, start: datetime, target: timedelta) -> None:
        self.calendar = calendar
        self.target = target
        self.start = calendar.instant(start.date(), start.time())
        self.due = business_time.add(calendar, self.start, target)

    def local(self, moment: datetime) -> datetime:
        """Return an instant on the clock of the calendar's place, without the zone."""
        return moment.astimezone(self.calendar.zone).replace(tzinfo=None)

    def sentences(self) -> list[str]:
        """Return when the example is due, and how long that is on the wall clock."""
        said = {"start": self._written(self.start), "target": length(self.target)}
        if self.due is None:
            return [
                _("%(target)s from %(start)s are never used up.") % said,
                _("The calendar has no hours left in which so much time could pass."),
            ]
        said |= {"due": self._written(self.due), "wall": length(self.due - self.start)}
        return [
            _("%(target)s from %(start)s are used up, and due, at %(due)s.") % said,
            _("On the wall clock that is %(wall)s.") % said,
        ]

    def steps(self) -> list[Step]:
        """Return the first days on the way."""
        if self.due is None:
            return []
        found = calendar_days.counted(self.calendar, self.start, self.due)
        return [self._step(day, counts) for day, counts in islice(found, TOLD)]

    def days_more(self) -> int:
        """Return how many days there are beyond `steps`."""
        if self.due is None:
            return 0
        days = (self.local(self.due).date() - self.local(self.start).date()).days + 1
        return max(0, days - TOLD)

    def span_on(self, day: date) -> Window:
        """Return the minutes of a date from the start to the due time; none when that never is."""
        if self.due is None:
            return MIDNIGHT, MIDNIGHT
        midnight = datetime.combine(day, time(0))
        return _minute(self.local(self.start) - midnight), _minute(self.local(self.due) - midnight)

    def _step(self, day: Day, counts: timedelta) -> Step:
        note = note_of(day)
        if not counts:
            closed = _("Closed") if not day.windows else _("Outside hours")
            note = f"{closed}: {note}" if note else closed
        return Step(
            day=date_format(day.date, "D j M Y"),
            hours=hours_of(day),
            counts=length(counts) if counts else _("nothing"),
            note=note,
            skipped=not counts,
        )

    def _written(self, moment: datetime) -> str:
        local = moment.astimezone(self.calendar.zone)
        shown = "D j M Y, H:i:s" if local.second or local.microsecond else "D j M Y, H:i"
        return f"{date_format(local, shown)} {local:%Z}"


def columns(calendar: Calendar, day: date, example: Example | None) -> list[Column]:
    """Return the days of the week in which `day` lies, with the example marked in them."""
    return [_column(each, example) for each in calendar_days.week_of(calendar, day)]


def _column(day: Day, example: Example | None) -> Column:
    start, due = example.span_on(day.date) if example else (MIDNIGHT, MIDNIGHT)
    blocks = [block for window in day.windows for block in _blocks(window, start, due)]
    marks = [(start, "start"), (due, "due")]
    blocks += [
        Block(max(0, min(y - MARK // 2, MIDNIGHT - MARK)), MARK, kind)
        for y, kind in marks
        if example and 0 < y < MIDNIGHT
    ]
    return Column(
        weekday=date_format(day.date, "D"),
        date=date_format(day.date, "j M"),
        iso=day.date.isoformat(),
        source=day.source,
        hours=hours_of(day),
        total=length(day.hours) if day.hours else "",
        note=note_of(day),
        blocks=blocks,
    )


def _blocks(window: Window, start: int, due: int) -> list[Block]:
    """Return a window cut into what counts of it and what lies before and after."""
    opens, closes = window
    parts = [
        (opens, min(closes, start), "open"),
        (max(opens, start), min(closes, due), "counts"),
        (max(opens, due, start), closes, "open"),
    ]
    return [Block(y, end - y, kind) for y, end, kind in parts if y < end]


def _minute(since: timedelta) -> int:
    return max(0, min(MIDNIGHT, since // MINUTE))


def hours_of(day: Day) -> str:
    """Return the windows of a day in words."""
    if not day.windows:
        return _("closed")
    return ", ".join(f"{_clock(opens)}\u2013{_clock(closes)}" for opens, closes in day.windows)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def note_of(day: Day) -> str:
    """Return why a day is not as its weekday is, in words; nothing when it is."""
    parts = []
    if day.source == "exception":
        parts.append(_("Exception"))
    if day.holiday or day.source == "holiday":
        parts.append(day.holiday or _("Holiday"))
    if day.change:
        parts.append(_("the clocks change, this day has %(n)s") % {"n": length(DAY + day.change)})
    return capfirst(", ".join(parts))
