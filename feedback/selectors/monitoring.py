"""Which plans are in force, what their windows say, and under which activation it was routed."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from feedback.domain import e_processes
from feedback.domain.e_processes import Audit, Watch
from feedback.enums import Metric
from feedback.models import MonitoredAudit, MonitoringPlan, MonitoringWindow
from governance.domain.principal import Principal
from governance.enums import PolicyMode
from governance.models import AdjustmentActivation, PolicyActivation
from governance.selectors import policies

FIRST = "first"


def plans(principal: Principal) -> "QuerySet[MonitoringPlan]":
    """Return the plans of pipelines within reach."""
    rows = MonitoringPlan.objects.select_related("pipeline", "owner")
    return rows if principal.pipelines is None else rows.filter(pipeline__in=principal.pipelines)


def in_force() -> "QuerySet[MonitoringPlan]":
    """Return the last plan of each pipeline and metric, unless it ends the watching."""
    newer = MonitoringPlan.objects.filter(
        pipeline=OuterRef("pipeline"), metric=OuterRef("metric"), number__gt=OuterRef("number")
    )
    return MonitoringPlan.objects.filter(~Exists(newer), ends=False)


def silent(principal: Principal, *, now: datetime) -> list[MonitoringPlan]:
    """Return the plans in force of which nothing came for longer than their cadence."""
    found = []
    for plan in in_force().filter(pk__in=plans(principal).values("pk")):
        last = MonitoredAudit.objects.filter(plan=plan).order_by("-pk").first()
        if (now - (last.at if last else plan.made_at)).days >= plan.cadence:
            found.append(plan)
    return found


@dataclass
class Activations:
    """What came into force in a pipeline, in its order."""

    times: list[datetime]
    names: list[str]

    @classmethod
    def of(cls, pipeline_id: int) -> "Activations":
        """Return the activations of a pipeline: of versions that went live, and of changes."""
        live = PolicyActivation.objects.filter(pipeline=pipeline_id, mode=PolicyMode.LIVE)
        changes = AdjustmentActivation.objects.filter(pipeline=pipeline_id)
        found: list[tuple[datetime, str]] = [
            (at, f"{kind}:{pk}")
            for kind, rows in (("policy", live), ("adjustment", changes))
            for pk, at in rows.values_list("pk", "at")
        ]
        return cls([at for at, _ in sorted(found)], [name for _, name in sorted(found)])

    def at(self, moment: datetime) -> str:
        """Return the name of the last one that was in force at a moment."""
        place = bisect_right(self.times, moment)
        return self.names[place - 1] if place else FIRST


def floor_of(plan: MonitoringPlan, config_version_id: Any) -> float:
    """Return the smallest propensity with which anything that the plan watches is drawn."""
    if plan.metric != Metric.AUDITED_ERROR:
        return 1.0
    document = policies.document(config_version_id)
    tiers = document["tiers"]
    watched = [plan.tier] if plan.tier in tiers else list(tiers)
    everywhere = float(document["routing"]["random_slice"])
    drawn = [
        1 - (1 - float(tiers[slug]["monitor_rate"])) * (1 - everywhere)
        for slug in watched
        if not tiers[slug]["decisions"]
    ]
    return min((share for share in drawn if share > 0), default=1.0)


def watch_of(window: MonitoringWindow) -> Watch:
    """Return the evidence of a window as it is kept."""
    return Watch(
        window.plan.target, window.floor, window.audits, window.errors,
        tuple(window.process), tuple(_number(each) for each in window.detector),
    )  # fmt: skip


def recomputed(window: MonitoringWindow) -> Watch:
    """Return the evidence of a window worked out anew from its audits."""
    rows = MonitoredAudit.objects.filter(window=window).order_by("position")
    watch = e_processes.opened(window.plan.target, window.floor)
    return e_processes.watched(watch, _audits(rows))[0]


def _audits(rows: Iterable[MonitoredAudit]) -> Iterable[Audit]:
    return (Audit(row.wrong, row.propensity) for row in rows)


def _number(kept: float | None) -> float:
    return float("-inf") if kept is None else kept
