"""Escalating: an item goes to those who adjudicate, whatever its reviewers come to."""

import uuid
from datetime import datetime

from django.db import transaction

from governance.domain.principal import Principal
from governance.enums import Permission
from governance.exceptions import InvalidInput, NotFound, NotPermitted
from governance.models import User
from governance.services import ledger
from reviews.domain import lifecycle
from reviews.enums import ItemStatus
from reviews.models import ReviewItem
from reviews.services import assignments

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
    if item is None or not principal.sees(item.pipeline_id):
        raise NotFound("There is no such item.")
    item.status = lifecycle.move("escalate", source=item.status, target=ItemStatus.ESCALATED)
    item.open_slots = 0
    assignments.touch(item, "status", "open_slots")
    ledger.append(
        stream=assignments.stream_of(item.pk),
        action=ESCALATED,
        actor=actor,
        now=now,
        reason=reason,
        detail={},
    )
    return item
