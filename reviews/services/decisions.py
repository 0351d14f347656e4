"""Deciding: a judgement goes on record, and the item moves on."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from governance.domain.principal import Principal
from governance.enums import Permission
from governance.exceptions import Conflict, InvalidInput, NotFound, NotPermitted
from governance.models import AuditEvent, User, statements
from governance.selectors import policies
from governance.services import ledger
from reviews.domain import consensus, lifecycle
from reviews.domain.answers import Judgement, Settled, settle
from reviews.enums import AssignmentState, ItemStatus, ResolutionKind, Verdict
from reviews.models import Assignment, Decision, Resolution, ReviewItem
from reviews.selectors import challenges, restrictions
from reviews.selectors.blindness import TO_ADJUDICATE
from reviews.selectors.desk import ANSWERS
from reviews.services import assignments, clocks, escalations, resolutions
from reviews.services.assignments import Claim

GRACE = timedelta(minutes=10)
SETTLED_BY_OTHERS = (ResolutionKind.ADJUDICATED, ResolutionKind.OVERTURNED)


@dataclass(frozen=True)
class Decided:
    """A decision, the item as it then is, and the resolution if it came to one."""

    decision: Decision
    item: ReviewItem
    resolution: Resolution | None


@dataclass(frozen=True)
class Undone:
    """What an undo left: its own record, the item, and the slot in the reviewer's hands again."""

    decision: Decision
    item: ReviewItem
    claim: Claim


@transaction.atomic
def decide(
    *,
    principal: Principal,
    actor: User,
    assignment_id: uuid.UUID,
    token: str,
    judgement: Judgement,
    now: datetime,
) -> Decided:
    """Record a judgement, spend the claim, and resolve the item or ask for what it still needs.

    InvalidInput names all that the tier asks for and the judgement lacks; then nothing is written
    and the claim stays.
    """
    if not principal.may(Permission.REVIEW):
        raise NotPermitted("Deciding needs a role with the permission review.")
    assignment = assignments.locked(assignment_id=assignment_id, actor=actor, token=token)
    item = assignment.item
    if not restrictions.reaches(principal, item.prediction):
        raise NotFound("There is no such assignment of yours.")
    document = policies.document(item.config_version_id)
    settled = settle(
        judgement,
        output=item.prediction.output,
        document=document,
        tier=document["tiers"][item.tier],
        blind=item.blind,
    )
    if settled.faults:
        raise InvalidInput(settled.faults[0].detail, faults=settled.faults)
    decision = put_on_record(assignment, actor, judgement, settled, now)
    resolution = move_on(assignment, decision, document["tiers"][item.tier], actor, now)
    told = move_clocks(item, resolution, actor, now)
    ledger.append(
        stream=assignments.stream_of(item.pk),
        action="decision.made",
        actor=actor,
        now=now,
        commitments={"rationale": ledger.commit(decision.salt, decision.rationale)},
        detail={
            "decision": str(decision.pk),
            "assignment": str(assignment.pk),
            "verdict": decision.verdict,
            "answer": decision.answer,
            "reason_codes": decision.reason_codes,
            "checklist": decision.checklist,
            "evidence_opened": decision.evidence_opened,
            "blind": decision.blind,
            "config_version": str(decision.config_version_id),
            "status": item.status,
            "resolution": str(resolution.pk) if resolution else None,
            "clocks": told,
        },
    )
    return Decided(decision, item, resolution)


def move_clocks(
    item: ReviewItem, resolution: Resolution | None, actor: User, now: datetime
) -> clocks.Told:
    """Stop or start the clocks of an item as its new status asks for."""
    if resolution is not None:
        return clocks.settled(item, actor=actor, now=now)
    if item.status in TO_ADJUDICATE:
        return clocks.disputed(item, actor=actor, now=now)
    return {}


def put_on_record(
    assignment: Assignment,
    actor: User,
    judgement: Judgement,
    settled: Settled,
    now: datetime,
    *,
    revises: Decision | None = None,
) -> Decision:
    """Write a judgement that was checked, under the assignment by which it was given."""
    item = assignment.item
    # Who takes an answer back and answers again has seen the prediction in between.
    blind = item.blind and not Decision.objects.filter(item=item, reviewer=actor).exists()
    return Decision.objects.create(
        assignment=assignment,
        item=item,
        reviewer=actor,
        config_version_id=item.config_version_id,
        verdict=settled.verdict,
        answer=settled.answer,
        reason_codes=list(judgement.reason_codes),
        rationale=judgement.rationale,
        checklist=dict(judgement.checklist),
        certainty=judgement.certainty,
        evidence_opened=sorted(set(judgement.evidence_opened)),
        blind=blind,
        revises=revises,
        salt=ledger.new_salt(),
        decided_at=now,
    )


