"""Claiming: one reviewer, one slot, one lease."""

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction

from governance.domain.principal import Principal
from governance.enums import Permission
from governance.exceptions import Conflict, NotFound, NotPermitted, StaleClaim
from governance.models import User, statements
from governance.services import ledger
from reviews.domain import lifecycle
from reviews.enums import AssignmentState, ItemStatus
from reviews.models import Assignment, Lane, ReviewItem
from reviews.models.assignments import HOLDING
from reviews.selectors import load, restrictions
from reviews.selectors.claimable import claimable, lock_most_urgent, skills_of
from reviews.selectors.restrictions import Restriction
from reviews.services import clocks

MAX_LEASES_IN_SWEEP = 500


@dataclass(frozen=True)
class Claim:
    """An assignment with the token that acts on it; the token is shown once."""

    assignment: Assignment
    token: str


def stream_of(item_id: uuid.UUID) -> str:
    """Return the ledger stream of an item."""
    return f"item:{item_id}"


def token_digest(token: str) -> str:
    """Return what is stored of a claim token."""
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def claim(
    *,
    principal: Principal,
    actor: User,
    now: datetime,
    pipeline: str | None = None,
    queue: str | None = None,
) -> Claim | None:
    """Give the most urgent item that `actor` may review to them; None when there is none.

    Never a slot twice, never an item twice to one person (but for a lease that lapsed, or a release
    more than a day ago), never an item that needs a skill they lack or that they sent themselves.
    """
    if not principal.may(Permission.REVIEW):
        raise NotPermitted("Claiming needs a role with the permission review.")
    _refuse_beyond_capacity(actor, now)
    lanes = _lanes(principal, actor, pipeline, queue, now)
    item = _lock_most_urgent(lanes, actor, now)
    if item is None:
        return None
    # Whoever waited while the item was taken in has asked before it was there.
    now = max(now, item.created_at)
    made = assign(item=item, reviewer=actor, slot=free_slot(item), now=now)
    told = clocks.claimed(item, actor=actor, now=now)
    ledger.append(
        stream=stream_of(item.pk),
        action="item.claimed",
        actor=actor,
        now=now,
        detail={
            "assignment": str(made.assignment.pk),
            "slot": made.assignment.slot,
            "clocks": told,
        },
    )
    return made


def assign(*, item: ReviewItem, reviewer: User, slot: int, now: datetime) -> Claim:
    """Give a free slot of a locked item to a reviewer under a new lease."""
    token = secrets.token_urlsafe(24)
    assignment = Assignment(
        item=item,
        reviewer=reviewer,
        slot=slot,
        token_digest=token_digest(token),
        claimed_at=now,
        lease_expires_at=now + settings.LEASE,
    )
    statements.insert(assignment)
    item.status = lifecycle.move("claim", source=item.status, target=ItemStatus.IN_REVIEW)
    item.open_slots -= 1
    touch(item, "status", "open_slots")
    return Claim(assignment, token)


def touch(item: ReviewItem, *fields: str) -> None:
    """Save fields of a locked item as its next revision."""
    item.revision += 1
    statements.update(item, [*fields, "revision"])


def _refuse_beyond_capacity(actor: User, now: datetime) -> None:
    lock_person(actor)
    held, today = load.of_reviewer(actor, now=now)
    if held >= actor.open_capacity:
        raise Conflict(
            f"You hold {held} items already: decide or release one first.",
            code_hint="open_capacity",
        )
    if today >= actor.daily_capacity:
        raise Conflict(
            f"You have taken {today} items in the last 24 hours, which is your limit.",
            code_hint="daily_capacity",
        )


