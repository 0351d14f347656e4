"""Withdrawing: a pipeline takes a prediction back, and nobody works on it any more."""

import uuid
from datetime import datetime

from django.db import transaction

from governance.domain.principal import Principal
from governance.exceptions import Conflict, InvalidInput, NotFound
from governance.models import User
from governance.services import ledger
from reviews.domain import lifecycle
from reviews.enums import AssignmentState, ItemStatus
from reviews.models import Assignment, Prediction, ReviewItem, Withdrawal
from reviews.selectors import restrictions
from reviews.services import assignments, clocks

ENDED_CLAIM = "The prediction was withdrawn."


def stream_of(prediction_id: uuid.UUID) -> str:
    """Return the ledger stream of a prediction."""
    return f"prediction:{prediction_id}"


@transaction.atomic
def withdraw(
    *, principal: Principal, actor: User, prediction_id: uuid.UUID, reason: str, now: datetime
) -> Withdrawal:
    """Take a prediction back: its item becomes withdrawn, and live claims on it end.

    Conflict when it was withdrawn before, or when people have settled it.
    """
    if not reason.strip():
        raise InvalidInput.at("/reason", "Say why it is withdrawn.", code="required")
    prediction = locked(principal=principal, prediction_id=prediction_id)
    if Withdrawal.objects.filter(prediction=prediction).exists():
        raise Conflict("This prediction was withdrawn already.")
    item, ended = _close(prediction, now)
    told = clocks.ended(item, actor=actor, now=now, reason="withdrawn") if item else {}
    withdrawal = Withdrawal.objects.create(
        prediction=prediction, reason=reason, actor=actor, at=now
    )
    ledger.append(
        stream=assignments.stream_of(item.pk) if item else stream_of(prediction.pk),
        action="prediction.withdrawn",
        actor=actor,
        now=now,
        reason=reason,
        detail={
            "withdrawal": str(withdrawal.pk),
            "prediction": str(prediction.pk),
            "ended_claims": ended,
            "clocks": told,
        },
    )
    return withdrawal


def locked(*, principal: Principal, prediction_id: uuid.UUID) -> Prediction:
    """Return a prediction within reach, locked against other acts on it; NotFound otherwise."""
    prediction = (
        Prediction.objects.select_for_update(no_key=True, of=("self",))
        .filter(pk=prediction_id)
        .first()
    )
    if prediction is None or not restrictions.reaches(principal, prediction):
        raise NotFound("There is no such prediction.")
    return prediction


def _close(prediction: Prediction, now: datetime) -> tuple[ReviewItem | None, list[str]]:
    """End the live claims of a prediction's item and mark it; returns it and the claims' ids."""
    live = Assignment.objects.filter(item__prediction=prediction, state=AssignmentState.CLAIMED)
    # A decision locks its assignment before the item; in another order the two could deadlock.
    list(live.select_for_update(of=("self", "item")).select_related("item"))
    item = ReviewItem.objects.select_for_update(of=("self",)).filter(prediction=prediction).first()
    if item is None:
        return None, []
    item.status = lifecycle.move("withdraw", source=item.status, target=ItemStatus.WITHDRAWN)
    item.open_slots = 0
    item.paused_at, item.pause_reason = None, ""
    ended = [str(pk) for pk in live.order_by("pk").values_list("pk", flat=True)]
    live.update(state=AssignmentState.RELEASED, ended_at=now, reason=ENDED_CLAIM)
    assignments.touch(item, "status", "open_slots", "paused_at", "pause_reason")
    return item, ended