def move_on(
    assignment: Assignment, decision: Decision, tier: dict[str, Any], actor: User, now: datetime
) -> Resolution | None:
    """Spend an assignment on its decision; return the resolution if the item came to one."""
    item = assignment.item
    if decision.verdict == Verdict.DEFER:
        assignment.reason = decision.rationale[:500]
        assignments.vacate(assignment=assignment, state=AssignmentState.DECLINED, now=now)
        return None
    assignment.state, assignment.ended_at = AssignmentState.DECIDED, now
    statements.update(assignment, ["state", "ended_at"])
    if decision.verdict == Verdict.ESCALATE or item.status == ItemStatus.ESCALATED:
        _wait_for(item, ItemStatus.ESCALATED)
        return None
    return _weigh(item, decision, tier, actor, now)


def standing(item: ReviewItem) -> list[Decision]:
    """Return the decisions of an item's present cycle that answer it and were not taken back."""
    rows = Decision.objects.filter(
        item=item,
        undoes=None,
        undone_by=None,
        verdict__in=ANSWERS,
        assignment__slot__gt=item.closed_slots,
    )
    return list(rows.order_by("pk"))


def _weigh(
    item: ReviewItem, last: Decision, tier: dict[str, Any], actor: User, now: datetime
) -> Resolution | None:
    # Where there is one slot, this decision is the one that stands.
    decisions = [last] if item.slots - item.closed_slots == 1 else standing(item)
    needed = max(tier["decisions"], 1)
    judged = consensus.judge(
        [decision.answer for decision in decisions],
        needed=needed,
        maximum=max(tier["max_decisions"], needed),
        agreement_min=tier["agreement_min"],
    )
    if judged.outcome == consensus.ADJUDICATE:
        _wait_for(item, ItemStatus.AWAITING_ADJUDICATION)
        return None
    if judged.outcome == consensus.AGREED:
        kind = ResolutionKind.SINGLE if len(decisions) == 1 else ResolutionKind.AGREEMENT
        return resolutions.resolve(
            item=item,
            act="decide",
            kind=kind,
            answer=judged.answer,
            agreement=judged.share,
            decided_on=decisions,
            actor=actor,
            now=now,
        )
    _ask_for_more(item, len(decisions), more=judged.outcome == consensus.MORE)
    return None


def _ask_for_more(item: ReviewItem, decided: int, *, more: bool) -> None:
    if more and item.slots - item.closed_slots <= decided:
        item.slots += 1
    assignments.offer(item, act="decide")
    assignments.touch(item, "status", "slots", "open_slots")


def _wait_for(item: ReviewItem, status: ItemStatus) -> None:
    item.status = lifecycle.move("decide", source=item.status, target=status)
    item.open_slots = 0
    assignments.touch(item, "status", "open_slots")


@transaction.atomic
def undo(*, decision_id: uuid.UUID, actor: User, now: datetime) -> Undone:
    """Take a decision back within GRACE and give its slot to the same reviewer again.

    The first judgement stays on record and a second row says that it was undone. Conflict once the
    time is over, the outcome has left the system, or an adjudicator has spoken.
    """
    decision = own_locked(decision_id, actor)
    item = decision.item
    _refuse_second_thoughts(decision, item)
    refuse_too_late(decision, item, now)
    record, resolution = record_undo(decision, now), item.resolution_id
    claim, told = take_back(decision, item, actor, now)
    ledger.append(
        stream=assignments.stream_of(item.pk),
        action="decision.undone",
        actor=actor,
        now=now,
        detail={
            "decision": str(record.pk),
            "undoes": str(decision.pk),
            "resolution": str(resolution) if resolution else None,
            "clocks": told,
        },
    )
    return Undone(record, item, claim)


