"""Overriding: a permitted person puts another outcome in the place of one that stands."""

import uuid
from datetime import datetime
from typing import Any

from django.db import transaction

from governance.domain.documents.fields import suggestion
from governance.domain.principal import Principal
from governance.enums import Permission
from governance.exceptions import Conflict, InvalidInput, NotPermitted
from governance.models import User
from governance.selectors import policies
from governance.services import ledger
from reviews.domain.consensus import key
from reviews.enums import AssignmentState, Disposition, ItemStatus, ResolutionKind
from reviews.models import Assignment, Decision, Prediction, Resolution, ReviewItem, Withdrawal
from reviews.services import assignments, challenges, clocks, items, resolutions, withdrawals

ENDED_CLAIM = "The outcome was overridden."


@transaction.atomic
def override(
    *,
    principal: Principal,
    actor: User,
    prediction_id: uuid.UUID,
    answer: Any,
    reason_code: str,
    rationale: str,
    now: datetime,
) -> ReviewItem:
    """Settle anew what was approved by rule, settled by people, or expired; None rejects it.

    What stood is superseded and never edited, an open challenge of it becomes moot, and other
    systems are told. What its sender withdrew has no outcome to override; what is still under
    review is decided there. Conflict when the answer is the one that stands.
    """
    prediction = withdrawals.locked(principal=principal, prediction_id=prediction_id)
    if not principal.may(Permission.ADJUDICATE):
        raise NotPermitted("Overriding needs a role with the permission adjudicate.")
    document = policies.document(prediction.config_version_id)
    _refuse_unknown_code(reason_code, document)
    resolutions.refuse_incomplete(answer, rationale, document)
    item = ReviewItem.objects.select_for_update(of=("self",)).filter(prediction=prediction).first()
    _refuse_without_outcome(prediction, item, answer)
    unseen = item is None
    item = item or _opened(prediction, now)
    resolutions.refuse_other_roles(actor, document["tiers"][item.tier]["adjudicate_by"])
    before = item.resolution
    resolution = _settle(item, before, answer, rationale, actor, now)
    told = clocks.settled(item, actor=actor, now=now) if unseen else {}
    moot = challenges.end_unjudged(
        before.pk if before else None, actor=actor, why=ENDED_CLAIM, now=now
    )
    ledger.append(
        stream=assignments.stream_of(item.pk),
        action="resolution.overridden",
        actor=actor,
        now=now,
        commitments={"rationale": ledger.commit(resolution.salt, rationale)},
        detail={
            "resolution": str(resolution.pk),
            "supersedes": str(before.pk) if before else None,
            "approved_by_rule": unseen,
            "reason_code": reason_code,
            "verdict": resolution.verdict,
            "answer": answer,
            "clocks": told,
            **({"moot": moot} if moot else {}),
        },
    )
    return item


def _refuse_unknown_code(code: str, document: dict[str, Any]) -> None:
    known = list(document["reason_codes"])
    if known and code not in known:
        raise InvalidInput.at(
            "/reason_code", f"One of {', '.join(known)}.{suggestion(code, known)}", code="unknown"
        )


def _refuse_without_outcome(prediction: Prediction, item: ReviewItem | None, answer: Any) -> None:
    if Withdrawal.objects.filter(prediction=prediction).exists():
        raise Conflict("Its sender withdrew this prediction: there is no outcome to override.")
    if item is not None and item.status not in (ItemStatus.RESOLVED, ItemStatus.EXPIRED):
        raise Conflict("People have it under review: decide it there, or escalate it.")
    stands = item.resolution.answer if item and item.resolution else None
    expired = item is not None and item.resolution is None
    if not expired and key(answer) == key(prediction.output if item is None else stands):
        raise Conflict("That is the answer that stands.")


def _opened(prediction: Prediction, now: datetime) -> ReviewItem:
    """Open an item for what was approved unseen, under the policy that approved it."""
    assert prediction.disposition == Disposition.AUTO_APPROVED
    items.forget_lanes()
    items.open_for(arrivals=[items.unseen(prediction)], now=now)
    rows = ReviewItem.objects.select_for_update(of=("self",)).select_related("prediction")
    return rows.get(prediction=prediction)


def _settle(
    item: ReviewItem,
    before: Resolution | None,
    answer: Any,
    rationale: str,
    actor: User,
    now: datetime,
) -> Resolution:
    live = Assignment.objects.filter(item=item, state=AssignmentState.CLAIMED)
    live.update(state=AssignmentState.RELEASED, ended_at=now, reason=ENDED_CLAIM)
    named = before.decided_on if before else []
    decisions = list(Decision.objects.filter(pk__in=named).order_by("pk"))
    return resolutions.resolve(
        item=item,
        act="override",
        kind=ResolutionKind.OVERTURNED,
        answer=answer,
        agreement=resolutions.share_of(decisions, answer),
        decided_on=decisions,
        actor=actor,
        now=now,
        rationale=rationale,
    )
