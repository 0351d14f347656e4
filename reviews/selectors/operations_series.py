"""The series of operations: days of arrivals, settlements and backlog, and hours of the week."""

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, QuerySet
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay, TruncDate

from governance.selectors import policies
from reviews.domain.lifecycle import UNSETTLED
from reviews.domain.shares import Share
from reviews.enums import ClockKind, ClockOutcome, ClockStatus, ItemStatus
from reviews.models import ReviewItem, SLAClock, Withdrawal
from reviews.selectors.operations import Kept, Scope, clocks_in

DAY = timedelta(days=1)
STARTED, STOPPED = "started_at", "stopped_at"


@dataclass(frozen=True)
class Day:
    """One day of a zone, or the part of it that lies in the period. `open` is at its end."""

    date: date
    start: datetime
    end: datetime
    arrived: int
    settled: int
    open: int


@dataclass(frozen=True)
class Cell:
    """One hour of the week: weekday 1 is Monday, and `hour` begins it in the calendar's zone."""

    weekday: int
    hour: int
    share: Share


def days(of: Scope, zone: str) -> list[Day]:
    """Return the days of the period. What has ended in any way is settled: open is the rest.

    `open` counts back from what is open now, so that it agrees with it whatever is on record.
    """
    place = ZoneInfo(zone)
    items = ReviewItem.objects.filter(pipeline__in=of.pipelines)
    arrived = _by_day(items, "created_at", of, place)
    ended = _ended(of, of.since, of.until, place)
    open_then = items.filter(status__in=UNSETTLED).count()
    if of.until < of.now:
        open_then += sum(_ended(of, of.until, of.now, place).values())
        open_then -= items.filter(created_at__gte=of.until, created_at__lte=of.now).count()
    found: list[Day] = []
    for day in reversed(list(_dates(of, place))):
        start, end = (datetime.combine(d, time(), place).astimezone(UTC) for d in (day, day + DAY))
        found.append(
            Day(day, max(start, of.since), min(end, of.until), arrived[day], ended[day], open_then)
        )
        open_then += ended[day] - arrived[day]
    return found[::-1]


def _dates(of: Scope, place: ZoneInfo) -> Iterable[date]:
    day = of.since.astimezone(place).date()
    last = (of.until - timedelta(microseconds=1)).astimezone(place).date()
    while day <= last:
        yield day
        day += DAY


def _by_day(
    rows: "QuerySet[Any]", field: str, of: Scope, place: ZoneInfo, *, window: Any = None
) -> Counter[date]:
    since, until = window or (of.since, of.until)
    rows = rows.filter(**{f"{field}__gte": since, f"{field}__lt": until})
    told = rows.annotate(day=TruncDate(field, tzinfo=place)).values_list("day")
    return Counter(dict(told.annotate(n=Count("pk")).order_by()))


def _ended(of: Scope, since: datetime, until: datetime, place: ZoneInfo) -> Counter[date]:
    """Return how many items ended by day: resolved, withdrawn, or expired unreviewed."""
    window = (since, until)
    items = ReviewItem.objects.filter(pipeline__in=of.pipelines)
    withdrawn = Withdrawal.objects.filter(
        prediction__item__pipeline__in=of.pipelines, prediction__item__status=ItemStatus.WITHDRAWN
    )
    # An item expires with its last clock, which nothing moves after that.
    expired = SLAClock.objects.filter(
        pipeline__in=of.pipelines, kind=ClockKind.DECIDE, item__status=ItemStatus.EXPIRED,
        status__in=(ClockStatus.STOPPED, ClockStatus.CANCELLED),
    )  # fmt: skip
    return (
        _by_day(items, "resolved_at", of, place, window=window)
        + _by_day(withdrawn, "at", of, place, window=window)
        + _by_day(expired, "counted_at", of, place, window=window)
    )


def hours(of: Scope, counted: Sequence[Kept], *, kind: str, by: str = STARTED) -> list[Cell]:
    """Return what was met of the clocks of a kind that ended in the period, by hour of the week.

    `by` says which hour: that in which the clock started, or stopped. It is told in the zone of the
    calendar that each clock ran by. Hours without any are left out.
    """
    found: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
    for zone, versions in zones(counted, kind).items():
        place = ZoneInfo(zone)
        rows = clocks_in(of, STOPPED).filter(kind=kind, calendar_version__in=versions)
        told = (
            rows.exclude(outcome="")
            .annotate(
                weekday=ExtractIsoWeekDay(by, tzinfo=place), hour=ExtractHour(by, tzinfo=place)
            )
            .values_list("weekday", "hour", "outcome")
        )
        for weekday, hour, outcome, n in told.annotate(n=Count("pk")).order_by():
            cell = found[weekday, hour]
            cell[0] += n if outcome == ClockOutcome.MET else 0
            cell[1] += n
    return [Cell(*key, Share(*found[key])) for key in sorted(found)]


def zones(counted: Sequence[Kept], kind: str) -> dict[str, list[uuid.UUID]]:
    """Return the versions of calendars by which clocks of a kind ran, by their zone."""
    found: dict[str, list[uuid.UUID]] = defaultdict(list)
    for each in counted:
        if each.kind == kind:
            for version in each.calendars:
                found[policies.business_calendar(version).timezone].append(version)
    return found
