"""Escalating: an item goes to those who adjudicate, whatever its reviewers come to."""

import uuid
from datetime import datetime

from django.db import transaction

from governance.domain.principal import Principal
from governance.enums import Permission
from governance.exceptions import Conflict, InvalidInput, NotFound, NotPermitted
from governance.models import User
from governance.services import ledger
from reviews.domain import lifecycle
from reviews.enums import ItemStatus
from reviews.models import Acknowledgement, Escalation, ReviewItem, SLAClock
from reviews.selectors import restrictions
from reviews.services import assignments, clock_rows, clocks

ESCALATED = "item.escalated"


@transaction.atomic
def escalate(
    *, principal: Principal, actor: User, item_id: uuid.UUID, reason: str, now: datetime
) -> ReviewItem:
    """Hand an unsettled item to the adjudicating role.

    Nobody can claim it any more; who holds it may still decide, which the adjudicator then sees.
    """
    if not principal.may(Permission.REVIEW):
        raise NotPermitted("Escalating needs a role with the permission review.")
    if not reason.strip():
        raise InvalidInput.at("/reason", "Say why it is escalated.", code="required")
    item = ReviewItem.objects.select_for_update(of=("self",)).filter(pk=item_id).first()
    if item is None or not restrictions.reaches(principal, item.prediction):
        raise NotFound("There is no such item.")
    item.status = lifecycle.move("escalate", source=item.status, target=ItemStatus.ESCALATED)
    item.open_slots = 0
    told = clocks.disputed(item, actor=actor, now=now)
    assignments.touch(item, "status", "open_slots")
    ledger.append(
        stream=assignments.stream_of(item.pk),
        action=ESCALATED,
        actor=actor,
        now=now,
        reason=reason,
        detail={"clocks": told},
    )
    return item


@transaction.atomic
def acknowledge(
    *, principal: Principal, actor: User, escalation_id: uuid.UUID, now: datetime
) -> Escalation:
    """Take up an escalation, for whom it told or whoever may adjudicate; a repeat changes nothing.

    The ladder waits for its `ack_timeout`, and then goes on with the next level.
    """
    escalation = Escalation.objects.filter(pk=escalation_id).first()
    if escalation is None or not principal.sees(escalation.pipeline_id):
        raise NotFound("There is no such escalation.")
    if actor.pk not in escalation.targets and not principal.may(Permission.ADJUDICATE):
        raise NotPermitted("Whom it told takes it up, or a role with the permission adjudicate.")
    item = None
    if escalation.item_id is not None:
        item = ReviewItem.objects.select_for_update(of=("self",)).get(pk=escalation.item_id)
    row = SLAClock.objects.select_for_update(of=("self",)).get(pk=escalation.clock_id)
    if Acknowledgement.objects.filter(escalation=escalation).exists():
        return escalation
    (held,) = clocks.holding([row])
    held.stand_still(held.moment(now), now=now)
    _refuse_ack(held, escalation)
    made = clocks.acknowledge(held, escalation, actor=actor, how="explicit", now=now)
    if item is None or len(held.events) == 1:
        clock_rows.write(row, held.events, held.state, actor=actor)
    else:
        clocks.save(item, [held], actor)
        assignments.touch(item, "due_at", "urgent_at")
    ledger.append(
        stream=clocks.stream_of(row),
        action="escalation.acknowledged",
        actor=actor,
        now=now,
        detail={"escalation": str(escalation.pk), "acknowledgement": str(made.pk)},
    )
    return escalation


def _refuse_ack(held: clocks.Held, escalation: Escalation) -> None:
    position = held.state.position
    if not held.state.is_pursued:
        raise Conflict(f"The clock is {held.state.status}: nothing escalates any more.")
    if (position.loop, position.level) != (escalation.loop, escalation.level):
        raise Conflict(f"Level {position.level} has fired since: take up that one.")
