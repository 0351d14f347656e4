"""The unsettled items of a queue by urgency, and which of them are late or near it."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from governance.models import Pipeline
from reviews.domain.lifecycle import UNSETTLED
from reviews.enums import ClockStatus
from reviews.models import ReviewItem, SLAClock
from reviews.models.clocks import OPEN

CAP = 1000
ALL, AT_RISK, BREACHED = "all", "at_risk", "breached"


@dataclass(frozen=True)
class Count:
    """How many there are, counted up to CAP; `capped`: there are more."""

    number: int
    capped: bool


def late(now: datetime) -> "QuerySet[SLAClock]":
    """Return the open clocks of items that are past their target, seen or not yet.

    An item is breached that has one, wherever it is said of an item: in lists, on pages and in
    figures. A clock is open only while its item is not settled, and one that was past its target
    when its item was paused stays so.
    """
    return _open().filter(Q(due_at__lt=now) | Q(breached_at__isnull=False))


def near(now: datetime) -> "QuerySet[SLAClock]":
    """Return the clocks of items that run, have warned and are not past their target.

    An item is at risk that has one and is not breached.
    """
    return _open().filter(
        status=ClockStatus.RUNNING, warned__gt=0, breached_at=None, due_at__gte=now
    )


def _open() -> "QuerySet[SLAClock]":
    return SLAClock.objects.filter(status__in=OPEN, item__isnull=False)


def of_queue(pipeline: Pipeline, queue: str, now: datetime, show: str) -> "QuerySet[ReviewItem]":
    """Return the unsettled items of a queue, the most urgent first.

    `show` of `breached` keeps those that are breached, `at_risk` those that are at risk.
    """
    rows = ReviewItem.objects.filter(pipeline=pipeline, queue=queue, status__in=UNSETTLED)
    rows = rows.select_related("prediction").order_by("urgent_at", "pk")
    gone = late(now).filter(pipeline=pipeline).values("item")
    if show == BREACHED:
        return rows.filter(pk__in=gone)
    if show == AT_RISK:
        soon = near(now).filter(pipeline=pipeline).values("item")
        return rows.filter(pk__in=soon).exclude(pk__in=gone)
    return rows


def count(rows: "QuerySet[ReviewItem]") -> Count:
    """Return how many rows there are, without counting past CAP."""
    found = rows.order_by()[: CAP + 1].count()
    return Count(min(found, CAP), found > CAP)
