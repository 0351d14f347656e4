"""What a monitoring plan has not counted yet: one observation for each prediction, good or bad.

Only what was received since the plan was made counts: it was promised before it was seen.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from feedback.domain import monitored
from feedback.enums import Metric
from feedback.models import MonitoredAudit, MonitoringPlan
from reviews.enums import ClockKind, Verdict
from reviews.models import Decision, Outcome, Prediction, Resolution, SLAClock

FIRST_CYCLE = 1
Rows = QuerySet[Prediction]


@dataclass(frozen=True)
class Observation:
    """One prediction as a plan counts it; `resolution` where people settled it."""

    prediction: Prediction
    resolution: Resolution | None
    wrong: bool
    propensity: float


def uncounted(plan: MonitoringPlan, at_once: int) -> list[Observation]:
    """Return the first observations that a plan has not counted, in the order of happening."""
    counted = MonitoredAudit.objects.filter(plan=plan, prediction=OuterRef("pk"))
    rows = Prediction.objects.filter(
        ~Exists(counted), pipeline=plan.pipeline_id, received_at__gte=plan.made_at
    )
    if plan.tier:
        rows = rows.filter(tier=plan.tier)
    find, read = METRICS[Metric(plan.metric)]
    found = find(rows.select_related("item__resolution"))[:at_once]
    return [Observation(row, _resolution(row), read(row), _propensity(plan, row)) for row in found]


def _resolution(row: Prediction) -> Resolution | None:
    item = getattr(row, "item", None)
    return item.resolution if item else None


def _propensity(plan: MonitoringPlan, row: Prediction) -> float:
    """Return with which chance it was looked at: what is no sample counts all of its kind."""
    return row.propensity if plan.metric == Metric.AUDITED_ERROR else 1.0


def _audited(rows: Rows) -> Rows:
    """Return what people settled of what a rule would have approved."""
    rows = rows.filter(sampled__gt="", item__resolution__isnull=False)
    return rows.order_by("item__resolved_at", "pk")


def _audit_was_wrong(row: Any) -> bool:
    return bool(row.item.resolution.verdict != Verdict.ACCEPT)


def _timed(rows: Rows) -> Rows:
    """Return what was settled, or ran out of time: whichever comes first tells them apart."""
    clock = SLAClock.objects.filter(
        Q(breached_at__isnull=False) | Q(outcome__gt=""), item=OuterRef("item"),
        kind=ClockKind.DECIDE, cycle=FIRST_CYCLE,
    ).annotate(told_at=Coalesce("breached_at", "stopped_at"))  # fmt: skip
    rows = rows.annotate(
        told_at=Subquery(clock.values("told_at")[:1]),
        late=Subquery(clock.values("breached_at")[:1]),
    )
    return rows.filter(told_at__isnull=False).order_by("told_at", "pk")


def _was_late(row: Any) -> bool:
    return row.late is not None


def _answered_by_several(rows: Rows) -> Rows:
    """Return what was settled after at least two people had answered."""
    several = (
        Decision.objects.filter(item=OuterRef("item"), undoes=None, undone_by=None)
        .values("item")
        .annotate(people=Count("reviewer", distinct=True))
        .filter(people__gte=2)
    )
    first = Resolution.objects.filter(item=OuterRef("item"), supersedes=None)
    rows = rows.filter(Exists(several)).annotate(
        agreed=Subquery(first.values("agreement")[:1]),
        told_at=Subquery(first.values("resolved_at")[:1]),
    )
    return rows.filter(told_at__isnull=False).order_by("told_at", "pk")


def _was_disputed(row: Any) -> bool:
    return bool(row.agreed < 1)


def _reported(rows: Rows) -> Rows:
    """Return those of which production said later whether they were right, by the first word."""
    said = Outcome.objects.filter(
        Q(outcome__correct__in=[True, False]) | Q(outcome__label__isnull=False),
        prediction=OuterRef("pk"),
    ).order_by("recorded_at", "pk")  # fmt: skip
    rows = rows.annotate(
        told=Subquery(said.values("outcome")[:1]), told_at=Subquery(said.values("recorded_at")[:1])
    )
    return rows.filter(told_at__isnull=False).order_by("told_at", "pk")


def _was_contradicted(row: Any) -> bool:
    settled = _resolution(row)
    delivered: Mapping[str, Any] = (settled.answer if settled else row.output) or {}
    return monitored.contradicts(row.told, delivered.get("label"))


METRICS: Mapping[Metric, tuple[Callable[[Rows], Rows], Callable[[Any], bool]]] = {
    Metric.AUDITED_ERROR: (_audited, _audit_was_wrong),
    Metric.OVERDUE: (_timed, _was_late),
    Metric.DISAGREEMENT: (_answered_by_several, _was_disputed),
    Metric.REPORTED: (_reported, _was_contradicted),
}