def own_locked(decision_id: uuid.UUID, actor: User) -> Decision:
    """Return a decision of `actor` that is no undo, locked with its item and assignment.

    They are locked in the order in which a decision locks them, so that the two never block each
    other. The resolution is read after the lock: a join would show it as it was before the wait.
    """
    decision = (
        Decision.objects.select_for_update(of=("assignment", "item"))
        .select_related("item__prediction", "assignment")
        .filter(pk=decision_id, reviewer=actor, undoes=None)
        .first()
    )
    if decision is None:
        raise NotFound("There is no such decision of yours.")
    return decision


def _refuse_second_thoughts(decision: Decision, item: ReviewItem) -> None:
    if decision.revises_id is not None:
        raise Conflict("This answer was revised already, which is done once.")
    if answered_blind_first(decision, item):
        raise Conflict("You have seen the prediction since: revise the answer instead.")


def answered_blind_first(decision: Decision, item: ReviewItem) -> bool:
    """Return whether an answer was given before the prediction was shown, because of the draw."""
    return item.blind_first is not None and decision.blind and decision.verdict in ANSWERS


def refuse_too_late(decision: Decision, item: ReviewItem, now: datetime) -> None:
    """Refuse, with a Conflict, to take back what is too old, or what others have built on."""
    if Decision.objects.filter(undoes=decision).exists():
        raise Conflict("This decision was undone already.")
    if now - decision.decided_at > GRACE:
        raise Conflict("A decision can be undone for 10 minutes; this one is older.")
    if item.left_at is not None:
        raise Conflict("The outcome has left the system in a dataset: challenge it instead.")
    if item.resolution is not None and item.resolution.kind in SETTLED_BY_OTHERS:
        raise Conflict("An adjudicator has settled this item.")
    if item.resolution_id is not None and challenges.of_resolution(item.resolution_id).exists():
        raise Conflict("The outcome is challenged: whoever judges that settles it.")
    _refuse_elsewhere(decision, item)


def _refuse_elsewhere(decision: Decision, item: ReviewItem) -> None:
    if item.status == ItemStatus.ESCALATED and not _escalated_alone(decision, item):
        raise Conflict("The item was escalated since: an adjudicator settles it.")
    if decision.assignment.slot <= item.closed_slots:
        raise Conflict("The item was reopened since: decide it anew.")
    if item.paused_at is not None:
        raise Conflict("The item is paused: resume it first.")
    lifecycle.move("undo", source=item.status, target=ItemStatus.IN_REVIEW)


def _escalated_alone(decision: Decision, item: ReviewItem) -> bool:
    """Return whether nothing but this decision escalated the item."""
    if decision.verdict != Verdict.ESCALATE:
        return False
    others = Decision.objects.filter(
        item=item, undoes=None, undone_by=None, verdict=Verdict.ESCALATE
    )
    acts = AuditEvent.objects.filter(
        stream=assignments.stream_of(item.pk), action=escalations.ESCALATED
    )
    return not others.exclude(pk=decision.pk).exists() and not acts.exists()


def record_undo(decision: Decision, now: datetime) -> Decision:
    """Write the row that takes a decision back."""
    return Decision.objects.create(
        assignment=decision.assignment,
        item=decision.item,
        reviewer_id=decision.reviewer_id,
        config_version_id=decision.config_version_id,
        verdict=decision.verdict,
        answer=decision.answer,
        blind=decision.blind,
        undoes=decision,
        salt=ledger.new_salt(),
        decided_at=now,
    )


def take_back(
    decision: Decision, item: ReviewItem, actor: User, now: datetime
) -> tuple[Claim, clocks.Told]:
    """Open the item again and give the slot of a decision to who made it; its clocks go on."""
    assignment = decision.assignment
    held = assignment.state == AssignmentState.DECIDED
    if not held and not item.open_slots:
        raise Conflict("Somebody else has taken your place on this item.")
    assignment.state = AssignmentState.UNDONE
    assignment.save(update_fields=["state"])
    # While a slot is free the item is open again, whatever it had come to.
    item.status = ItemStatus.IN_REVIEW
    item.resolution = item.resolved_at = None
    item.open_slots = item.slots - item.closed_slots - assignments.held_slots(item)
    item.save(update_fields=["status", "resolution", "resolved_at", "open_slots"])
    slot = assignment.slot if held else assignments.free_slot(item)
    claim = assignments.assign(item=item, reviewer=actor, slot=slot, now=now)
    told = clocks.undone(item, actor=actor, now=now)
    statements.update(item, ["due_at", "urgent_at"])
    return claim, told
