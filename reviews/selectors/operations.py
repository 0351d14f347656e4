"""How the work goes: what is open, late and near it, and which targets were met in a period."""

import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

from django.db.models import Count, DurationField, ExpressionWrapper, F, Max, Q, QuerySet

from governance.domain.principal import Principal
from governance.enums import Permission
from governance.exceptions import InvalidInput, NotFound, NotPermitted
from governance.models import Pipeline
from governance.selectors import policies
from reviews.domain.lifecycle import UNSETTLED
from reviews.domain.shares import Share
from reviews.enums import ClockKind, ClockOutcome, ClockStatus
from reviews.models import ReviewItem, SLAClock
from reviews.selectors import urgency

LONGEST = timedelta(days=366)
USUAL = timedelta(days=30)
PERCENTILES = (0.5, 0.9)
WALL = ExpressionWrapper(F("stopped_at") - F("started_at"), output_field=DurationField())
LATE = ExpressionWrapper(F("detected_at") - F("breached_at"), output_field=DurationField())


@dataclass(frozen=True)
class Scope:
    """Which pipelines, from `since` up to and without `until`, seen at `now`."""

    pipelines: tuple[int, ...]
    since: datetime
    until: datetime
    now: datetime
    pipeline: Pipeline | None = None


@dataclass(frozen=True)
class Standing:
    """The unsettled items now. Late ones and those at risk are none of each other."""

    open: int
    paused: int
    at_risk: int
    breached: int


@dataclass
class Kept:
    """The clocks of a kind that ended in the period.

    `cancelled` ones are in no share; `unmonitored` ones had no target. `late_detection` is the
    longest time for which a breach in the period went unseen.
    """

    kind: str
    met: int = 0
    missed: int = 0
    unmonitored: int = 0
    cancelled: int = 0
    late_detection: timedelta | None = None
    calendars: Counter[uuid.UUID] = field(default_factory=Counter)

    @property
    def share(self) -> Share:
        """The share that was met."""
        return Share(self.met, self.met + self.missed)


@dataclass(frozen=True)
class Turnaround:
    """How long items took that were settled in the period: half of them, and nine in ten."""

    n: int
    business: tuple[timedelta, ...]
    wall: tuple[timedelta, ...]


def may_see(principal: Principal) -> bool:
    """Return whether the figures are for this person: who adjudicates, or audits."""
    return principal.may(Permission.ADJUDICATE) or principal.may(Permission.AUDIT)


def pipelines(principal: Principal) -> list[Pipeline]:
    """Return the pipelines within reach that have figures, by name."""
    rows = Pipeline.objects.exclude(live=None).order_by("name")
    if principal.pipelines is not None:
        rows = rows.filter(pk__in=principal.pipelines)
    return list(rows)


def scope(
    principal: Principal,
    *,
    now: datetime,
    pipeline: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Scope:
    """Return what to count: one pipeline or all within reach, and 30 days unless said otherwise."""
    if not may_see(principal):
        raise NotPermitted("The figures need a role with the permission adjudicate or audit.")
    reached = pipelines(principal)
    chosen = next((row for row in reached if row.slug == pipeline), None)
    if pipeline is not None and chosen is None:
        raise NotFound("There is no such pipeline.")
    until = min(until or now, now)
    since = since or until - USUAL
    if since >= until:
        raise InvalidInput.at("/since", "The period ends before it begins: give an earlier time.")
    if until - since > LONGEST:
        raise InvalidInput.at("/since", "Ask for at most 366 days at once.")
    keys = tuple(row.pk for row in ([chosen] if chosen else reached))
    return Scope(keys, since, until, now, chosen)


def standing(of: Scope) -> Standing:
    """Return how many items are open now, whatever the period."""
    items = ReviewItem.objects.filter(pipeline__in=of.pipelines, status__in=UNSETTLED)
    found = items.aggregate(open=Count("pk"), paused=Count("pk", filter=Q(paused_at__isnull=False)))
    late = urgency.late(of.now).filter(pipeline__in=of.pipelines)
    near = urgency.near(of.now).filter(pipeline__in=of.pipelines)
    near = near.exclude(item__in=late.values("item"))
    return Standing(
        found["open"],
        found["paused"],
        near.aggregate(n=Count("item", distinct=True))["n"],
        late.aggregate(n=Count("item", distinct=True))["n"],
    )


def clocks_in(of: Scope, place: str) -> "QuerySet[SLAClock]":
    """Return the clocks of which the time in column `place` lies in the period."""
    rows = SLAClock.objects.filter(pipeline__in=of.pipelines, kind__in=ClockKind.values)
    return rows.filter(**{f"{place}__gte": of.since, f"{place}__lt": of.until})


def kept(of: Scope) -> list[Kept]:
    """Return what was met and missed, for each kind of clock of which there is anything to say."""
    found = {kind: Kept(kind) for kind in ClockKind.values}
    ended = clocks_in(of, "stopped_at").values_list("kind", "outcome", "calendar_version_id")
    for kind, outcome, calendar, n in ended.annotate(n=Count("pk")).order_by():
        each = found[kind]
        each.met += n if outcome == ClockOutcome.MET else 0
        each.missed += n if outcome == ClockOutcome.MISSED else 0
        each.unmonitored += n if not outcome else 0
        each.calendars[calendar] += n
    gone = clocks_in(of, "counted_at").filter(status=ClockStatus.CANCELLED).values_list("kind")
    for kind, n in gone.annotate(n=Count("pk")).order_by():
        found[kind].cancelled = n
    seen = clocks_in(of, "breached_at").values_list("kind").annotate(late=Max(LATE)).order_by()
    for kind, late in seen:
        found[kind].late_detection = late
    return [
        each
        for each in found.values()
        if each.share.n or each.unmonitored or each.cancelled or each.late_detection is not None
    ]


def turnaround(of: Scope) -> Turnaround:
    """Return how long the items took whose clock to decide ended in the period."""
    rows = clocks_in(of, "stopped_at").filter(kind=ClockKind.DECIDE)
    n = rows.count()
    if not n:
        return Turnaround(0, (), ())
    places = [max(ceil(share * n) - 1, 0) for share in PERCENTILES]
    business = rows.order_by("elapsed").values_list("elapsed", flat=True)
    wall = rows.annotate(wall=WALL).order_by("wall").values_list("wall", flat=True)
    return Turnaround(
        n, tuple(business[place] for place in places), tuple(wall[place] for place in places)
    )


def zone(of: Scope) -> str:
    """Return the zone in which days are told: that of most calendars of the policies in force."""
    rows = Pipeline.objects.filter(pk__in=of.pipelines)
    found = Counter(name for row in rows for name in _policy_zones(row))
    return found.most_common(1)[0][0] if found else "UTC"


def _policy_zones(pipeline: Pipeline) -> Iterator[str]:
    tiers = policies.document(pipeline.live_id)["tiers"].values()
    for slug in sorted({tier["sla"] for tier in tiers if tier.get("sla")}):
        current = policies.current_sla(slug)
        if current is not None:
            yield policies.business_calendar(current[1]).timezone
