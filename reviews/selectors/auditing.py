"""The watch over the sweep: what should have happened to clocks and leases by now and has not.

Every question is one that an index answers, so that a million running clocks cost no more than a
thousand; only what is wrong is counted.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    Count,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
)

from governance.models import Pipeline
from governance.selectors import soundness
from reviews.enums import AssignmentState, ClockEventKind, ClockKind, ClockStatus
from reviews.models import Assignment, ClockEvent, SLAClock
from reviews.models.clocks import OPEN
from reviews.selectors import replays, standstills

PERIOD = timedelta(seconds=15)
# Who is late by two periods has been passed over by two sweeps.
OVERDUE = 2 * PERIOD
LADDER_OVERDUE = timedelta(minutes=5)
DAY = timedelta(days=1)
NAMED = 5


@dataclass(frozen=True)
class Finding:
    """One kind of thing that is not as it should be: how many there are, and a few by name."""

    name: str
    detail: str
    count: int
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.detail}: {self.count}"


@dataclass(frozen=True)
class View:
    """What is looked at: as of `now`, the clocks of these pipelines.

    `reached` is the instant that clocks have come to: in a maintenance, that of its begin.
    """

    now: datetime
    pipelines: Collection[int]
    reached: datetime

    def open_clocks(self, status: ClockStatus) -> "QuerySet[SLAClock]":
        """Return clocks in a way that the index of open clocks by due time serves."""
        return SLAClock.objects.filter(
            pipeline__in=self.pipelines, kind__in=ClockKind.values, status=status
        )

    def due_clocks(self, margin: timedelta) -> "QuerySet[SLAClock]":
        """Return clocks at which a sweep should have looked longer ago than `margin`."""
        return SLAClock.objects.filter(
            pipeline__in=self.pipelines, next_at__lt=self.reached - margin
        )

    def breached_since(self, since: datetime) -> "QuerySet[SLAClock]":
        """Return clocks in a way that the index of breaches serves."""
        return SLAClock.objects.filter(
            pipeline__in=self.pipelines, kind__in=ClockKind.values, breached_at__gt=since
        )


def breaches_unseen(view: View) -> "QuerySet[SLAClock]":
    """Return running clocks past their due time that are not breached."""
    return _late(view).filter(breached_at=None)


def breaches_unwritten(view: View) -> "QuerySet[SLAClock]":
    """Return running clocks past their due time that are breached without an event of it."""
    written = ClockEvent.objects.filter(clock=OuterRef("pk"), kind=ClockEventKind.BREACH)
    return _late(view).filter(~Exists(written), breached_at__isnull=False)


def _late(view: View) -> "QuerySet[SLAClock]":
    return view.open_clocks(ClockStatus.RUNNING).filter(due_at__lt=view.reached - OVERDUE)


def levels_unfired(view: View) -> "QuerySet[SLAClock]":
    """Return breached clocks with a level of the ladder that should have fired."""
    return view.due_clocks(LADDER_OVERDUE).filter(breached_at__isnull=False)


def unswept(view: View) -> "QuerySet[SLAClock]":
    """Return clocks whose warning, or end of a pause, is overdue."""
    not_late = Q(due_at=None) | Q(due_at__gte=view.reached - OVERDUE)
    return view.due_clocks(OVERDUE).filter(not_late, breached_at=None)


def never_due(view: View) -> "QuerySet[SLAClock]":
    """Return running clocks that have a target and no hour in which to use it up."""
    return view.open_clocks(ClockStatus.RUNNING).filter(
        due_at=None, target__isnull=False, breached_at=None
    )


def never_resumed(view: View) -> "QuerySet[SLAClock]":
    """Return paused clocks whose pause no sweep will ever end; a maintenance people end."""
    paused = view.open_clocks(ClockStatus.PAUSED)
    return paused.filter(due_at=None, next_at=None, maintenance=None)


def leases_lapsed(view: View) -> "QuerySet[Assignment]":
    """Return leases that have lapsed and still hold their items."""
    return Assignment.objects.filter(
        state=AssignmentState.CLAIMED,
        lease_expires_at__lt=view.now - OVERDUE,
        item__pipeline__in=view.pipelines,
    )


Look = Callable[[View], "QuerySet[Any]"]
WATCHED: dict[str, tuple[str, Look]] = {
    "breach_unseen": ("clocks that are late and no sweep has seen", breaches_unseen),
    "breach_unwritten": ("clocks that are breached without an event of it", breaches_unwritten),
    "ladder_late": ("clocks with a level of the ladder that should have fired", levels_unfired),
    "sweep_overdue": ("clocks that sweeps have passed over", unswept),
    "never_due": ("clocks with a target and no hours left in which to use it", never_due),
    "pause_endless": ("clocks in a pause that nothing ends", never_resumed),
    "lease_lapsed": ("leases that have lapsed and still hold their items", leases_lapsed),
}
UNSOUND, DRIFTED = "configuration_unsound", "drifted"
OF_THE_SITE = {
    UNSOUND: "documents in force that today's rules refuse",
    DRIFTED: "clocks that their events do not explain",
}
NAMES = (*WATCHED, *OF_THE_SITE)
FIGURES = {
    "running": "Clocks that run.",
    "paused": "Clocks that are paused.",
    "breached": "Open clocks past their target.",
    "at_risk": "Running clocks that have warned and are not late.",
    "undetected": "Running clocks that are late and no sweep has seen yet.",
    "escalations_pending": "Running clocks with a next level of the ladder planned.",
    "lag_seconds": "How long the clock that waits longest for a sweep has waited.",
    "late_detection_seconds": "The longest time from a breach of the last day to its detection.",
}


def findings(now: datetime, within: Collection[int] | None = None) -> list[Finding]:
    """Return what is wrong, in pipelines `within` or in all; nothing where the sweep does its work.

    Configuration and the nightly replay are of the whole site: those who see but some pipelines
    are told of their clocks alone.
    """
    return [finding for finding in everything(now, within) if finding.count]


def everything(now: datetime, within: Collection[int] | None = None) -> list[Finding]:
    """Return all that is looked for, and how many of each there are."""
    view = _view(now, within)
    found = [_finding(name, detail, look(view)) for name, (detail, look) in WATCHED.items()]
    return found if within is not None else [*found, *_of_the_site(now)]


def _finding(name: str, detail: str, rows: "QuerySet[Any]") -> Finding:
    count = rows.count()
    named = map(str, rows.values_list("pk", flat=True)[:NAMED]) if count else ()
    return Finding(name, detail, count, tuple(named))


def of_view(name: str, now: datetime, within: Collection[int] | None = None) -> "QuerySet[Any]":
    """Return the rows of one finding."""
    return WATCHED[name][1](_view(now, within))


def _view(now: datetime, within: Collection[int] | None) -> View:
    known = Pipeline.objects.values_list("pk", flat=True) if within is None else within
    return View(now, sorted(known), standstills.reached(now))


def _of_the_site(now: datetime) -> list[Finding]:
    known = {
        UNSOUND: [str(each) for each in soundness.unsound(now)],
        DRIFTED: replays.still_drifted(),
    }
    return [
        Finding(name, OF_THE_SITE[name], len(wrong), tuple(wrong[:NAMED]))
        for name, wrong in known.items()
    ]


def figures(now: datetime) -> dict[str, float]:
    """Return how the clocks of the whole site are doing, as the gauges of FIGURES."""
    reached = standstills.reached(now)
    running, late = Q(status=ClockStatus.RUNNING), Q(breached_at__isnull=False)
    counted = SLAClock.objects.filter(status__in=OPEN).aggregate(
        running=Count("pk", filter=running),
        paused=Count("pk", filter=~running),
        breached=Count("pk", filter=late),
        at_risk=Count("pk", filter=running & ~late & Q(warned__gt=0, due_at__gte=reached)),
        undetected=Count("pk", filter=running & ~late & Q(due_at__lt=reached)),
        escalations_pending=Count("pk", filter=running & Q(ladder_at__isnull=False)),
        oldest=Min("next_at", filter=Q(next_at__lt=reached)),
    )
    oldest = counted.pop("oldest")
    return {name: float(value) for name, value in counted.items()} | {
        "lag_seconds": (reached - oldest).total_seconds() if oldest else 0.0,
        "late_detection_seconds": _latest_detection(now),
    }


def _latest_detection(now: datetime) -> float:
    known = Pipeline.objects.values_list("pk", flat=True)
    noticed = View(now, known, now).breached_since(now - DAY)
    gap = ExpressionWrapper(F("detected_at") - F("breached_at"), DurationField())
    longest: timedelta | None = noticed.aggregate(longest=Max(gap))["longest"]
    return longest.total_seconds() if longest else 0.0
