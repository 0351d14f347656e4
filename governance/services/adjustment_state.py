"""What every act on an adjustment begins and ends with: the lock, the state and the event."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from governance.domain import adjusting
from governance.domain.principal import Principal
from governance.enums import AdjustmentState, Permission
from governance.exceptions import Conflict, InvalidInput, NotFound, NotPermitted
from governance.models import Adjustment, Pipeline, User
from governance.selectors import adjustments, bindings, persons
from governance.services import ledger


def stream_of(adjustment_id: uuid.UUID) -> str:
    """Return the stream of the ledger that tells of an adjustment."""
    return f"adjustment:{adjustment_id}"


def locked(principal: Principal, adjustment_id: uuid.UUID) -> Adjustment:
    """Return an adjustment within reach, its pipeline locked and then itself.

    All acts on the adjustments of a pipeline follow one another: one may supersede others.
    """
    found = Adjustment.objects.filter(pk=adjustment_id).values_list("pipeline_id", flat=True)
    pipeline_id = found.first()
    if pipeline_id is None or not principal.sees(pipeline_id):
        raise NotFound("There is no such adjustment.")
    pipeline = Pipeline.objects.select_for_update(of=("self",)).get(pk=pipeline_id)
    row = Adjustment.objects.select_for_update(of=("self",)).get(pk=adjustment_id)
    row.pipeline = pipeline
    return row


def require(act: str, row: Adjustment) -> None:
    """Refuse an act that the state of an adjustment does not allow."""
    if not adjusting.allows(act, row.state):
        words = act.replace("_", " ")
        raise Conflict(f"An adjustment that is {row.state} does not allow to {words} it.")


def require_whole(row: Adjustment) -> None:
    """Refuse what no longer says what its digest binds: it was changed behind the record."""
    if bindings.stamp_of(row) != row.digest:
        raise Conflict("It does not say what was submitted: its digest differs. Edit it anew.")


def require_approver(principal: Principal, act: str) -> None:
    """Refuse whoever has no role with the permission approve."""
    if not principal.may(Permission.APPROVE):
        raise NotPermitted(f"{act} needs a role with the permission approve.")


def require_other(row: Adjustment, actor: User, act: str) -> None:
    """Refuse a person who wrote any part of an adjustment, under whichever account."""
    if persons.linked(actor) & adjustments.contributors(row):
        raise NotPermitted(f"{act} is for others than those who wrote it.")


def require_reason(reason: str, what: str = "Say why.", pointer: str = "/reason") -> None:
    """Refuse an act without its reason."""
    if not reason.strip():
        raise InvalidInput.at(pointer, what, code="required")


def move(row: Adjustment, state: AdjustmentState, now: datetime, *also: str) -> None:
    """Bring an adjustment into a state, with other columns that changed."""
    row.state, row.changed_at = state, now
    row.save(update_fields=["state", "changed_at", *also])


def record(
    row: Adjustment,
    action: str,
    actor: User,
    now: datetime,
    *,
    reason: str = "",
    commitments: Mapping[str, str] | None = None,
    **detail: Any,
) -> None:
    """Write the event of an act."""
    ledger.append(
        stream=stream_of(row.pk),
        action=f"adjustment.{action}",
        actor=actor,
        now=now,
        reason=reason,
        commitments=commitments,
        detail={"state": str(row.state), "revision": row.revision, **detail},
    )
