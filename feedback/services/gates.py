"""Gates: plans that are frozen first, and runs that are judged by them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from feedback.domain import gating
from feedback.domain.registry import NAME, WRONG_NAME
from feedback.enums import DatasetKind
from feedback.models import (
    DatasetVersion,
    Evaluation,
    Gate,
    GatePlan,
    GateRun,
    GateRunEvaluation,
    ModelVersion,
)
from feedback.selectors import evaluations, gates, registry
from feedback.selectors.gates import name_of
from governance.domain.canonical import digest
from governance.domain.faults import Fault
from governance.domain.principal import Principal
from governance.domain.times import rfc3339
from governance.exceptions import Conflict, InvalidInput, NotFound, PreconditionFailed
from governance.models import Pipeline, User
from governance.models.base import uuid7
from governance.selectors import audit, effective
from governance.services import ledger

# As PostgreSQL and SQLite name the constraint.
TAKEN = ("gate_slug_uniq", "feedback_gate.slug")
SLICES = "scenario_type"
# A set that was looked at this often may have been fitted to; it is to be made anew.
MANY_USES = 10
Named = Mapping[str, Any]


@dataclass(frozen=True)
class Wanted:
    """How a gate is to judge: `improve` and `keep` name sets, `critical` slices, with margins."""

    metric: str
    improve: tuple[Named, ...]
    keep: tuple[Named, ...]
    slices: str | None = SLICES
    confidence: float = 0.95
    critical: Mapping[str, float] = field(default_factory=dict)
    calibration_margin: float | None = None


@transaction.atomic
def create(
    *,
    principal: Principal,
    actor: User,
    slug: str,
    pipeline: str,
    model: str,
    wanted: Wanted,
    now: datetime,
) -> Gate:
    """Make a gate and freeze its first plan. Without `model`, that of the pipeline is meant."""
    row = Pipeline.objects.filter(slug=pipeline).first()
    if row is None or not principal.sees(row.pk):
        detail = f"There is no pipeline {pipeline!r} within reach."
        raise NotFound(detail, faults=(Fault("/pipeline", "unknown", detail),))
    gate = Gate(
        slug=slug, pipeline=row, model_name=model or _model_of(row), created_by=actor,
        created_at=now,
    )  # fmt: skip
    if not NAME.fullmatch(gate.model_name):
        raise InvalidInput.at("/model", f"The name of a model is {WRONG_NAME}", code="name")
    document = _document(principal, row, wanted)
    try:
        with transaction.atomic():
            gate.save()
    except IntegrityError as error:
        if not any(name in str(error) for name in TAKEN):
            raise
        detail = f"The name {slug!r} is taken: choose another."
        raise Conflict(detail, faults=(Fault("/slug", "taken", detail),)) from None
    plan = _freeze(gate, 1, document, actor, now)
    ledger.first(
        stream=stream_of(gate),
        action="gate.planned",
        actor=actor,
        now=now,
        detail=_told(gate, plan),
    )
    return gates.gate(principal, slug)


def stream_of(gate: Gate) -> str:
    """Return the name of the ledger stream of a gate."""
    return f"gate:{gate.pk}"


def _model_of(pipeline: Pipeline) -> str:
    in_force = effective.of(pipeline).model
    if in_force is None:
        detail = f"{pipeline.slug} has no model in force: name the one that is to be judged."
        raise InvalidInput.at("/model", detail, code="required")
    return in_force["name"]


def _freeze(
    gate: Gate, number: int, document: dict[str, Any], actor: User, now: datetime
) -> GatePlan:
    plan = GatePlan(
        gate=gate, number=number, document=document, digest=digest(document), frozen_by=actor,
        frozen_at=now,
    )  # fmt: skip
    plan.save()
    return plan


def _told(gate: Gate, plan: GatePlan) -> dict[str, Any]:
    return {
        "gate": str(gate.pk),
        "slug": gate.slug,
        "plan": str(plan.pk),
        "number": plan.number,
        "digest": plan.digest,
        "pipelines": {gate.pipeline.slug: 1},
    }


def _document(principal: Principal, pipeline: Pipeline, wanted: Wanted) -> dict[str, Any]:
    """Return a plan as it is frozen: each set with the id and the digest of its rows."""
    faults = [*_faults(wanted)]
    reach = audit.within(DatasetVersion.objects.all(), principal, "dataset__pipeline")
    named: dict[str, list[dict[str, Any]]] = {"improve": [], "keep": []}
    for member, found in named.items():
        for i, each in enumerate(getattr(wanted, member)):
            held = (
                reach.filter(
                    dataset__slug=each["dataset"], number=each["version"],
                    dataset__pipeline=pipeline, dataset__kind=DatasetKind.EVALUATION,
                )
                .values("pk", "digest")
                .first()
            )  # fmt: skip
            if held is None:
                detail = f"{pipeline.slug} has no held-out set {name_of(each)}."
                faults.append(Fault(f"/{member}/{i}", "unknown", detail))
            else:
                found.append(dict(each) | {"id": str(held["pk"]), "digest": held["digest"]})
    if faults:
        raise InvalidInput(faults[0].detail, faults=tuple(faults))
    return named | {
        "metric": wanted.metric,
        "slices": wanted.slices,
        "critical": dict(wanted.critical),
        "confidence": wanted.confidence,
        "calibration_margin": wanted.calibration_margin,
    }


def _faults(wanted: Wanted) -> list[Fault]:
    faults = []
    if wanted.metric != gating.ACCURACY:
        faults.append(Fault("/metric", "unknown", f"The metric is {gating.ACCURACY}."))
    if wanted.slices not in (None, SLICES):
        faults.append(Fault("/slices", "unknown", f"Slices are by {SLICES}, or null."))
    if wanted.critical and wanted.slices is None:
        faults.append(Fault("/critical", "conflict", "Critical slices need slices."))
    if not wanted.improve and not wanted.keep:
        faults.append(Fault("/improve", "required", "Name a set to improve or one to keep."))
    names = [name_of(each) for each in (*wanted.improve, *wanted.keep)]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        faults.append(Fault("/keep", "duplicate", f"{doubled[0]} is named twice."))
    return faults


@transaction.atomic
def replan(
    *, principal: Principal, actor: User, slug: str, wanted: Wanted, number: int, now: datetime
) -> Gate:
    """Freeze another plan of a gate, if plan `number` is still the newest.

    What ran under the others stays under them; a candidate is evaluated anew under this one.
    """
    gate = gates.gate(principal, slug)
    Gate.objects.select_for_update(of=("self",)).get(pk=gate.pk)
    last = gates.plan_of(gate)
    if last.number != number:
        raise PreconditionFailed(f"Plan {last.number} is in force since; look at it first.")
    document = _document(principal, gate.pipeline, wanted)
    if digest(document) == last.digest:
        return gate
    plan = _freeze(gate, last.number + 1, document, actor, now)
    ledger.append(
        stream=stream_of(gate), action="gate.planned", actor=actor, now=now,
        detail=_told(gate, plan),
    )  # fmt: skip
    return gates.gate(principal, slug)


@transaction.atomic
def run(
    *, principal: Principal, actor: User, slug: str, baseline: str, candidate: str, now: datetime
) -> GateRun:
    """Judge a candidate against a baseline by the plan in force, and put it on record.

    Conflict when a set was not looked at with one of them, or with the candidate only before the
    plan was frozen: a plan made after the results are known proves nothing.
    """
    gate = gates.gate(principal, slug)
    Gate.objects.select_for_update(of=("self",)).get(pk=gate.pk)
    plan = gates.plan_of(gate)
    two = {
        member: _version(principal, gate, member, version)
        for member, version in (("baseline", baseline), ("candidate", candidate))
    }
    if two["baseline"] == two["candidate"]:
        raise InvalidInput.at("/candidate", "A version is not judged against itself.", code="same")
    rests_on = _evaluations(plan, two["baseline"], two["candidate"])
    judged = {name: gates.judged(each[0].dataset_version, *each) for name, each in rests_on.items()}
    if empty := [name for name, rows in judged.items() if not rows]:
        raise Conflict(f"No row of {empty[0]} is left that both were evaluated on.")
    result = gating.judge(gates.plan(plan), judged)
    return _record(gate, plan, two, rests_on, result, actor, now)


def _version(principal: Principal, gate: Gate, member: str, version: str) -> ModelVersion:
    row = registry.within(principal).filter(name=gate.model_name, version=version).first()
    if row is None:
        detail = f"{gate.model_name} has no version {version!r}: register it first."
        raise InvalidInput.at(f"/{member}", detail, code="unknown")
    return row


Two = tuple[Evaluation, Evaluation]


def _evaluations(plan: GatePlan, baseline: ModelVersion, candidate: ModelVersion) -> dict[str, Two]:
    found, missing = {}, []
    for name, held in gates.sets_of(plan).items():
        before = gates.latest(baseline, held)
        after = gates.latest(candidate, held, since=plan.frozen_at)
        if before is None:
            missing.append(f"{baseline} was not evaluated on {name}")
        if after is None:
            known = gates.latest(candidate, held)
            late = f" since plan {plan.number} was frozen at {rfc3339(plan.frozen_at)}"
            missing.append(f"{candidate} was not evaluated on {name}{late if known else ''}")
        if before is not None and after is not None:
            found[name] = (before, after)
    if missing:
        raise Conflict("; ".join(missing) + ".")
    return found


def _record(
    gate: Gate,
    plan: GatePlan,
    two: Mapping[str, ModelVersion],
    rests_on: Mapping[str, Two],
    judged: Mapping[str, Any],
    actor: User,
    now: datetime,
) -> GateRun:
    result = dict(judged) | {
        "report": [
            *gating.report(
                judged, baseline=two["baseline"].version, candidate=two["candidate"].version
            ),
            *_cautions(plan, two["candidate"], rests_on),
        ]
    }
    row = GateRun(
        id=uuid7(), plan=plan, plan_digest=plan.digest, plan_frozen_at=plan.frozen_at,
        candidate_evaluated_at=min(after.started_at for _, after in rests_on.values()),
        verdict=judged["verdict"], result=result, digest=digest(result), run_by=actor,
        started_at=now, **two,
    )  # fmt: skip
    for each in rests_on.values():
        for evaluation in each:
            GateRunEvaluation(run_id=row.pk, evaluation=evaluation).save()
    row.save()
    ledger.append(
        stream=stream_of(gate),
        action="gate.finished",
        actor=actor,
        now=now,
        detail=_told(gate, plan)
        | {
            "run": str(row.pk),
            "baseline": str(row.baseline_id),
            "candidate": str(row.candidate_id),
            "verdict": row.verdict,
            "result": row.digest,
            "evaluations": sorted(str(e.pk) for each in rests_on.values() for e in each),
        },
    )
    return row


def _cautions(plan: GatePlan, candidate: ModelVersion, rests_on: Mapping[str, Two]) -> list[str]:
    """Return what a reader must know beside the figures: what was seen before, and how often."""
    said = []
    for name, (_, after) in rests_on.items():
        held = after.dataset_version
        before = Evaluation.objects.filter(
            model=candidate, dataset_version=held, started_at__lt=plan.frozen_at
        )
        if before.exists():
            said.append(
                f"{candidate.version} had been evaluated on {name} before plan {plan.number}."
            )
        looks, runs = evaluations.uses([held])[held.pk]
        if runs >= MANY_USES:
            said.append(
                f"{name} was used in {runs} runs and {looks} evaluations: models may have been "
                "fitted to it. Make a new set."
            )
    return said
