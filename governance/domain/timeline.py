"""Open time on one line: how much of it lies before an instant, and at which instant it is reached.

Instants and lengths are whole microseconds, instants since 1970 in UTC. A table is made of each
calendar year when it is first needed, with running sums; both questions are then binary searches,
however far apart their two ends lie.
"""

import threading
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from operator import sub

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
DAY = 86_400 * SECOND
# What lies outside counts as closed, so that no question is without an end.
FIRST_YEAR = 1900
LAST_YEAR = 2199

Piece = tuple[int, int]


def ticks(moment: datetime) -> int:
    """Return an instant as microseconds."""
    since = moment - EPOCH
    return since.days * DAY + since.seconds * SECOND + since.microseconds


def moment(ticks: int) -> datetime:
    """Return the instant of microseconds, in UTC."""
    return EPOCH + timedelta(microseconds=ticks)


class Year:
    """The open pieces of one year, disjoint and in order."""

    def __init__(self, number: int, pieces: Iterable[Piece]) -> None:
        found = _joined(pieces, *_bounds(number))
        opens, closes = zip(*found, strict=True) if found else ((), ())
        self.opens: array[int] = array("q", opens)
        self.closes: array[int] = array("q", closes)
        self.sums: array[int] = array("q", accumulate(map(sub, closes, opens)))
        self.total: int = self.sums[-1] if found else 0

    def before(self, tick: int) -> int:
        """Return how much of the year's open time lies before an instant."""
        last = bisect_right(self.opens, tick) - 1
        return self.sums[last] - max(0, self.closes[last] - tick) if last >= 0 else 0

    def reached(self, amount: int) -> int:
        """Return the first instant before which `amount`, above 0 and within the total, lies."""
        piece = bisect_left(self.sums, amount)
        return self.closes[piece] - (self.sums[piece] - amount)


def _bounds(year: int) -> Piece:
    return ticks(datetime(year, 1, 1, tzinfo=UTC)), ticks(datetime(year + 1, 1, 1, tzinfo=UTC))


def _joined(pieces: Iterable[Piece], start: int, end: int) -> list[Piece]:
    """Return the union of pieces within [start, end): pieces that touch become one."""
    found: list[Piece] = []
    reached = start
    for opens, closes in sorted(pieces):
        if opens > reached and opens < closes <= end:
            found.append((opens, closes))
            reached = closes
        elif reached < closes and opens < min(closes, end):
            until = min(closes, end)
            if found and opens <= reached:
                found[-1] = found[-1][0], until
            else:
                found.append((max(opens, start), until))
            reached = until
    return found


class Timeline:
    """The years of one calendar, without a gap between them, and what lies before each.

    `pieces` gives the open pieces of a year and may give some of its neighbours' as well; after
    `last_year` there are none.
    """

    def __init__(self, pieces: Callable[[int], Iterable[Piece]], last_year: int) -> None:
        self._pieces = pieces
        self._last = min(last_year, LAST_YEAR)
        self._years: dict[int, Year] = {}
        # Open time before a year, counted from the year asked for first.
        self._before: dict[int, int] = {}
        self._low = self._high = 0
        self._lock = threading.Lock()

    def before(self, instant: datetime) -> int:
        """Return the open time before an instant; only the difference of two has a meaning."""
        year = instant.astimezone(UTC).year
        if not FIRST_YEAR <= year <= self._last:
            year = FIRST_YEAR if year < FIRST_YEAR else max(self._last + 1, FIRST_YEAR)
            self._reach(year)
            return self._before[year]
        self._reach(year + 1)
        self._reach(year)
        return self._before[year] + self._years[year].before(ticks(instant))

    def reached(self, amount: int) -> datetime | None:
        """Return the first instant before which `amount` lies, or None when it never does.

        `amount` is more than what `before` said of some instant.
        """
        while self._before[self._high] < amount:
            if self._high > self._last:
                return None
            self._reach(self._high + 1)
        low = self._low
        ends = range(low + 1, self._high + 1)
        year = low + bisect_left(ends, amount, key=self._before.__getitem__)
        return moment(self._years[year].reached(amount - self._before[year]))

    def _reach(self, year: int) -> None:
        """Make the tables from those that there are up or down to the start of `year`."""
        if year in self._before:
            return
        with self._lock:
            if not self._before:
                self._before[year] = 0
                self._low = self._high = year
            while self._high < year:
                table = self._table(self._high)
                self._before[self._high + 1] = self._before[self._high] + table.total
                self._high += 1
            while self._low > year:
                table = self._table(self._low - 1)
                self._before[self._low - 1] = self._before[self._low] - table.total
                self._low -= 1

    def _table(self, year: int) -> Year:
        table = self._years[year] = Year(year, self._pieces(year))
        return table
