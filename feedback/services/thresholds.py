"""Certifying a threshold: asked for, worked out by a worker, on record, and never applied.

A certificate can be proposed as a change, which binds it as evidence and is signed like any other.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from feedback.selectors import lessons, quality, thresholds
from feedback.selectors.thresholds import ACTION, KIND, Asked
from governance.domain.principal import Principal
from governance.domain.strict_json import escape
from governance.enums import AdjustmentKind, PolicyKind, Risk, Scope
from governance.exceptions import Conflict, NotFound, NotPermitted
from governance.models import Adjustment, AuditEvent, Job, Pipeline, User
from governance.selectors import policies, principals
from governance.services import adjustments, jobs, ledger
from governance.services.adjustments import Proposal

TASK = "feedback.certify_threshold"


def request(
    *,
    principal: Principal,
    actor: User,
    slug: str,
    max_error: float,
    confidence: float,
    model_version: str = "",
    propose: bool = False,
    now: datetime,
) -> Job:
    """Promise what can be certified of a pipeline in force, of one version of its model.

    Without a version, it is the one that sent the newest prediction under the policy in force. What
    is certified is drafted as a change where the caller asks to `propose` it.
    """
    row = quality.pipeline(principal, slug)
    if propose:
        _require_may_propose(principal)
    if row.live_id is None:
        raise Conflict("This pipeline has no policy in force.")
    arguments = {
        "max_error": max_error, "confidence": confidence,
        "model_version": model_version or thresholds.model_version(row), "propose": propose,
    }  # fmt: skip
    return jobs.start(kind=KIND, task=TASK, arguments=arguments, user=actor, pipeline=row, now=now)


@transaction.atomic
def certify(*, job: Job, now: datetime) -> Mapping[str, Any]:
    """Work out what a job promised, and put it on record in the stream of the pipeline.

    Where it was asked for and something is certified that differs, it is drafted as a change.
    """
    pipeline = job.pipeline
    assert pipeline is not None
    wanted = dict(job.arguments)
    proposes = wanted.pop("propose", False)
    found = thresholds.report(Asked(pipeline, until=now, **wanted))
    event = ledger.append(
        stream=f"{PolicyKind.PIPELINE}:{pipeline.slug}",
        action=ACTION,
        actor=job.user,
        now=now,
        detail={"job": str(job.pk), **found},
    )
    told = {**found, "certificate": str(event.pk), "adjustment": None}
    if proposes and _steps(found):
        row = _draft(pipeline, event, principals.of_person(job.user), job.user, now)
        told["adjustment"] = str(row.pk)
    return told


@transaction.atomic
def propose(
    *, principal: Principal, actor: User, slug: str, certificate: uuid.UUID, now: datetime
) -> Adjustment:
    """Draft the change that a certificate of the configuration in force stands for.

    Raises NotFound, NotPermitted, and Conflict where another configuration is in force by now, or
    where nothing was certified that differs from what is in force.
    """
    row = quality.pipeline(principal, slug)
    _require_may_propose(principal)
    event = AuditEvent.objects.filter(
        pk=certificate, stream=f"{PolicyKind.PIPELINE}:{slug}", action=ACTION
    ).first()
    if event is None:
        raise NotFound("There is no such certificate of this pipeline.")
    live = policies.version(row.live_id).number if row.live_id else None
    if event.detail["config_version"] != live:
        raise Conflict("It was certified under another configuration: certify anew.")
    if not _steps(event.detail):
        raise Conflict("Nothing was certified that differs from what is in force.")
    return _draft(row, event, principal, actor, now)


def _draft(
    pipeline: Pipeline, event: AuditEvent, principal: Principal, actor: User, now: datetime
) -> Adjustment:
    (boundary,) = event.detail["boundaries"]
    proposal = Proposal(
        change={"set": _steps(event.detail)},
        summary=boundary["sentence"],
        evidence={"certificate": str(event.pk)},
        # What approves more by rule can do more harm than what asks more people.
        risk=Risk.HIGH if boundary["threshold"] < boundary["now"] else Risk.MEDIUM,
    )
    return adjustments.propose(
        principal=principal, actor=actor, pipeline=pipeline.slug, kind=AdjustmentKind.OVERRIDE,
        proposal=proposal, now=now,
    )  # fmt: skip


def _steps(found: Mapping[str, Any]) -> dict[str, str]:
    """Return what a certificate would set, by path; nothing where nothing differs."""
    return {
        f"/routing/rules/{escape(step['rule'])}/when": step["after"]
        for boundary in found["boundaries"]
        for step in boundary["change"]
    }


def _require_may_propose(principal: Principal) -> None:
    if not lessons.may_write(principal) or not principal.has_scope(Scope.GOVERN):
        raise NotPermitted(
            "Proposing a change needs a role with the permission adjudicate or approve, and with a "
            "token the scope govern."
        )
