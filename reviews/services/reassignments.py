"""Reassigning: a lead moves an item to a person, a queue or a tier. Its clocks never start over."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from governance.domain.principal import Principal
from governance.enums import Permission
from governance.exceptions import Conflict, InvalidInput, NotPermitted
from governance.models import User
from governance.selectors import policies
from governance.services import ledger
from reviews.domain import lifecycle
from reviews.enums import AssignmentState, ItemStatus, NotificationKind
from reviews.models import Assignment, ReviewItem
from reviews.selectors import clock_terms, recipients
from reviews.selectors import clocks as clock_rows
from reviews.selectors.clock_terms import Law
from reviews.selectors.routing import compiled
from reviews.services import assignments, clocks, notifications, places
from reviews.services.escalation_actions import may_take, release_one
from reviews.services.pauses import end_lapsed, locked

MOVED = (
    "tier", "queue", "lane", "blind", "blind_first", "slots", "open_slots", "status", "due_at",
    "urgent_at", "sla_version",
)  # fmt: skip


@dataclass(frozen=True)
class Move:
    """Where an item goes: to a person, a queue, a tier, or several of these."""

    reviewer: str = ""
    queue: str = ""
    tier: str = ""


@transaction.atomic
def reassign(
    *,
    principal: Principal,
    actor: User,
    item_id: uuid.UUID,
    move: Move,
    reason: str,
    now: datetime,
) -> ReviewItem:
    """Move an unsettled item. It counts as taking up what has escalated.

    A tier that gives the item more time needs the permission approve. A person must have the
    skills that the item asks for and no part in it; the oldest live claim makes room for theirs.
    """
    if not reason.strip():
        raise InvalidInput.at("/reason", "Say why it is reassigned.", code="required")
    if move == Move():
        raise InvalidInput.at("/reviewer", "Name a reviewer, a queue or a tier.", code="required")
    item = locked(
        principal=principal, item_id=item_id, act="Reassigning", permission=Permission.ADJUDICATE
    )
    if ItemStatus(item.status) not in lifecycle.UNSETTLED:
        raise Conflict(f"The item is {item.status}: nobody works on it.")
    end_lapsed(item, now=now)
    before = {"tier": item.tier, "queue": item.queue}
    told = _place(item, move, principal, actor, now)
    given = _give(item, move.reviewer, actor, now) if move.reviewer else {}
    held = clocks.of_item(item, now)
    clocks.taken_up(held, actor=actor, how="reassign", now=now, targets_only=False)
    clocks.save(item, held, actor)
    assignments.touch(item, *MOVED)
    ledger.append(
        stream=assignments.stream_of(item.pk),
        action="item.reassigned",
        actor=actor,
        now=now,
        reason=reason,
        detail={
            "before": before,
            "after": {"tier": item.tier, "queue": item.queue},
            "clocks": told,
            **given,
        },
    )
    return item


def _place(
    item: ReviewItem, move: Move, principal: Principal, actor: User, now: datetime
) -> clocks.Told:
    document = policies.document(item.config_version_id)
    changes = (move.queue and move.queue != item.queue), (move.tier and move.tier != item.tier)
    for name, wanted, known in (
        ("queue", move.queue, document["queues"]), ("tier", move.tier, document["tiers"]),
    ):  # fmt: skip
        if wanted and wanted not in known:
            detail = f"This pipeline has no {name} {wanted!r}: {', '.join(sorted(known))}."
            raise InvalidInput.at(f"/{name}", detail, code="unknown")
    if changes[0]:
        places.put(item, move.queue)
    if changes[1]:
        _retier(item, move.tier, document["tiers"][move.tier])
    if not any(changes):
        return {}
    law = _law(item, retiered=bool(changes[1]))
    _refuse_longer(item, law, principal, now, retiered=bool(changes[1]))
    return clocks.moved(item, law, actor=actor, now=now, reason="tier" if changes[1] else "queue")


def _retier(item: ReviewItem, slug: str, tier: dict[str, Any]) -> None:
    """Give an item a tier; it asks for what that tier asks, and for one decision at least."""
    held = assignments.held_slots(item)
    decided = held - assignments.live_claims(item)
    # Moved by hand, it belongs to neither arm of a draw any more.
    item.tier, item.blind, item.blind_first = slug, tier["blind"], None
    item.slots = item.closed_slots + max(tier["decisions"], held, decided + 1)
    if ItemStatus(item.status) in lifecycle.OPEN:
        assignments.offer(item, act="vacate")


def _law(item: ReviewItem, *, retiered: bool) -> Law | None:
    """Return the law of an item where it is now: picked anew only when its tier has changed."""
    version_id, queue = item.config_version_id, item.queue
    if not retiered:
        if item.sla_version_id is None:
            return None
        return clock_terms.law_pinned(item.sla_version_id, version_id=version_id, queue=queue)
    policy = compiled(item.config_version_id)
    prediction = item.prediction
    facts = {
        "confidence": prediction.confidence, "scores": prediction.scores,
        "output": prediction.output, "input": prediction.input,
        "scenario_type": prediction.scenario_type,
        "characteristics": prediction.characteristics,
        "model": {"name": prediction.model_name, "version": prediction.model_version},
    }  # fmt: skip
    sla = policy.sla_of(policy.tiers[item.tier], facts)
    return clock_terms.law_of(sla, version_id=version_id, queue=queue)


def _refuse_longer(
    item: ReviewItem, law: Law | None, principal: Principal, now: datetime, *, retiered: bool
) -> None:
    if not retiered or law is None or principal.may(Permission.APPROVE):
        return
    if clocks.lengthens(clocks.holding(clock_rows.open_of(item.pk)), law):
        raise NotPermitted(
            "This tier gives the item more time, which needs a role with the permission approve."
        )


def _give(item: ReviewItem, username: str, actor: User, now: datetime) -> dict[str, Any]:
    wanted = User.objects.filter(username=username).first()
    if wanted is None or wanted.pk not in recipients.reachable(
        item.pipeline_id, (f"user:{username}",)
    ):
        raise InvalidInput.at("/reviewer", f"{username!r} does not work on this pipeline.")
    if ItemStatus(item.status) not in lifecycle.OPEN or item.paused_at:
        raise Conflict("Only an item that is open and not paused can be given to somebody.")
    mine = Assignment.objects.filter(
        item=item, reviewer=wanted, state=AssignmentState.CLAIMED
    ).exists()
    if mine:
        raise Conflict(f"{username} holds this item already.")
    if not may_take(wanted, item, now):
        raise InvalidInput.at(
            "/reviewer", f"{username} lacks a skill that it asks for, or has a part in it already."
        )
    taken = release_one(item, now)
    made = assignments.assign(item=item, reviewer=wanted, slot=assignments.free_slot(item), now=now)
    if wanted.pk != actor.pk:
        notifications.announce(
            person_id=wanted.pk,
            kind=NotificationKind.ASSIGNED,
            source=f"assignment:{made.assignment.pk}",
            item=item,
            detail={},
            now=now,
        )
    return {"assignment": str(made.assignment.pk), "reviewer": wanted.pk, "from": taken}
