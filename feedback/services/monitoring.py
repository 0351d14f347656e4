"""Monitoring plans: made by who approves, watched by a sweep, and an alarm opens one incident."""

import math
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from feedback.domain import e_processes
from feedback.domain.e_processes import Audit, Watch
from feedback.domain.monitored import STOPPABLE, WORDS
from feedback.enums import Metric
from feedback.models import MonitoredAudit, MonitoringAlarm, MonitoringPlan, MonitoringWindow
from feedback.selectors import monitoring as selector
from feedback.selectors import observations
from feedback.selectors.observations import Observation
from governance.domain.documents.fields import suggestion
from governance.domain.principal import Principal
from governance.enums import Permission, Severity
from governance.exceptions import InvalidInput, NotFound, NotPermitted
from governance.models import Pipeline, User
from governance.models.base import uuid7
from governance.selectors import stops as standing
from governance.services import incidents, ledger, stops
from reviews.models import Prediction

AT_ONCE = 1000
Fits = Callable[[Mapping[str, Any]], bool]
ANY: tuple[str, Fits] = ("A tier of the pipeline", bool)
TIERS: Mapping[Metric, tuple[str, Fits]] = {
    Metric.AUDITED_ERROR: ("A tier in which rules approve", lambda tier: not tier["decisions"]),
    Metric.DISAGREEMENT: (
        "A tier in which several people decide",
        lambda tier: tier["max_decisions"] > 1,
    ),
}


@transaction.atomic
def plan(
    *,
    principal: Principal,
    actor: User,
    pipeline: str,
    tier: str,
    target: float,
    cadence: int,
    stop: bool,
    owner: str,
    reason: str,
    now: datetime,
    ends: bool = False,
    metric: str = Metric.AUDITED_ERROR,
) -> MonitoringPlan:
    """Promise what share of a metric may be bad from now on, in a pipeline or a tier.

    It takes the place of the plan before of the same metric. `owner` answers for it and opens what
    an alarm opens.
    """
    home = Pipeline.objects.select_for_update(of=("self",)).filter(slug=pipeline).first()
    if home is None or not principal.sees(home.pk):
        raise NotFound(f"There is no pipeline {pipeline!r} within reach.")
    if not principal.may(Permission.APPROVE):
        raise NotPermitted("Planning what is promised needs a role with the permission approve.")
    _check_metric(home, metric, tier, stops=stop)
    _check(target, cadence, reason)
    answers = User.objects.filter(username=owner, is_active=True).first()
    if answers is None:
        raise InvalidInput.at("/owner", f"There is no active person {owner!r}.", code="unknown")
    row = MonitoringPlan(
        id=uuid7(), pipeline=home, metric=metric, tier=tier, target=target,
        number=MonitoringPlan.objects.filter(pipeline=home).count() + 1,
        cadence=cadence, stops=stop, ends=ends, owner=answers,
        reason=reason.strip(), made_by=actor, made_at=now,
    )  # fmt: skip
    row.save()
    ledger.append(
        stream=stream_of(home), action="monitoring.planned", actor=actor, now=now, reason=reason,
        detail={
            "plan": str(row.pk), "number": row.number, "metric": metric, "tier": tier,
            "target": str(target), "cadence": cadence, "stops": stop, "ends": ends,
            "owner": answers.pk,
        },
    )  # fmt: skip
    return row


def stream_of(pipeline: Pipeline) -> str:
    """Return the ledger stream of what is promised of a pipeline."""
    return f"monitoring:{pipeline.pk}"


def watch_all(*, now: datetime) -> int:
    """Count what is new for every plan in force and alarm where it says so; returns how many."""
    return sum(
        watch(plan_id=pk, now=now) for pk in selector.in_force().values_list("pk", flat=True)
    )


@transaction.atomic
def watch(*, plan_id: uuid.UUID, now: datetime) -> int:
    """Count what is new for a plan, each once, under what was in force when it was routed.

    Whoever comes while another counts finds nothing to do, and the next sweep goes on.
    """
    rows = MonitoringPlan.objects.select_for_update(skip_locked=True, of=("self",))
    plan = rows.select_related("pipeline", "owner").filter(pk=plan_id).first()
    if plan is None:
        return 0
    activations = selector.Activations.of(plan.pipeline_id)
    found = observations.uncounted(plan, AT_ONCE)
    by_window: dict[str, list[Observation]] = {}
    for each in found:
        by_window.setdefault(activations.at(each.prediction.received_at), []).append(each)
    for name, seen in by_window.items():
        _count(_window(plan, name, seen[0].prediction, now), seen, now)
    return len(found)


