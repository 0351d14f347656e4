"""Maintenance as clocks see it, and the clocks that have not followed it yet."""

from collections.abc import Collection, Iterator
from datetime import datetime

from django.db.models import Q, QuerySet

from reviews.domain.passing import Standstill
from reviews.enums import ClockStatus
from reviews.models import Maintenance, SLAClock

# Their time is that of the law, which gives none for a maintenance.
OF_LAW = "incident:"


def stands_still(row: SLAClock) -> bool:
    """Return whether a clock stands still in a maintenance; one that does already comes out of it.

    That of an incident runs on: the days in which it is reported are those of the law.
    """
    return row.maintenance_id is not None or not row.subject.startswith(OF_LAW)


def current() -> Maintenance | None:
    """Return the maintenance that goes on, or None."""
    return Maintenance.objects.filter(ended_at=None).first()


def of_clocks(rows: Collection[SLAClock]) -> list[Standstill]:
    """Return the maintenance that these clocks may not have followed yet, in order."""
    if not rows:
        return []
    earliest = min(row.counted_at for row in rows)
    entered = {row.maintenance_id for row in rows if row.maintenance_id}
    concerned = Q(ended_at=None) | Q(ended_at__gt=earliest) | Q(pk__in=entered)
    found = Maintenance.objects.filter(concerned).order_by("began_at", "pk")
    return [
        Standstill(str(row.pk), row.began_at, row.ended_at, row.began_by_id, row.ended_by_id)
        for row in found
    ]


def unfollowed() -> Iterator["QuerySet[SLAClock]"]:
    """Yield the clocks that still run though they should stand, and then the other way round.

    Those that run again do so in the order in which their items are claimed.
    """
    if current() is not None:
        running = SLAClock.objects.filter(status=ClockStatus.RUNNING)
        yield running.exclude(subject__startswith=OF_LAW)
    ended = Maintenance.objects.filter(ended_at__isnull=False).values_list("pk", flat=True)
    # Named one by one: of a subquery the planner expects rows, and reads the table for none.
    if named := list(ended):
        yield SLAClock.objects.filter(maintenance__in=named).order_by("item__urgent_at")


def reached(now: datetime) -> datetime:
    """Return the instant that running clocks have come to: the begin of a maintenance, or `now`."""
    row = current()
    return now if row is None else min(row.began_at, now)
