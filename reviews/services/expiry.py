"""Expiring: nobody settled an item in time, and its ladder has ended. It is never approved."""

from collections.abc import Sequence
from datetime import datetime

from reviews.domain import lifecycle
from reviews.enums import AssignmentState, ItemStatus
from reviews.models import Assignment, ReviewItem
from reviews.services import assignments, clocks
from reviews.services.clocks import Held

REASON = "The item expired unreviewed."


def expire(item: ReviewItem, held: Sequence[Held], *, now: datetime) -> None:
    """End a locked item unreviewed: live claims end, and all its clocks; the pipeline holds.

    `held` are the clocks of the item that the caller writes; the others are written here.
    """
    item.status = lifecycle.move("expire", source=item.status, target=ItemStatus.EXPIRED)
    item.open_slots = 0
    item.paused_at, item.pause_reason = None, ""
    live = Assignment.objects.filter(item=item, state=AssignmentState.CLAIMED)
    live.update(state=AssignmentState.EXPIRED, ended_at=now, reason=REASON)
    clocks.expired(held, now)
    mine = {each.row.pk for each in held}
    others = [each for each in clocks.of_item(item, now) if each.row.pk not in mine]
    clocks.expired(others, now)
    clocks.save(item, others, None)
    assignments.touch(item, "status", "open_slots", "paused_at", "pause_reason")
