"""Reopening: what was settled is looked at again by others, in a cycle of its own."""

import uuid
from datetime import datetime

from django.db import transaction

from governance.domain.principal import Principal
from governance.enums import Permission
from governance.exceptions import InvalidInput
from governance.models import User
from governance.selectors import policies
from governance.services import ledger
from reviews.domain import lifecycle
from reviews.enums import AssignmentState, ItemStatus
from reviews.models import Assignment, ReviewItem
from reviews.services import assignments, challenges, clocks
from reviews.services.pauses import locked

REASON = "The item was reopened."
REOPENED = (
    "status", "resolution", "resolved_at", "cycle", "closed_slots", "slots", "open_slots",
    "due_at", "urgent_at",
)  # fmt: skip


@transaction.atomic
def reopen(
    *, principal: Principal, actor: User, item_id: uuid.UUID, reason: str, now: datetime
) -> ReviewItem:
    """Ask for new decisions on an item that was resolved or expired, with a fresh target.

    What was decided, and whether its clocks were met, stays as it is. Who decided before is not
    asked again. Datasets that hold the earlier outcome keep it.
    """
    if not reason.strip():
        raise InvalidInput.at("/reason", "Say why it is reopened.", code="required")
    item = locked(
        principal=principal, item_id=item_id, act="Reopening", permission=Permission.ADJUDICATE
    )
    return reopen_locked(item, actor=actor, reason=reason, now=now)


def reopen_locked(item: ReviewItem, *, actor: User, reason: str, now: datetime) -> ReviewItem:
    """Reopen an item that the caller has locked, for who may."""
    item.status = lifecycle.move("reopen", source=item.status, target=ItemStatus.PENDING)
    live = Assignment.objects.filter(item=item, state=AssignmentState.CLAIMED)
    live.update(state=AssignmentState.RELEASED, ended_at=now, reason=REASON)
    before = item.resolution_id
    challenge = challenges.end_unjudged(before, actor=actor, why=REASON, now=now)
    tier = policies.document(item.config_version_id)["tiers"][item.tier]
    item.resolution = item.resolved_at = None
    item.cycle += 1
    item.closed_slots = item.slots
    item.open_slots = max(tier["decisions"], 1)
    item.slots = item.closed_slots + item.open_slots
    told = clocks.reopened(item, actor=actor, now=now)
    assignments.touch(item, *REOPENED)
    ledger.append(
        stream=assignments.stream_of(item.pk),
        action="item.reopened",
        actor=actor,
        now=now,
        reason=reason,
        detail={
            "cycle": item.cycle,
            "resolution": str(before) if before else None,
            "clocks": told,
            **({"moot": challenge} if challenge else {}),
        },
    )
    return item
