"""What should have happened to clocks and leases by now and has not: the watch over the sweep."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q, QuerySet

from reviews.enums import AssignmentState, ClockStatus
from reviews.models import Assignment, SLAClock

PERIOD = timedelta(seconds=15)
LADDER_LATE = timedelta(minutes=5)


@dataclass(frozen=True)
class Finding:
    """One kind of thing that is not as it should be: how many, and since when the oldest."""

    name: str
    count: int
    detail: str


def findings(now: datetime) -> list[Finding]:
    """Return what is wrong at `now`, by indexed queries; empty when the sweep does its work."""
    found = [
        Finding(name, rows.count(), detail)
        for name, detail, rows in (
            ("breach_unseen", "clocks are late and no sweep has seen it", _unseen(now)),
            ("ladder_late", "levels of a ladder should have fired", _ladder_late(now)),
            ("never_due", "clocks have a target and never an hour to use it", _never_due()),
            ("lease_lapsed", "leases have lapsed and still hold their items", _lapsed(now)),
        )
    ]
    return [finding for finding in found if finding.count]


def _unseen(now: datetime) -> "QuerySet[SLAClock]":
    return SLAClock.objects.filter(
        next_at__lt=now - 2 * PERIOD,
        due_at__lt=now - 2 * PERIOD,
        status=ClockStatus.RUNNING,
        breached_at=None,
    )


def _ladder_late(now: datetime) -> "QuerySet[SLAClock]":
    return SLAClock.objects.filter(next_at__lt=now - LADDER_LATE, breached_at__isnull=False)


def _never_due() -> "QuerySet[SLAClock]":
    return SLAClock.objects.filter(
        status=ClockStatus.RUNNING, target__isnull=False, due_at=None, breached_at=None
    )


def _lapsed(now: datetime) -> "QuerySet[Assignment]":
    return Assignment.objects.filter(
        state=AssignmentState.CLAIMED, lease_expires_at__lt=now - 2 * PERIOD
    )


def figures(now: datetime) -> dict[str, float]:
    """Return the state of the clocks as numbers, times in seconds."""
    open_clocks = SLAClock.objects.filter(next_at__isnull=False)
    day = SLAClock.objects.filter(breached_at__gt=now - timedelta(days=1))
    counted = open_clocks.aggregate(
        breached=Count("pk", filter=Q(breached_at__isnull=False)),
        due=Count("pk", filter=Q(next_at__lt=now)),
        oldest=Min("next_at"),
    )
    late = [d - b for b, d in day.values_list("breached_at", "detected_at")[:1000] if b and d]
    oldest = counted["oldest"]
    return {
        "breached": counted["breached"],
        "due": counted["due"],
        "lag": max(0.0, (now - oldest).total_seconds()) if oldest else 0.0,
        "late_detection": max((each.total_seconds() for each in late), default=0.0),
        "findings": float(sum(finding.count for finding in findings(now))),
    }
