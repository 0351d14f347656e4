"""What applying an SLA policy to running clocks would do, counted without changing anything.

Most clocks have run without a break since they started: for them the database counts those that
started early enough for the new target to be used up. The few others are worked out one by one.
"""

import uuid
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from governance.domain import business_time
from governance.domain.business_time import Calendar
from governance.enums import PolicyKind
from governance.exceptions import NotFound
from governance.models import Pipeline, PolicyVersion, SLAPolicy
from governance.selectors import policies
from reviews.domain.clocks import Terms
from reviews.domain.passing import MAX_PAUSE
from reviews.enums import ClockEventKind, ClockStatus
from reviews.models import ReviewItem, SLAClock
from reviews.models.clocks import OPEN
from reviews.selectors import clock_terms
from reviews.selectors.clock_terms import Law
from reviews.services import clocks
from reviews.services.clocks import Held

REASON = "policy"
TICK = timedelta(microseconds=1)
# Beyond that no clock is looked for.
LONGEST = timedelta(days=50 * 365)
GROUP = ("pipeline_id", "kind", "cycle", "calendar_version_id",
         "item__config_version_id", "item__queue")  # fmt: skip

Counts = Counter[tuple[int, str]]


@dataclass(frozen=True)
class Part:
    """What would become of the clocks of one kind in one pipeline."""

    pipeline: Pipeline
    kind: str
    retargeted: int
    newly_breached: int


@dataclass(frozen=True)
class Preview:
    """What applying the current version of a policy would do."""

    version: PolicyVersion
    parts: tuple[Part, ...]

    @property
    def retargeted(self) -> int:
        """How many running clocks follow another version, and would follow this one."""
        return sum(part.retargeted for part in self.parts)

    @property
    def newly_breached(self) -> int:
        """How many of them would be breached by that."""
        return sum(part.newly_breached for part in self.parts)


def preview(*, slug: str, now: datetime, within: Collection[int] | None = None) -> Preview:
    """Return what applying a policy to running clocks would do; nothing is written.

    `within` are the ids of the pipelines that count; None: all of them.
    """
    row = SLAPolicy.objects.select_related("current").filter(slug=slug).first()
    if row is None or row.current is None:
        raise NotFound(f"There is no SLA policy {slug!r}.")
    found = following(others(row.current))
    if within is not None:
        found = found.filter(pipeline__in=within)
    laws = Laws(row.current.pk)
    groups = list(found.values(*GROUP).order_by().annotate(n=Count("pk")))
    total = Counts()
    for group in groups:
        total[group["pipeline_id"], group["kind"]] += group["n"]
    breached = _breached_of(found, groups, laws, now) if groups else Counts()
    pipelines = Pipeline.objects.in_bulk({pipeline_id for pipeline_id, _ in total})
    parts = [
        Part(pipelines[pipeline_id], kind, count, breached[pipeline_id, kind])
        for (pipeline_id, kind), count in total.items()
    ]
    return Preview(
        row.current, tuple(sorted(parts, key=lambda part: (part.pipeline.slug, part.kind)))
    )


def others(version: PolicyVersion) -> list[uuid.UUID]:
    """Return the other versions of a policy."""
    versions = PolicyVersion.objects.filter(kind=PolicyKind.SLA_POLICY, slug=version.slug)
    return list(versions.exclude(pk=version.pk).values_list("pk", flat=True))


def following(versions: Collection[Any]) -> "QuerySet[SLAClock]":
    """Return the open clocks that follow one of these versions."""
    return SLAClock.objects.filter(status__in=OPEN, policy_version__in=versions)


