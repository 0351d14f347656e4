"""Proposing changes: draft, edit, submit, challenge, reject and withdraw."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from governance.domain import adjusting, patches
from governance.domain.canonical import digest
from governance.domain.principal import Principal
from governance.enums import AdjustmentState, Permission, Risk, Substantial
from governance.exceptions import Conflict, InvalidInput, NotFound, NotPermitted
from governance.models import (
    Adjustment,
    AdjustmentChallenge,
    AdjustmentChallengeAnswer,
    AdjustmentRevision,
    User,
)
from governance.selectors import adjustments, assessments, bindings, persons
from governance.services import adjustment_state as states
from governance.services import changes, dispatch, evidence, ledger

ABSENT: Mapping[str, Any] = {"signals": [], "datasets": [], "gate_run": None}


@dataclass(frozen=True)
class Proposal:
    """What somebody proposes."""

    change: Mapping[str, Any]
    summary: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    risk: str = Risk.MEDIUM
    substantial: str = ""
    rationale: str = ""


@transaction.atomic
def propose(
    *,
    principal: Principal,
    actor: User,
    pipeline: str,
    kind: str,
    proposal: Proposal,
    now: datetime,
) -> Adjustment:
    """Draft a change of a pipeline; InvalidInput with all that is wrong with it."""
    target = adjustments.pipeline_in_reach(principal, pipeline)
    changes.plan(target, kind, proposal.change)
    row = Adjustment(
        pipeline=target, kind=kind, author=actor, created_at=now, changed_at=now,
        risk=adjusting.risk_of(proposal.risk, proposal.substantial),
    )  # fmt: skip
    row.save()
    revision = _revise(row, proposal, actor, now)
    states.record(
        row, "proposed", actor, now,
        pipeline=target.slug, kind=str(kind), content=revision.digest,
        commitments=_committed(revision),
    )  # fmt: skip
    return row


def _revise(row: Adjustment, proposal: Proposal, actor: User, now: datetime) -> AdjustmentRevision:
    given = dict(ABSENT) | dict(proposal.evidence)
    revision = AdjustmentRevision(
        adjustment=row, number=row.revision, change=dict(proposal.change), evidence=given,
        bound=evidence.bound(row.pipeline_id, given), summary=proposal.summary, risk=row.risk,
        substantial=proposal.substantial, rationale=proposal.rationale, author=actor, at=now,
        salt=ledger.new_salt(),
    )  # fmt: skip
    revision.digest = digest(bindings.content_of(revision))
    revision.save()
    return revision


def _committed(revision: AdjustmentRevision) -> dict[str, str]:
    texts = {"summary": revision.summary, "rationale": revision.rationale}
    return {name: ledger.commit(revision.salt, text) for name, text in texts.items() if text}


@transaction.atomic
def edit(
    *,
    principal: Principal,
    actor: User,
    adjustment_id: uuid.UUID,
    changed: Mapping[str, Any],
    now: datetime,
) -> Adjustment:
    """Change what an adjustment says, by fields of Proposal; it is a draft again.

    Every signature that it had is void, since it binds what was signed. What it said before stays
    on record.
    """
    row = states.locked(principal, adjustment_id)
    states.require("edit", row)
    last = adjustments.revision_of(row)
    proposal = Proposal(
        **{name: getattr(last, name) for name in Proposal.__dataclass_fields__} | dict(changed)
    )
    changes.plan(row.pipeline, row.kind, proposal.change)
    voided = len(adjustments.valid_signatures(row))
    row.revision += 1
    row.risk = adjusting.risk_of(proposal.risk, proposal.substantial)
    row.digest, row.submitted_at = "", None
    states.move(row, AdjustmentState.DRAFT, now, "revision", "risk", "digest", "submitted_at")
    revision = _revise(row, proposal, actor, now)
    states.record(
        row, "edited", actor, now, content=revision.digest, voided=voided,
        commitments=_committed(revision),
    )  # fmt: skip
    return row


@transaction.atomic
def submit(
    *, principal: Principal, actor: User, adjustment_id: uuid.UUID, now: datetime
) -> Adjustment:
    """Submit a draft: its inverse is worked out and both are rehearsed, then all is digested.

    What is high of risk must say first whether it is a substantial modification.
    """
    row = states.locked(principal, adjustment_id)
    states.require("submit", row)
    revision = adjustments.revision_of(row)
    if row.risk == Risk.HIGH and not revision.substantial:
        raise InvalidInput.at(
            "/substantial_modification",
            f"A change of high risk says {', '.join(Substantial.values)}, and why.",
            code="required",
        )
    if adjustments.policy_for(row.pipeline, row.risk).assessed:
        _require_assessment(row, now)
    planned = changes.plan(row.pipeline, row.kind, revision.change)
    if not planned.steps:
        raise Conflict("This is in force already: the change would change nothing.")
    changes.rehearse(row.pipeline, planned, actor=actor, now=now)
    _freeze(row, planned)
    row.submitted_at = now
    states.move(row, AdjustmentState.SUBMITTED, now, *FROZEN)
    states.record(
        row, "submitted", actor, now, content=revision.digest, signed=row.digest,
        before=digest(row.before), after=digest(row.after),
    )  # fmt: skip
    return row


def _require_assessment(row: Adjustment, now: datetime) -> None:
    if assessments.relied_on(row.pipeline, now.date()) is None:
        raise Conflict(
            f"A change of {row.risk} risk waits here for an impact assessment that is signed and "
            "not past the day on which it is looked at again."
        )


FROZEN = (
    "before", "after", "steps", "inverse", "approvals_needed", "validations_needed",
    "approving_roles", "digest", "submitted_at",
)  # fmt: skip


def _freeze(row: Adjustment, planned: changes.Plan) -> None:
    needed = adjustments.policy_for(row.pipeline, row.risk)
    row.before, row.after = planned.before, planned.after
    row.steps, row.inverse = planned.steps, patches.inverse(planned.steps)
    row.approvals_needed, row.validations_needed = needed.approvals, needed.validations
    row.approving_roles = list(needed.roles)
    row.digest = bindings.stamp_of(row)


@transaction.atomic
def withdraw(
    *, principal: Principal, actor: User, adjustment_id: uuid.UUID, reason: str, now: datetime
) -> Adjustment:
    """Take a change back that is not in force: by who wrote it, or an approver."""
    row = states.locked(principal, adjustment_id)
    wrote = persons.person_of(actor) in adjustments.contributors(row)
    if not wrote and not principal.may(Permission.APPROVE):
        raise NotPermitted("It is withdrawn by who wrote it, or by an approver.")
    states.require("withdraw", row)
    states.move(row, AdjustmentState.WITHDRAWN, now)
    states.record(row, "withdrawn", actor, now, reason=reason)
    _end_clocks(row, now)
    return row


@transaction.atomic
def reject(
    *, principal: Principal, actor: User, adjustment_id: uuid.UUID, reason: str, now: datetime
) -> Adjustment:
    """Refuse what was submitted, for good; by an approver who has not written it."""
    row = states.locked(principal, adjustment_id)
    states.require_approver(principal, "Rejecting")
    states.require_other(row, actor, "Rejecting")
    states.require("reject", row)
    states.require_reason(reason, "Say why it is rejected.")
    states.move(row, AdjustmentState.REJECTED, now)
    states.record(row, "rejected", actor, now, reason=reason)
    _end_clocks(row, now)
    return row


def _end_clocks(row: Adjustment, now: datetime) -> None:
    """Let no clock of an objection run on that nobody needs to answer any more."""
    for objection in adjustments.open_challenges(row):
        _follow_clock(objection, "over", now)


def _follow_clock(row: AdjustmentChallenge, what: str, now: datetime) -> None:
    dispatch.enqueue(
        "reviews.follow_objection", now=now, dedupe=f"objection-{what}:{row.pk}",
        challenge_id=str(row.pk),
    )  # fmt: skip


@transaction.atomic
def challenge(
    *, principal: Principal, actor: User, adjustment_id: uuid.UUID, objection: str, now: datetime
) -> AdjustmentChallenge:
    """Object to what was submitted; until it is answered nobody approves."""
    row = states.locked(principal, adjustment_id)
    states.require("challenge", row)
    states.require_reason(objection, "Say what speaks against it.", "/objection")
    made = AdjustmentChallenge(
        adjustment=row, objection=objection, actor=actor, at=now, salt=ledger.new_salt()
    )
    made.save()
    commitments = {"objection": ledger.commit(made.salt, objection)}
    states.record(
        row, "challenged", actor, now, challenge=str(made.pk), commitments=commitments
    )  # fmt: skip
    _follow_clock(made, "raised", now)
    return made


@transaction.atomic
def answer(
    *,
    principal: Principal,
    actor: User,
    adjustment_id: uuid.UUID,
    challenge_id: uuid.UUID,
    response: str,
    now: datetime,
) -> AdjustmentChallenge:
    """Close a challenge: by who raised it, or an approver who wrote nothing of the change."""
    row = states.locked(principal, adjustment_id)
    found = row.challenges.filter(pk=challenge_id).first()
    if found is None:
        raise NotFound("There is no such challenge.")
    if found.actor_id != actor.pk:
        states.require_approver(principal, "Answering a challenge of another")
        states.require_other(row, actor, "Answering a challenge of another")
    if AdjustmentChallengeAnswer.objects.filter(challenge=found).exists():
        raise Conflict("This challenge is answered already.")
    states.require_reason(response, "Say what was found.", "/response")
    given = AdjustmentChallengeAnswer(
        challenge=found, response=response, actor=actor, at=now, salt=ledger.new_salt()
    )
    given.save()
    commitments = {"response": ledger.commit(given.salt, response)}
    states.record(
        row, "challenge_answered", actor, now, challenge=str(found.pk), commitments=commitments
    )  # fmt: skip
    _follow_clock(found, "answered", now)
    return found
