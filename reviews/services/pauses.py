"""Pausing: an item waits for something that its reviewers cannot hurry."""

import uuid
from datetime import datetime

from django.db import transaction

from governance.domain.principal import Principal
from governance.enums import Permission
from governance.exceptions import Conflict, InvalidInput, NotFound, NotPermitted
from governance.models import User
from governance.services import ledger
from reviews.domain import lifecycle
from reviews.domain.passing import MAX_PAUSE
from reviews.enums import ItemStatus, PauseReason
from reviews.models import ReviewItem
from reviews.selectors import restrictions
from reviews.services import assignments, clocks


@transaction.atomic
def pause(
    *, principal: Principal, actor: User, item_id: uuid.UUID, reason: str, now: datetime
) -> ReviewItem:
    """Take an unsettled item off its queue and let its clocks stand still, for a named reason.

    Who holds it may still decide, which ends the pause with the item. It ends by itself after the
    working days that the SLA policy allows. A repeat changes nothing.
    """
    if reason not in PauseReason.values:
        known = ", ".join(PauseReason.values)
        raise InvalidInput.at("/reason", f"A pause has one of these reasons: {known}.")
    item = locked(principal=principal, item_id=item_id, act="Pausing")
    if ItemStatus(item.status) not in lifecycle.UNSETTLED:
        raise Conflict(f"The item is {item.status}: nothing runs that could be paused.")
    end_lapsed(item, now=now)
    if item.paused_at is not None:
        return item
    told = clocks.paused(item, reason, actor=actor, now=now)
    item.paused_at, item.pause_reason, item.open_slots = now, reason, 0
    assignments.touch(item, "paused_at", "pause_reason", "open_slots", "due_at", "urgent_at")
    _record(item, "item.paused", actor, now, reason, told)
    return item


@transaction.atomic
def resume(*, principal: Principal, actor: User, item_id: uuid.UUID, now: datetime) -> ReviewItem:
    """Put a paused item back where it was; its clocks run on. A repeat changes nothing."""
    item = locked(principal=principal, item_id=item_id, act="Resuming")
    end_lapsed(item, now=now)
    if item.paused_at is None:
        return item
    told = clocks.resumed(item, actor=actor, now=now)
    put_back(item)
    _record(item, "item.resumed", actor, now, "", told)
    return item


def end_lapsed(item: ReviewItem, *, now: datetime) -> None:
    """End a pause of a locked item that has lasted too long, where no sweep has done it yet."""
    if item.paused_at is None:
        return
    held = clocks.of_item(item, now)
    if any(event.reason == MAX_PAUSE for each in held for event in each.events):
        clocks.save(item, held, None)
        put_back(item)


def put_back(item: ReviewItem) -> None:
    """Put a locked item whose pause is over back where it was."""
    item.paused_at, item.pause_reason = None, ""
    if ItemStatus(item.status) in lifecycle.OPEN:
        assignments.offer(item, act="vacate")
    assignments.touch(
        item, "paused_at", "pause_reason", "status", "open_slots", "due_at", "urgent_at"
    )


def locked(
    *,
    principal: Principal,
    item_id: uuid.UUID,
    act: str,
    permission: Permission = Permission.REVIEW,
) -> ReviewItem:
    """Return an item within reach, locked, for an act that needs a permission."""
    if not principal.may(permission):
        raise NotPermitted(f"{act} needs a role with the permission {permission}.")
    item = (
        ReviewItem.objects.select_for_update(of=("self",))
        .select_related("lane", "prediction")
        .filter(pk=item_id)
        .first()
    )
    if item is None or not restrictions.reaches(principal, item.prediction):
        raise NotFound("There is no such item.")
    return item


def _record(
    item: ReviewItem, action: str, actor: User, now: datetime, reason: str, told: clocks.Told
) -> None:
    ledger.append(
        stream=assignments.stream_of(item.pk),
        action=action,
        actor=actor,
        now=now,
        reason=reason,
        detail={"clocks": told},
    )
