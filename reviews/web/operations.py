"""How the work goes: figures and charts of a period, each with its table as a page and as CSV."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse, QueryDict
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from governance.domain import csv_text
from governance.exceptions import NotFound
from governance.selectors import clock
from reviews.enums import ClockKind
from reviews.selectors import operations, operations_report
from reviews.selectors.operations import Scope
from reviews.selectors.operations_report import Report
from reviews.selectors.operations_series import STARTED, STOPPED
from reviews.web import charts, flow
from reviews.web.people import DeskRequest, signed_in

PERIODS = {"7": _("7 days"), "30": _("30 days"), "90": _("90 days")}
BY = {STARTED: _("in which the clock started"), STOPPED: _("in which it stopped")}


@require_safe
@signed_in
def page(request: DeskRequest) -> HttpResponse:
    """Show the figures of a period, or one of its tables as CSV."""
    now = clock.now()
    chosen = _chosen(request.GET)
    report = operations_report.report(
        _scope(request, chosen, now), kind=chosen["kind"], by=chosen["by"]
    )
    wanted = request.GET.get("format")
    if wanted is not None:
        return _csv(report, wanted, request.GET.get("chart", ""))
    weekdays = [str(WEEKDAYS_ABBR[day]) for day in range(7)]
    context = {
        "report": report,
        "pipelines": operations.pipelines(request.principal),
        "chosen": chosen,
        "periods": PERIODS.items(),
        "kinds": ClockKind.choices,
        "hours_by": BY.items(),
        "flow": charts.flow(report.days),
        "backlog": charts.backlog(report.days),
        "week": charts.week(report.hours, weekdays),
        "days_newest_first": report.days[::-1],
        "weekdays": {day + 1: WEEKDAYS[day] for day in range(7)},
        "small": charts.SMALL,
        "query": _query(chosen),
        "now": now,
    }
    return flow.page(request, "reviews/operations.html", context)


def _chosen(given: QueryDict) -> dict[str, str]:
    """Return what the filters of the page say; what it does not offer is not found."""
    chosen = {
        "pipeline": given.get("pipeline", ""),
        "days": given.get("days", "30"),
        "kind": given.get("kind", ClockKind.DECIDE.value),
        "by": given.get("by", STARTED),
    }
    known = chosen["days"] in PERIODS and chosen["kind"] in ClockKind.values and chosen["by"] in BY
    if not known:
        raise NotFound("There are no such figures.")
    return chosen


def _scope(request: DeskRequest, chosen: dict[str, str], now: datetime) -> Scope:
    """Return whole days of the pipelines' zone, today's up to now."""
    of = operations.scope(request.principal, pipeline=chosen["pipeline"] or None, now=now)
    place = ZoneInfo(operations.zone(of))
    first = now.astimezone(place).date() - timedelta(days=int(chosen["days"]) - 1)
    since = datetime.combine(first, time(), place)
    return operations.scope(
        request.principal, pipeline=chosen["pipeline"] or None, since=since, now=now
    )


def _query(chosen: dict[str, str]) -> str:
    query = QueryDict(mutable=True)
    query.update({name: value for name, value in chosen.items() if value})
    return query.urlencode()


def _csv(report: Report, wanted: str, chart: str) -> HttpResponse:
    if wanted != "csv" or chart not in TABLES:
        raise NotFound("There is no such table.")
    head, rows = TABLES[chart](report)
    text = csv_text.table(head, rows)
    name = f"{chart}-{report.scope.since:%Y%m%d}-{report.scope.until:%Y%m%d}.csv"
    return HttpResponse(
        text,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _arrivals(report: Report) -> tuple[list[str], list[list[Any]]]:
    head = ["date", "timezone", "from", "until", "arrived", "settled"]
    rows = [
        [day.date.isoformat(), report.zone, day.start, day.end, day.arrived, day.settled]
        for day in report.days
    ]
    return head, rows


def _open(report: Report) -> tuple[list[str], list[list[Any]]]:
    head = ["date", "timezone", "at", "open"]
    return head, [[d.date.isoformat(), report.zone, d.end, d.open] for d in report.days]


def _hours(report: Report) -> tuple[list[str], list[list[Any]]]:
    head = [
        "clock", "from", "until", "weekday", "hour", "timezones", "met", "n", "met_share",
        "low", "high",
    ]  # fmt: skip
    zones, of = " ".join(report.zones), report.scope
    return head, [
        [
            report.kind, of.since, of.until, cell.weekday, cell.hour, zones, cell.share.hits,
            cell.share.n, cell.share.value, *(cell.share.interval or (None, None)),
        ]
        for cell in report.hours
    ]  # fmt: skip


def _targets(report: Report) -> tuple[list[str], list[list[Any]]]:
    head = [
        "clock", "from", "until", "met", "missed", "met_share", "low", "high", "cancelled",
        "unmonitored", "late_detection_s",
    ]  # fmt: skip
    of = report.scope
    return head, [
        [
            k.kind, of.since, of.until, k.met, k.missed, k.share.value,
            *(k.share.interval or (None, None)), k.cancelled, k.unmonitored,
            None if k.late_detection is None else k.late_detection.total_seconds(),
        ]
        for k in report.kept
    ]  # fmt: skip


TABLES = {"arrivals": _arrivals, "open": _open, "hours": _hours, "targets": _targets}
