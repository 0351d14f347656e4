"""Resolving: the outcome that stands, and who settled it."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from governance.domain.principal import Principal
from governance.enums import Permission
from governance.exceptions import InvalidInput, NotFound, NotPermitted
from governance.models import User, statements
from governance.selectors import delegations, persons, policies
from governance.services import ledger
from reviews.domain import lifecycle
from reviews.domain.answers import answer_faults
from reviews.domain.consensus import derive_verdict, key
from reviews.enums import ItemStatus, ResolutionKind, Verdict
from reviews.models import Decision, Resolution, ReviewItem
from reviews.selectors import restrictions
from reviews.services import clocks

RESOLVED = (
    "status", "resolution", "resolved_at", "open_slots", "paused_at", "pause_reason", "revision",
)  # fmt: skip


def resolve(
    *,
    item: ReviewItem,
    act: str,
    kind: ResolutionKind,
    answer: Any,
    agreement: float,
    decided_on: Sequence[Decision],
    actor: User,
    now: datetime,
    rationale: str = "",
) -> Resolution:
    """Write the resolution of a locked item and make it the one that stands."""
    item.status = lifecycle.move(act, source=item.status, target=ItemStatus.RESOLVED)
    verdict = Verdict.REJECT if answer is None else derive_verdict(answer, item.prediction.output)
    resolution = Resolution.objects.create(
        item=item,
        kind=kind,
        verdict=verdict,
        answer=answer,
        agreement=agreement,
        decided_on=[str(decision.pk) for decision in decided_on],
        rationale=rationale,
        actor=actor,
        supersedes=_superseded(item),
        salt=ledger.new_salt(),
        resolved_at=now,
    )
    item.resolution, item.resolved_at, item.open_slots = resolution, now, 0
    item.paused_at, item.pause_reason = None, ""
    item.revision += 1
    statements.update(item, RESOLVED)
    return resolution


def _superseded(item: ReviewItem) -> Resolution | None:
    """Return what stands until now, else what stood before the item was reopened."""
    if item.resolution_id is not None:
        return item.resolution
    if item.cycle == 1:
        return None
    rows = Resolution.objects.filter(item=item, superseded_by=None)
    return rows.order_by("-resolved_at", "-pk").first()


@transaction.atomic
def adjudicate(
    *,
    principal: Principal,
    actor: User,
    item_id: uuid.UUID,
    answer: Any,
    rationale: str,
    now: datetime,
) -> ReviewItem:
    """Settle an item on which reviewers differ, or that one of them escalated.

    For whoever has the permission and the role that the tier names, and did not decide on the item
    themselves. An answer of None rejects the prediction without a better one.
    """
    if not principal.may(Permission.ADJUDICATE):
        raise NotPermitted("This needs a role with the permission adjudicate.")
    item = (
        ReviewItem.objects.select_for_update(of=("self",))
        .select_related("prediction")
        .filter(pk=item_id)
        .first()
    )
    if item is None or not restrictions.reaches(principal, item.prediction):
        raise NotFound("There is no such item.")
    document = policies.document(item.config_version_id)
    refuse_other_roles(actor, document["tiers"][item.tier]["adjudicate_by"])
    lifecycle.move("adjudicate", source=item.status, target=ItemStatus.RESOLVED)
    decisions = _judged(item, actor)
    refuse_incomplete(answer, rationale, document)
    resolution = resolve(
        item=item,
        act="adjudicate",
        kind=ResolutionKind.ADJUDICATED,
        answer=answer,
        agreement=share_of(decisions, answer),
        decided_on=decisions,
        actor=actor,
        now=now,
        rationale=rationale,
    )
    told = clocks.settled(item, actor=actor, now=now)
    ledger.append(
        stream=f"item:{item.pk}",
        action="item.adjudicated",
        actor=actor,
        now=now,
        commitments={"rationale": ledger.commit(resolution.salt, rationale)},
        detail={
            "resolution": str(resolution.pk),
            "verdict": resolution.verdict,
            "answer": answer,
            "decided_on": resolution.decided_on,
            "clocks": told,
        },
    )
    return item


def refuse_other_roles(actor: User, slug: str) -> None:
    """Refuse who has not the role that a tier names for settling it, where it names one."""
    if slug and not actor.is_superuser and slug not in delegations.roles_of(actor):
        raise NotPermitted(f"This tier is adjudicated by the role {slug}.")


def _judged(item: ReviewItem, actor: User) -> list[Decision]:
    rows = Decision.objects.filter(item=item, undoes=None, undone_by=None)
    decisions = list(rows.select_related("assignment", "reviewer").order_by("pk"))
    if persons.linked(actor) & {persons.person_of(row.reviewer) for row in decisions}:
        raise NotPermitted("You decided on this item yourself: somebody else adjudicates it.")
    return [decision for decision in decisions if decision.assignment.slot > item.closed_slots]


def refuse_incomplete(answer: Any, rationale: str, document: dict[str, Any]) -> None:
    """Refuse an answer that the question does not take, and one that nothing is said for."""
    faults = [] if answer is None else answer_faults(answer, document["question"])
    if not rationale.strip():
        raise InvalidInput.at("/rationale", "Say why.", code="required")
    if faults:
        raise InvalidInput(faults[0].detail, faults=tuple(faults))


def share_of(decisions: Sequence[Decision], answer: Any) -> float:
    """Return which share of the decisions that answered gave this answer."""
    answered = [
        d for d in decisions if d.verdict in (Verdict.ACCEPT, Verdict.CORRECT, Verdict.REJECT)
    ]
    same = sum(key(decision.answer) == key(answer) for decision in answered)
    return same / len(answered) if answered else 0.0


def mark_left(*, item_ids: Sequence[uuid.UUID], now: datetime) -> None:
    """Note that outcomes have left the system, which ends the time for undoing them."""
    for start in range(0, len(item_ids), 5000):
        ReviewItem.objects.filter(pk__in=item_ids[start : start + 5000], left_at=None).update(
            left_at=now
        )
