"""Disposing of what was decided under a change that was rolled back: effects are compensated."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from governance.domain import merkle
from governance.domain.principal import Principal
from governance.exceptions import InvalidInput
from governance.models import Adjustment, AdjustmentActivation, User
from governance.services import adjustment_state as states
from reviews.enums import Disposition, ItemStatus, RemedyKind
from reviews.models import Prediction, Remedy, ReviewItem, Withdrawal
from reviews.selectors import aftermath
from reviews.services import items, reopenings

AT_ONCE = 1000
NAMED = 100
SETTLED = (ItemStatus.RESOLVED, ItemStatus.EXPIRED)


@dataclass(frozen=True)
class Disposed:
    """How many a call disposed of, and how many are still open."""

    done: int
    open: int


@transaction.atomic
def dispose(
    *,
    principal: Principal,
    actor: User,
    adjustment_id: uuid.UUID,
    kind: str,
    predictions: Sequence[uuid.UUID] | None,
    reason: str,
    now: datetime,
) -> Disposed:
    """Say what is done about predictions that were routed under a change, once about each.

    Without a list it is all that is open, a thousand at most in one call. `re_review` asks people
    again, or for the first time; `notify` records that those concerned have been told; `accept`
    lets them stand.
    """
    row = states.locked(principal, adjustment_id)
    states.require_approver(principal, "Disposing of what was decided")
    states.require_reason(reason, "Say why.")
    rolled = aftermath.roll_back_of(principal, row.pk)
    chosen = _chosen(rolled, predictions)
    Remedy.objects.bulk_create(
        Remedy(activation=rolled, prediction=each, kind=kind, actor=actor, reason=reason, at=now)
        for each in chosen
    )
    if kind == RemedyKind.RE_REVIEW:
        _review_again(chosen, actor=actor, reason=reason, now=now)
    if chosen:
        _record(row, rolled, kind, chosen, actor, reason, now)
    return Disposed(len(chosen), aftermath.undisposed(rolled).count())


def _chosen(rolled: AdjustmentActivation, wanted: Sequence[uuid.UUID] | None) -> list[Prediction]:
    rows = aftermath.undisposed(rolled).order_by("pk")
    if wanted is None:
        return list(rows[:AT_ONCE])
    found = list(rows.filter(pk__in=wanted))
    missing = set(wanted) - {row.pk for row in found}
    if missing:
        place = next(i for i, key in enumerate(wanted) if key in missing)
        raise InvalidInput.at(
            f"/predictions/{place}",
            "It was not routed under this change, or it has its disposition already.",
            code="unknown",
        )
    return found


def _record(
    row: Adjustment,
    rolled: AdjustmentActivation,
    kind: str,
    chosen: Sequence[Prediction],
    actor: User,
    reason: str,
    now: datetime,
) -> None:
    leaves = [merkle.leaf_hash(str(each.pk).encode()) for each in chosen]
    states.record(
        row, "disposed", actor, now, reason=reason, activation=str(rolled.pk), kind=str(kind),
        size=len(chosen), root=merkle.root(leaves).hex(),
        predictions=[str(each.pk) for each in chosen[:NAMED]],
    )  # fmt: skip


def _review_again(chosen: Sequence[Prediction], *, actor: User, reason: str, now: datetime) -> None:
    gone = set(
        Withdrawal.objects.filter(prediction__in=chosen).values_list("prediction_id", flat=True)
    )
    rows = ReviewItem.objects.filter(prediction__in=chosen)
    held = {row.prediction_id: row for row in rows.select_for_update(of=("self",)).order_by("pk")}
    unseen = [
        each for each in chosen
        if each.disposition == Disposition.AUTO_APPROVED
        and each.pk not in held
        and each.pk not in gone
    ]  # fmt: skip
    items.forget_lanes()
    items.open_for(arrivals=[items.unseen(each) for each in unseen], now=now)
    for item in held.values():
        if item.status in SETTLED:
            reopenings.reopen_locked(item, actor=actor, reason=reason, now=now)
