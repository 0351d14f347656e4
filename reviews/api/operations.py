"""How the work goes: what is open and late, what arrived, and which targets were met."""

from datetime import timedelta
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.domain.times import format_duration
from governance.rest.schema import Shown
from governance.rest.serializers import MomentField, StrictCharField, StrictSerializer, query
from governance.rest.views import Endpoint, principal_of
from governance.selectors import clock
from reviews.api import schemas
from reviews.domain.shares import Share
from reviews.enums import ClockKind
from reviews.selectors import operations, operations_report
from reviews.selectors.operations import Kept, Turnaround
from reviews.selectors.operations_report import Report
from reviews.selectors.operations_series import STARTED, STOPPED

INTERVAL_HELP = "95 %, after Wilson; null of nothing."


class OperationsFilter(StrictSerializer):
    """The query parameters: all pipelines within reach, and 30 days up to now, if not given."""

    pipeline = StrictCharField(required=False)
    since = MomentField(required=False)
    until = MomentField(required=False)
    kind = serializers.ChoiceField(ClockKind.choices, required=False, default=ClockKind.DECIDE)
    by = serializers.ChoiceField(
        [STARTED, STOPPED],
        required=False,
        default=STARTED,
        help_text="By which hour the clocks of `hours` are told.",
    )


class ShareShown(Shown):
    """A share of what was counted."""

    n = serializers.IntegerField()
    met = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)
    interval = serializers.ListField(
        child=serializers.FloatField(), allow_null=True, help_text=INTERVAL_HELP
    )


class TargetsShown(ShareShown):
    """The clocks of a kind that ended in the period. Cancelled ones are in no share."""

    kind = serializers.ChoiceField(ClockKind.choices)
    missed = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    unmonitored = serializers.IntegerField(help_text="Ended, and had no target.")
    late_detection_s = serializers.FloatField(
        allow_null=True, help_text="For how long a breach in the period went unseen, at most."
    )


class PercentilesShown(Shown):
    """How long half of the items took, and nine in ten."""

    p50 = serializers.CharField(allow_null=True)
    p90 = serializers.CharField(allow_null=True)


class TurnaroundShown(Shown):
    """How long items took of which the clock to decide ended in the period."""

    n = serializers.IntegerField()
    business = PercentilesShown()
    wall = PercentilesShown()


class DayShown(Shown):
    """A day of `timezone`, or the part of it that lies in the period."""

    date = serializers.DateField()
    until = serializers.DateTimeField()
    arrived = serializers.IntegerField()
    settled = serializers.IntegerField(help_text="Resolved, withdrawn or expired.")
    open = serializers.IntegerField(help_text="At the end of it.")

    def get_fields(self) -> dict[str, Any]:
        """Add `from`, which is a word of the language."""
        return {"from": serializers.DateTimeField(), **super().get_fields()}


class HourShown(ShareShown):
    """An hour of the week, in the zone of the calendar that each clock ran by."""

    weekday = serializers.IntegerField(help_text="1 is Monday.")
    hour = serializers.IntegerField()


class HoursShown(Shown):
    """What was met by hour of the week; hours in which there was nothing are left out."""

    kind = serializers.ChoiceField(ClockKind.choices)
    by = serializers.ChoiceField([STARTED, STOPPED])
    timezones = serializers.ListField(child=serializers.CharField())
    cells = HourShown(many=True)


class OperationsShown(Shown):
    """The figures of a period. `open`, `paused`, `at_risk` and `breached` are of now."""

    pipelines = serializers.ListField(child=serializers.CharField())
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    timezone = serializers.CharField()
    open = serializers.IntegerField()
    paused = serializers.IntegerField()
    at_risk = serializers.IntegerField(help_text=schemas.AT_RISK)
    breached = serializers.IntegerField(help_text=schemas.BREACHED)
    arrived = serializers.IntegerField()
    settled = serializers.IntegerField()
    turnaround = TurnaroundShown()
    targets = TargetsShown(many=True)
    days = DayShown(many=True)
    hours = HoursShown()


class Operations(Endpoint):
    """How the work goes."""

    scopes = {"GET": ("review", "audit:read")}
    parameters = frozenset(OperationsFilter().fields)

    @extend_schema(
        operation_id="get_operations", parameters=[OperationsFilter], responses=OperationsShown
    )
    def get(self, request: Request) -> Response:
        """Return backlog, arrivals, turnaround and targets, for who adjudicates or audits."""
        wanted = query(OperationsFilter, request)
        kind, by = wanted.pop("kind"), wanted.pop("by")
        principal = principal_of(request)
        scope = operations.scope(principal, now=clock.now(), **wanted)
        found = operations_report.report(scope, kind=kind, by=by)
        reached = {row.pk: row.slug for row in operations.pipelines(principal)}
        return Response(_shown(found, [reached[pk] for pk in scope.pipelines]))


def _shown(found: Report, slugs: list[str]) -> dict[str, Any]:
    standing = found.standing
    return {
        "pipelines": slugs,
        "since": found.scope.since,
        "until": found.scope.until,
        "timezone": found.zone,
        "open": standing.open,
        "paused": standing.paused,
        "at_risk": standing.at_risk,
        "breached": standing.breached,
        "arrived": found.arrived,
        "settled": found.settled,
        "turnaround": _turnaround(found.turnaround),
        "targets": [_targets(each) for each in found.kept],
        "days": [
            {
                "date": day.date.isoformat(),
                "from": day.start,
                "until": day.end,
                "arrived": day.arrived,
                "settled": day.settled,
                "open": day.open,
            }
            for day in found.days
        ],
        "hours": {
            "kind": found.kind,
            "by": found.by,
            "timezones": found.zones,
            "cells": [
                {"weekday": cell.weekday, "hour": cell.hour} | _share(cell.share)
                for cell in found.hours
            ],
        },
    }


def _share(share: Share) -> dict[str, Any]:
    return {"n": share.n, "met": share.hits, "share": share.value, "interval": share.interval}


def _targets(each: Kept) -> dict[str, Any]:
    late = each.late_detection
    return {
        "kind": each.kind,
        "missed": each.missed,
        "cancelled": each.cancelled,
        "unmonitored": each.unmonitored,
        "late_detection_s": None if late is None else late.total_seconds(),
    } | _share(each.share)


def _turnaround(found: Turnaround) -> dict[str, Any]:
    return {
        "n": found.n,
        "business": _percentiles(found.business),
        "wall": _percentiles(found.wall),
    }


def _percentiles(lengths: tuple[timedelta, ...]) -> dict[str, str | None]:
    half, most = (format_duration(each) for each in lengths) if lengths else (None, None)
    return {"p50": half, "p90": most}