class Laws:
    """What clocks run by under one version of a policy, by where their items wait."""

    def __init__(self, version: uuid.UUID) -> None:
        self._version = version
        self._known: dict[Any, Law] = {}
        self._at: datetime | None = None

    def terms(self, place: tuple[Any, str], kind: str, cycle: int, now: datetime) -> Terms:
        """Return the terms of a clock of an item of a pipeline's version in a queue."""
        if now != self._at:
            # Hours may be edited while a long job runs.
            self._known, self._at = {}, now
        if place not in self._known:
            version_id, queue = place
            self._known[place] = clock_terms.law_pinned(
                self._version, version_id=version_id, queue=queue
            )
        return self._known[place].terms(kind, cycle=cycle)

    def change(self, held: Held, item: ReviewItem | None, now: datetime) -> None:
        """Let a clock follow the version from now on, after what happened to it by itself.

        A pause that is over by itself is left to the sweep, which resumes the item with it.
        """
        by_itself = held.passed(held.moment(now))
        if all(event.reason != MAX_PAUSE for event in by_itself):
            for event in by_itself:
                if event.kind != ClockEventKind.WARN:
                    held.take(event)
        place: tuple[Any, str] = (None, "")
        if item is not None:
            place, item.sla_version_id = (item.config_version_id, item.queue), self._version
        terms = self.terms(place, held.row.kind, held.row.cycle, now)
        clocks.retarget(held, terms, now, REASON)


def _breached_of(
    found: "QuerySet[SLAClock]", groups: Collection[dict[str, Any]], laws: Laws, now: datetime
) -> Counts:
    """Return how many of the clocks the change would breach, by pipeline and kind."""
    # What is late by now is breached by that, whether or not it was noticed.
    running = found.filter(status=ClockStatus.RUNNING, breached_at=None).exclude(due_at__lt=now)
    counts = _started_early(running.filter(elapsed=timedelta(0)), groups, laws, now)
    for row in running.filter(elapsed__gt=timedelta(0)).values(*GROUP, "elapsed", "counted_at"):
        target, hours = _run_by(row, laws, now)
        used = row["elapsed"] + _elapsed(hours, row["counted_at"], now - TICK)
        if target is not None and used >= target:
            counts[row["pipeline_id"], row["kind"]] += 1
    return counts


def _run_by(row: dict[str, Any], laws: Laws, now: datetime) -> tuple[timedelta | None, Calendar]:
    """Return the target that clocks would have, and the hours they have run by so far."""
    place = row["item__config_version_id"], row["item__queue"] or ""
    target = laws.terms(place, row["kind"], row["cycle"], now).target
    return target, policies.business_calendar(row["calendar_version_id"])


def _started_early(
    running: "QuerySet[SLAClock]", groups: Collection[dict[str, Any]], laws: Laws, now: datetime
) -> Counts:
    """Count the clocks that have run without a break since before their target was used up."""
    early = Q(pk__in=[])
    for group in groups:
        target, hours = _run_by(group, laws, now)
        last = latest_start(hours, target, now) if target else None
        if last is not None:
            early |= Q(**{name: group[name] for name in GROUP if group[name] is not None},
                       counted_at__lte=last)  # fmt: skip
    rows = running.filter(early).order_by().values_list("pipeline_id", "kind")
    return Counts({(pipeline, kind): n for pipeline, kind, n in rows.annotate(n=Count("pk"))})


def latest_start(hours: Calendar, target: timedelta, now: datetime) -> datetime | None:
    """Return the last instant since when `target` has been used up before `now`, or None."""
    span = target
    while _elapsed(hours, now - span, now - TICK) < target:
        span *= 2
        if span > LONGEST:
            return None
    low, high = 1, span // TICK
    while low < high:
        middle = (low + high) // 2
        if _elapsed(hours, now - middle * TICK, now - TICK) >= target:
            high = middle
        else:
            low = middle + 1
    return now - low * TICK


def _elapsed(hours: Calendar, start: datetime, end: datetime) -> timedelta:
    """Return the business time between two instants; none by hours that are not to be had here."""
    try:
        return business_time.elapsed(hours, start, end)
    except (LookupError, ValueError):
        return timedelta(0)