def _window(
    plan: MonitoringPlan, activation: str, first: Prediction, now: datetime
) -> MonitoringWindow:
    floor = selector.floor_of(plan, first.config_version_id)
    opened = e_processes.opened(plan.target, floor)
    row, _ = MonitoringWindow.objects.get_or_create(
        plan=plan, activation=activation,
        defaults={
            "floor": floor, "opened_at": now, "process": list(opened.process),
            "detector": _kept(opened.detector),
        },
    )  # fmt: skip
    return row


def _count(window: MonitoringWindow, seen: list[Observation], now: datetime) -> None:
    watch, rows = selector.watch_of(window), []
    alarmed: Watch | None = None
    for each in seen:
        # What was drawn more rarely than the policy says would count for too much.
        propensity = max(each.propensity, window.floor)
        watch = e_processes.seen(watch, Audit(each.wrong, propensity))
        alarmed = alarmed or (watch if watch.alarmed else None)
        rows.append(
            MonitoredAudit(
                plan=window.plan, window=window, position=watch.audits,
                prediction=each.prediction, resolution=each.resolution, wrong=each.wrong,
                propensity=propensity, at=now,
            )
        )  # fmt: skip
    MonitoredAudit.objects.bulk_create(rows)
    window.audits, window.errors = watch.audits, watch.errors
    window.process, window.detector = list(watch.process), _kept(watch.detector)
    window.save(update_fields=["audits", "errors", "process", "detector"])
    if alarmed is not None and not MonitoringAlarm.objects.filter(window=window).exists():
        _alarm(window, alarmed, now)


def _kept(logs: tuple[float, ...]) -> list[float | None]:
    return [log if math.isfinite(log) else None for log in logs]


def _alarm(window: MonitoringWindow, watch: Watch, now: datetime) -> None:
    """Open the incident of a window, and stop what the plan says, in the name of its owner."""
    plan = window.plan
    owner = _acting_for(plan.owner)
    where = f"tier {plan.tier} of {plan.pipeline.slug}" if plan.tier else plan.pipeline.slug
    words = WORDS[Metric(plan.metric)]
    text = (
        f"Of {watch.audits} {words.counted} in {where}, {watch.errors} {words.bad}. "
        f"At most {plan.target:.1%} was promised (plan {plan.number}); the sequential test alarmed."
    )
    incident = incidents.begin(
        principal=owner, actor=plan.owner, pipeline=plan.pipeline.slug, severity=Severity.OTHER,
        title=f"{words.title} in {where}"[: incidents.MAX_TITLE], text=text,
        aware_at=now, now=now,
    )  # fmt: skip
    MonitoringAlarm(
        window=window, incident=incident, audits=watch.audits, errors=watch.errors, at=now
    ).save()
    place = stops.Place(tier=plan.tier)
    stopped = standing.in_force(plan.pipeline_id).filter(**vars(place)).exists()
    if plan.stops and not stopped:
        stops.stop(
            principal=owner, actor=plan.owner, pipeline=plan.pipeline.slug, place=place,
            reason=text[:500], now=lambda: now,
        )  # fmt: skip
    ledger.append(
        stream=stream_of(plan.pipeline), action="monitoring.alarmed", actor=None, now=now,
        detail={
            "plan": str(plan.pk), "metric": plan.metric, "window": str(window.pk),
            "activation": window.activation, "incident": str(incident.pk),
            "audits": watch.audits, "errors": watch.errors,
            "stopped": plan.stops and not stopped,
        },
    )  # fmt: skip


def _acting_for(owner: User) -> Principal:
    """Return the right to do what the plan says: who approved the plan has given it."""
    return Principal(owner.pk, owner.username, frozenset((Permission.APPROVE,)), None, None)


def _check_metric(home: Pipeline, metric: str, tier: str, *, stops: bool) -> None:
    if metric not in Metric.values:
        raise InvalidInput.at("/metric", f"It is one of {', '.join(Metric.values)}.")
    if stops and metric not in STOPPABLE:
        detail = f"An alarm of {metric} opens an incident, and stops no approvals by rule."
        raise InvalidInput.at("/stop", detail)
    kind, fits = TIERS.get(Metric(metric), ANY)
    tiers = home.live.document["tiers"] if home.live else {}
    fitting = [slug for slug, each in tiers.items() if fits(each)]
    if tier and tier not in fitting:
        raise InvalidInput.at("/tier", f"{kind}.{suggestion(tier, fitting)}", code="unknown")


def _check(target: float, cadence: int, reason: str) -> None:
    if not 0 < target < 1:
        raise InvalidInput.at("/target", "A share above 0 and below 1, as 0.02.", code="range")
    if not 1 <= cadence <= 365:
        raise InvalidInput.at("/cadence", "From 1 to 365 days.", code="range")
    if not reason.strip():
        raise InvalidInput.at("/reason", "Say why this is promised.", code="required")
