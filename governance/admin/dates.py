"""A list that stays quick at a million rows: counted up to a bound, drilled by date from its ends.

Django's own date drill-down runs DISTINCT over the whole table and its paginator counts all of it.
"""

import calendar
from collections.abc import Sequence
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dates import MONTHS, MONTHS_ALT

if TYPE_CHECKING:
    AnyPaginator = Paginator[Any]
else:
    AnyPaginator = Paginator

COUNTED = 10_000
PATIENCE = 150


class CappedPaginator(AnyPaginator):
    """Counts COUNTED rows at most, and on PostgreSQL for no longer than PATIENCE milliseconds.

    `capped` says that there are more rows, or that counting them took too long.
    """

    @cached_property
    def count(self) -> int:
        """Return how many rows there are, COUNTED when there are more or too many to tell."""
        return min(self._counted, COUNTED)

    @property
    def capped(self) -> bool:
        """Whether there may be more rows than were counted."""
        return self._counted > COUNTED

    @cached_property
    def _counted(self) -> int:
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        counted = rows.order_by().values("pk")[: COUNTED + 1]
        if connection.vendor != "postgresql":
            return counted.count()
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(PATIENCE)])
                number = counted.count()
                # An outer transaction would keep it.
                cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
        except OperationalError:
            return COUNTED + 1
        return number


class Step(NamedTuple):
    """One link of the drill-down."""

    title: str
    link: str


class Trail(NamedTuple):
    """The way back and the ways on of the drill-down."""

    back: Step | None
    choices: list[Step]


class RecordList(ChangeList):
    """A list in one order, that of its date, whose drill-down reads only the first and last row."""

    def get_ordering(self, request: Any, queryset: "QuerySet[Any]") -> Any:
        """Return the order of the admin; an order that no index serves cannot be asked for."""
        return list(self.model_admin.get_ordering(request)) or ["-pk"]

    def apply_select_related(self, qs: "QuerySet[Any]") -> "QuerySet[Any]":
        """Join what a row shows, without the long columns that it does not show."""
        unlisted = getattr(self.model_admin, "unlisted", ())
        return super().apply_select_related(qs).defer(*unlisted)

    def get_ordering_field_columns(self) -> Any:
        """Return no columns: none can be sorted by."""
        return {}

    @cached_property
    def trail(self) -> Trail | None:
        """The drill-down, or None where nothing is there to drill."""
        field = self.date_hierarchy
        ends = self._ends(field) if field else None
        if field is None or ends is None:
            return None
        return _Drill(self, field, *ends).trail()

    def _ends(self, field: str) -> tuple[date, date] | None:
        moments = self.root_queryset.order_by(field).values_list(field, flat=True)
        first, last = moments.first(), moments.last()
        return (_day(first), _day(last)) if first and last else None


def _day(moment: datetime) -> date:
    return timezone.localtime(moment).date()


class _Drill:
    """From years to months to days, as far as the address has chosen, between two ends."""

    def __init__(self, cl: ChangeList, field: str, first: date, last: date) -> None:
        self.cl = cl
        self.field = field
        self.first = first
        self.last = last

    def trail(self) -> Trail:
        year, month, day = (self._chosen(part) for part in ("year", "month", "day"))
        if year and month and day:
            there = f"{day} {MONTHS[month]}"
            return Trail(self._step(f"{MONTHS[month]} {year}", year, month), [Step(there, "")])
        if year and month:
            return Trail(self._step(str(year), year), self._days(year, month))
        if year:
            return Trail(Step("All dates", self._link()), self._months(year))
        if self.first.year == self.last.year:
            return Trail(None, self._months(self.first.year))
        years = range(self.first.year, self.last.year + 1)
        return Trail(None, [self._step(str(year), year) for year in years])

    def _chosen(self, part: str) -> int | None:
        value: Any = self.cl.get_filters_params().get(f"{self.field}__{part}")
        text = value[0] if isinstance(value, Sequence) and not isinstance(value, str) else value
        limit = {"year": 9999, "month": 12, "day": 31}[part]
        return int(text) if text and str(text).isdigit() and 1 <= int(text) <= limit else None

    def _months(self, year: int) -> list[Step]:
        low = self.first.month if year == self.first.year else 1
        high = self.last.month if year == self.last.year else 12
        return [
            self._step(f"{MONTHS_ALT[month].capitalize()} {year}", year, month)
            for month in range(low, high + 1)
        ]

    def _days(self, year: int, month: int) -> list[Step]:
        days = range(1, calendar.monthrange(year, month)[1] + 1)
        return [
            self._step(str(day), year, month, day)
            for day in days
            if self.first <= date(year, month, day) <= self.last
        ]

    def _step(self, title: str, *chosen: int) -> Step:
        return Step(title, self._link(*chosen))

    def _link(self, *chosen: int) -> str:
        parts = dict(zip(("year", "month", "day"), chosen, strict=False))
        kept = {f"{self.field}__{part}": value for part, value in parts.items()}
        return self.cl.get_query_string(kept, [f"{self.field}__"])
