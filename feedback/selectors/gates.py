"""Gates within reach, their plans, and what a run would rest on."""

import uuid
from collections import Counter
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from feedback.domain import gating
from feedback.domain.gating import Judged, Plan
from feedback.models import DatasetVersion, Evaluation, Gate, GatePlan, GateRun, ModelVersion
from feedback.selectors import evaluations
from governance.domain.principal import Principal
from governance.exceptions import NotFound
from governance.selectors import audit

Name = str


def within(principal: Principal) -> "QuerySet[Gate]":
    """Return the gates of the pipelines within reach, each with the number of its plan."""
    newest = GatePlan.objects.filter(gate=OuterRef("pk")).order_by("-number").values("number")[:1]
    rows = Gate.objects.select_related("pipeline", "created_by")
    return audit.within(rows.annotate(plan_number=Subquery(newest)), principal, "pipeline")


def gate(principal: Principal, slug: str) -> Gate:
    """Return one gate; NotFound when there is none within reach."""
    row = within(principal).filter(slug=slug).first()
    if row is None:
        raise NotFound("There is no such gate.")
    return row


def plan_of(row: Gate) -> GatePlan:
    """Return the plan in force: the newest."""
    return GatePlan.objects.select_related("frozen_by").filter(gate=row).latest("number")


def runs(principal: Principal) -> "QuerySet[GateRun]":
    """Return the runs of the gates within reach."""
    rows = GateRun.objects.select_related("plan__gate__pipeline", "baseline", "candidate", "run_by")
    return audit.within(rows, principal, "plan__gate__pipeline")


def run(principal: Principal, key: uuid.UUID) -> GateRun:
    """Return one run; NotFound when there is none within reach."""
    row = runs(principal).filter(pk=key).first()
    if row is None:
        raise NotFound("There is no such run.")
    return row


def plan(row: GatePlan) -> Plan:
    """Return a plan as the rules take it; a set is named by `slug@version`."""
    said = row.document
    return Plan(
        improve=[name_of(each) for each in said["improve"]],
        keep={name_of(each): each["margin"] for each in said["keep"]},
        critical=said["critical"],
        slices=bool(said["slices"]),
        confidence=said["confidence"],
        calibration=said["calibration_margin"],
    )


def name_of(named: Any) -> Name:
    """Return how a check names a set."""
    return f"{named['dataset']}@{named['version']}"


def sets_of(row: GatePlan) -> dict[Name, DatasetVersion]:
    """Return the versions of held-out sets that a plan names."""
    named = {
        name_of(each): each["id"] for each in (*row.document["improve"], *row.document["keep"])
    }
    found = DatasetVersion.objects.select_related("dataset__pipeline").in_bulk(
        [uuid.UUID(key) for key in named.values()]
    )
    return {name: found[uuid.UUID(key)] for name, key in named.items()}


def latest(
    model: ModelVersion, held: DatasetVersion, *, since: datetime | None = None
) -> Evaluation | None:
    """Return the newest finished evaluation of a model on a set, of those begun since."""
    rows = Evaluation.objects.filter(model=model, dataset_version=held, finish__isnull=False)
    if since is not None:
        rows = rows.filter(started_at__gte=since)
    return rows.select_related("finish").order_by("-started_at", "-pk").first()


def judged(held: DatasetVersion, baseline: Evaluation, candidate: Evaluation) -> list[Judged]:
    """Return the rows of a set that both evaluations hold, in its order."""
    slices = {row.position: row.scenario_type for row in evaluations.rows(held).values()}
    before = {said.position: said for said in evaluations.said(baseline)}
    found = []
    for said in evaluations.said(candidate):
        was = before.get(said.position)
        if was is None or said.position not in slices:
            continue
        errors = None
        if was.confidence is not None and said.confidence is not None:
            errors = ((was.confidence - was.correct) ** 2, (said.confidence - said.correct) ** 2)
        found.append(Judged(slices[said.position], was.correct, said.correct, errors))
    return found


def power(row: GatePlan) -> list[dict[str, Any]]:
    """Return what each set and slice of a plan could show before anything is run.

    How often two versions differ is taken from the last run of the gate, where there was one.
    """
    sizes, slices = {}, Counter[str]()
    for name, held in sets_of(row).items():
        sizes[name] = held.rows
        slices.update(held.card["scenario_type"])
    last = GateRun.objects.filter(plan__gate=row.gate_id).order_by("-started_at").first()
    return gating.power(plan(row), sizes, slices, _discordance(last))


def _discordance(last: GateRun | None) -> float:
    sets = [c for c in last.result["checks"] if c["kind"] in ("improve", "keep")] if last else []
    rows = sum(check["n"] for check in sets)
    seen = sum(check["n"] * check["discordance"] for check in sets) / rows if rows else 0.0
    return round(seen, 4) or gating.ASSUMED
