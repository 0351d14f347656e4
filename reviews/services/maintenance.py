"""Declared maintenance: the system itself keeps people from their work, and clocks stand still.

Each act writes its one row and its event. That the clocks follow is the work of whoever comes by
them first, an act on their item or the sweep; they stand from the instant of the declaration to
that of the end, however late that is.
"""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from governance.db import turns
from governance.domain.principal import Principal
from governance.enums import Permission
from governance.exceptions import Conflict, InvalidInput, NotPermitted
from governance.models import User
from governance.models.base import uuid7
from governance.services import ledger
from reviews.models import Maintenance
from reviews.selectors import standstills

Now = Callable[[], datetime]
LONGEST_REASON = 500


@transaction.atomic
def begin(*, principal: Principal | None, actor: User | None, reason: str, now: Now) -> Maintenance:
    """Declare that the system is in maintenance from now on. Conflict when it is already.

    `principal` of None is whoever has the console of the server.
    """
    _permit(principal)
    if not reason.strip() or len(reason) > LONGEST_REASON:
        detail = f"Say why, in 1 to {LONGEST_REASON} characters: clocks stand still because of it."
        raise InvalidInput.at("/reason", detail)
    at = _moment(now)
    row = standstills.current()
    if row is not None:
        raise Conflict(
            f"The system is in maintenance already, since {row.began_at:%Y-%m-%d %H:%M}."
        )
    row = Maintenance.objects.create(id=uuid7(), reason=reason, began_at=at, began_by=actor)
    _record(row, "maintenance.begun", actor, at, reason)
    return row


@transaction.atomic
def end(*, principal: Principal | None, actor: User | None, now: Now) -> Maintenance:
    """End the maintenance; clocks run on from now. Conflict when there is none."""
    _permit(principal)
    at = _moment(now)
    row = standstills.current()
    if row is None:
        raise Conflict("The system is not in maintenance.")
    # The time may have stepped back since the declaration.
    row.ended_at, row.ended_by = max(at, row.began_at), actor
    row.save(update_fields=["ended_at", "ended_by"])
    _record(row, "maintenance.ended", actor, row.ended_at, "")
    return row


def may(principal: Principal) -> bool:
    """Return whether a principal may begin and end maintenance: it concerns all pipelines."""
    return principal.may(Permission.APPROVE) and principal.pipelines is None


def _permit(principal: Principal | None) -> None:
    if principal is not None and not may(principal):
        raise NotPermitted(
            "Maintenance needs the permission approve in all pipelines, as administrators have it."
        )


def _moment(now: Now) -> datetime:
    """Return an instant before which all is written that others have done to clocks.

    Whoever moves clocks shares the turn. What they did under no maintenance has happened before it.
    """
    turns.alone(turns.STANDSTILL)
    return now()


def _record(row: Maintenance, action: str, actor: User | None, at: datetime, reason: str) -> None:
    ledger.append(
        stream=f"maintenance:{row.pk}",
        action=action,
        actor=actor,
        now=at,
        reason=reason,
        detail={"maintenance": str(row.pk)},
    )
