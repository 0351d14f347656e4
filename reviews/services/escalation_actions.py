"""What a level of a ladder does to its item, besides telling people. The item is locked."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q

from governance.models import User
from governance.selectors import policies
from reviews.domain import lifecycle
from reviews.enums import AssignmentState, ItemStatus
from reviews.models import Assignment, ReviewItem
from reviews.selectors import load
from reviews.selectors.claimable import skills_of
from reviews.services import assignments, places
from reviews.services.items import urgency

RAISE = 10
Done = dict[str, Any]


def carry_out(
    item: ReviewItem, actions: Sequence[str], *, targets: Sequence[int], now: datetime
) -> Done:
    """Do what a level asks for; returns what was done, by action. Nothing for an ended item."""
    if ItemStatus(item.status) not in lifecycle.UNSETTLED:
        return {}
    done = {name: ACTS[name](item, targets, now) for name in actions if name in ACTS}
    return {name: what for name, what in done.items() if what is not None}


def _raise_priority(item: ReviewItem, targets: Sequence[int], now: datetime) -> Any:
    before = item.priority
    item.priority = min(before + RAISE, 1000)
    item.urgent_at = urgency(item.created_at, item.due_at, item.priority)
    assignments.touch(item, "priority", "urgent_at")
    return {"from": before, "to": item.priority}


def _open_backup_queue(item: ReviewItem, targets: Sequence[int], now: datetime) -> Any:
    queues = policies.document(item.config_version_id)["queues"]
    backup = queues.get(item.queue, {}).get("backup")
    if not backup:
        return None
    before = item.queue
    places.put(item, backup)
    assignments.touch(item, "queue", "lane")
    return {"from": before, "to": backup}


def _add_reviewer(item: ReviewItem, targets: Sequence[int], now: datetime) -> Any:
    if ItemStatus(item.status) not in lifecycle.OPEN or item.paused_at:
        return None
    item.slots += 1
    item.open_slots += 1
    assignments.touch(item, "slots", "open_slots")
    return {"slots": item.slots}


def _reassign(item: ReviewItem, targets: Sequence[int], now: datetime) -> Any:
    """Give the item to the first of the people told who may take it and has room."""
    if ItemStatus(item.status) not in lifecycle.OPEN or item.paused_at:
        return None
    people = {user.pk: user for user in User.objects.filter(pk__in=targets)}
    wanted = next(
        (people[pk] for pk in targets if pk in people and _free(people[pk], item, now)), None
    )
    if wanted is None:
        return None
    taken = release_one(item, now)
    slot = assignments.free_slot(item)
    made = assignments.assign(item=item, reviewer=wanted, slot=slot, now=now)
    return {"assignment": str(made.assignment.pk), "reviewer": wanted.pk, "from": taken}


def _free(user: User, item: ReviewItem, now: datetime) -> bool:
    held, today = load.of_reviewer(user, now=now)
    room = held < user.open_capacity and today < user.daily_capacity
    return room and may_take(user, item, now)


def may_take(user: User, item: ReviewItem, now: datetime) -> bool:
    """Return whether a person has the skills for an item, and no part in it yet."""
    part = Q(state__in=[AssignmentState.CLAIMED, AssignmentState.DECIDED, AssignmentState.DECLINED])
    return (
        item.lane.skills <= skills_of(user, now)
        and item.prediction.sender_id != user.pk
        and not Assignment.objects.filter(part, item=item, reviewer=user).exists()
    )


def release_one(item: ReviewItem, now: datetime, holder: User | None = None) -> int | None:
    """End a live claim on an item, of `holder` or the oldest, if no slot is free without it."""
    live = Assignment.objects.filter(item=item, state=AssignmentState.CLAIMED)
    live = live.filter(reviewer=holder) if holder else live
    assignment = live.order_by("claimed_at").first()
    if assignment is None or (holder is None and item.open_slots > 0):
        return None
    assignment.item = item
    assignments.vacate(assignment=assignment, state=AssignmentState.RELEASED, now=now)
    return assignment.reviewer_id


ACTS: dict[str, Callable[[ReviewItem, Sequence[int], datetime], Any]] = {
    "raise_priority": _raise_priority,
    "open_backup_queue": _open_backup_queue,
    "add_reviewer": _add_reviewer,
    "reassign": _reassign,
}
