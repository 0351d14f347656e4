"""The unsettled items of a queue by urgency, and which of them are late or near it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

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


def open_clocks(pipelines: Any) -> "QuerySet[SLAClock]":
    """Return the clocks of items that run or are paused."""
    return SLAClock.objects.filter(pipeline__in=pipelines, status__in=OPEN, item__isnull=False)


def past(now: datetime) -> Q:
    """Return the condition that an open clock is past its target, seen or not yet."""
    return Q(due_at__lt=now) | Q(breached_at__isnull=False)


def warned(now: datetime) -> Q:
    """Return the condition that a clock runs, has warned and is not past its target."""
    return Q(status=ClockStatus.RUNNING, warned__gt=0, breached_at=None, due_at__gte=now)


def of_queue(pipeline: Pipeline, queue: str, now: datetime, show: str) -> "QuerySet[ReviewItem]":
    """Return the unsettled items of a queue, the most urgent first.

    `show` of `breached` keeps those of which a clock that is open is past its target, `at_risk`
    those that have warned and of which none is.
    """
    rows = ReviewItem.objects.filter(pipeline=pipeline, queue=queue, status__in=UNSETTLED)
    rows = rows.select_related("prediction").order_by("urgent_at", "pk")
    running = open_clocks([pipeline.pk])
    late = running.filter(past(now)).values("item")
    if show == BREACHED:
        return rows.filter(pk__in=late)
    if show == AT_RISK:
        return rows.filter(pk__in=running.filter(warned(now)).values("item")).exclude(pk__in=late)
    return rows


def count(rows: "QuerySet[ReviewItem]") -> Count:
    """Return how many rows there are, without counting past CAP."""
    found = rows.order_by()[: CAP + 1].count()
    return Count(min(found, CAP), found > CAP)