def lock_person(actor: User) -> None:
    """Make the claims of one person wait for one another, so that two cannot both be the last."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM governance_user WHERE id = %s FOR NO KEY UPDATE", [actor.pk]
            )


def _lanes(
    principal: Principal, actor: User, pipeline: str | None, queue: str | None, now: datetime
) -> list[uuid.UUID]:
    lanes = Lane.objects.all()
    if principal.pipelines is not None:
        lanes = lanes.filter(pipeline__in=principal.pipelines)
    if pipeline:
        lanes = lanes.filter(pipeline__slug=pipeline)
    if queue:
        lanes = lanes.filter(queue=queue)
    found = list(lanes)
    if not any(lane.key for lane in found):
        return [lane.pk for lane in found]
    held = skills_of(actor, now)
    return [lane.pk for lane in found if lane.skills <= held]


def _lock_most_urgent(lanes: Sequence[uuid.UUID], actor: User, now: datetime) -> ReviewItem | None:
    restricted = restrictions.in_force()
    if len(lanes) > 1:
        heads = ((_head(lane, actor, now, restricted), lane) for lane in lanes)
        lanes = [lane for urgent_at, lane in sorted(h for h in heads if h[0] is not None)]
    found = (lock_most_urgent(lane, actor, now, restricted) for lane in lanes)
    return next((item for item in found if item is not None), None)


def _head(
    lane: uuid.UUID, actor: User, now: datetime, restricted: tuple[Restriction, ...]
) -> datetime | None:
    rows = claimable(lane, actor, now, restricted)
    return rows.values_list("urgent_at", flat=True).first()


def free_slot(item: ReviewItem) -> int:
    """Return the lowest slot of a locked item that nobody holds."""
    first = item.closed_slots + 1
    if item.slots - item.closed_slots == item.open_slots:
        return first
    taken = set(
        Assignment.objects.filter(item=item, state__in=HOLDING).values_list("slot", flat=True)
    )
    return next(slot for slot in range(first, item.slots + 1) if slot not in taken)


def locked(*, assignment_id: uuid.UUID, actor: User, token: str) -> Assignment:
    """Return a live assignment of `actor`, locked with its item.

    NotFound when it is not theirs; StaleClaim when the token is another or was spent.
    """
    assignment = (
        Assignment.objects.select_for_update(of=("self", "item"))
        .select_related("item__prediction")
        .filter(pk=assignment_id, reviewer=actor)
        .first()
    )
    if assignment is None:
        raise NotFound("There is no such assignment of yours.")
    good = hmac.compare_digest(assignment.token_digest, token_digest(token))
    if not good or assignment.state != AssignmentState.CLAIMED:
        raise StaleClaim("This claim has ended: claim the item again.")
    assignment.reviewer = actor
    return assignment


@transaction.atomic
def extend(*, assignment_id: uuid.UUID, actor: User, token: str, now: datetime) -> Assignment:
    """Renew the lease from now on."""
    assignment = locked(assignment_id=assignment_id, actor=actor, token=token)
    assignment.lease_expires_at = now + settings.LEASE
    assignment.save(update_fields=["lease_expires_at"])
    _record(assignment, "assignment.extended", actor, now)
    return assignment


@transaction.atomic
def resume(*, assignment_id: uuid.UUID, actor: User, now: datetime) -> Claim:
    """Give a reviewer a new token for an item they hold, whose token was lost with a session.

    The old token is stale from then on, so that one place at a time acts on the claim.
    """
    assignment = (
        Assignment.objects.select_for_update(of=("self", "item"))
        .select_related("item__prediction")
        .filter(pk=assignment_id, reviewer=actor)
        .first()
    )
    if assignment is None:
        raise NotFound("There is no such assignment of yours.")
    if assignment.state != AssignmentState.CLAIMED:
        raise StaleClaim("This claim has ended: claim the item again.")
    token = secrets.token_urlsafe(24)
    assignment.token_digest = token_digest(token)
    assignment.lease_expires_at = now + settings.LEASE
    assignment.save(update_fields=["token_digest", "lease_expires_at"])
    _record(assignment, "assignment.resumed", actor, now)
    return Claim(assignment, token)


@transaction.atomic
def release(*, assignment_id: uuid.UUID, actor: User, token: str, now: datetime) -> Assignment:
    """Put the item back; it is not served to the same person again within a day."""
    assignment = locked(assignment_id=assignment_id, actor=actor, token=token)
    vacate(assignment=assignment, state=AssignmentState.RELEASED, now=now)
    _record(assignment, "assignment.released", actor, now)
    return assignment


@transaction.atomic
def decline(
    *, assignment_id: uuid.UUID, actor: User, token: str, reason: str, now: datetime
) -> Assignment:
    """Put the item back for good: it is never served to this person again."""
    assignment = locked(assignment_id=assignment_id, actor=actor, token=token)
    assignment.reason = reason
    vacate(assignment=assignment, state=AssignmentState.DECLINED, now=now)
    _record(assignment, "assignment.declined", actor, now, reason=reason)
    return assignment


def vacate(*, assignment: Assignment, state: AssignmentState, now: datetime) -> None:
    """End a live assignment without a decision and open its slot again, both locked."""
    item = assignment.item
    assignment.state, assignment.ended_at = state, now
    assignment.save(update_fields=["state", "ended_at", "reason"])
    if ItemStatus(item.status) in lifecycle.OPEN:
        offer(item, act="vacate")
    touch(item, "status", "open_slots")


def offer(item: ReviewItem, *, act: str) -> None:
    """Set how many slots of a locked, open item may be claimed now, and its status by that."""
    held, live = held_slots(item), live_claims(item)
    item.open_slots = 0 if item.paused_at else item.slots - item.closed_slots - held
    target = lifecycle.while_open(live=live, decided=held - live)
    item.status = lifecycle.move(act, source=item.status, target=target)


def live_claims(item: ReviewItem) -> int:
    """Return how many reviewers hold the item now."""
    return Assignment.objects.filter(item=item, state=AssignmentState.CLAIMED).count()


def held_slots(item: ReviewItem) -> int:
    """Return how many slots of the item's present cycle are claimed or decided."""
    held = Assignment.objects.filter(item=item, state__in=HOLDING, slot__gt=item.closed_slots)
    return held.count()


def _record(
    assignment: Assignment, action: str, actor: User | None, now: datetime, reason: str = ""
) -> None:
    ledger.append(
        stream=stream_of(assignment.item_id),
        action=action,
        actor=actor,
        now=now,
        reason=reason,
        detail={"assignment": str(assignment.pk), "slot": assignment.slot},
    )


def expire_leases(*, now: datetime) -> int:
    """Return the items of lapsed leases to their queues; returns how many. Safe to run at once."""
    lapsed = Assignment.objects.filter(state=AssignmentState.CLAIMED, lease_expires_at__lt=now)
    ids = list(
        lapsed.order_by("lease_expires_at").values_list("pk", flat=True)[:MAX_LEASES_IN_SWEEP]
    )
    return sum(_expire(assignment_id, now) for assignment_id in ids)


@transaction.atomic
def _expire(assignment_id: uuid.UUID, now: datetime) -> bool:
    assignment = (
        Assignment.objects.select_for_update(skip_locked=True, of=("self", "item"))
        .select_related("item")
        .filter(pk=assignment_id, state=AssignmentState.CLAIMED, lease_expires_at__lt=now)
        .first()
    )
    if assignment is None:
        return False
    vacate(assignment=assignment, state=AssignmentState.EXPIRED, now=now)
    _record(assignment, "assignment.expired", None, now)
    return True
