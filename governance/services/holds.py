"""Legal holds: while one is in force, nothing that it covers is erased or purged."""

import uuid
from datetime import datetime

from django.db import transaction

from governance.domain.principal import Principal
from governance.enums import Permission
from governance.exceptions import Conflict, InvalidInput, NotFound, NotPermitted
from governance.models import HoldLift, LegalHold, Pipeline, User
from governance.models.base import uuid7
from governance.selectors import holds
from governance.services import ledger, subjects


@transaction.atomic
def place(
    *,
    principal: Principal,
    actor: User,
    pipeline: str = "",
    subject: str = "",
    reason: str,
    now: datetime,
) -> LegalHold:
    """Keep what concerns a pipeline, a person, or a person in a pipeline, as it is."""
    if not pipeline and not subject:
        detail = "Say what is held: a pipeline, a subject, or both."
        raise InvalidInput.at("/pipeline", detail, code="required")
    row = Pipeline.objects.filter(slug=pipeline).first() if pipeline else None
    if pipeline and (row is None or not principal.sees(row.pk)):
        raise NotFound(f"There is no pipeline {pipeline!r} within reach.")
    _check(principal, reason)
    hold = LegalHold(
        id=uuid7(),
        pipeline=row,
        subject=subjects.locked(subject, now=now) if subject else None,
        reason=reason,
        placed_by=actor,
        placed_at=now,
    )
    hold.save()
    ledger.first(
        stream=stream_of(hold),
        action="hold.placed",
        actor=actor,
        now=now,
        reason=reason,
        detail={
            "hold": str(hold.pk),
            "pipeline": row.pk if row else None,
            "subject": str(hold.subject_id) if hold.subject_id else None,
        },
    )
    return hold


@transaction.atomic
def lift(
    *, principal: Principal, actor: User, hold_id: uuid.UUID, reason: str, now: datetime
) -> HoldLift:
    """End a hold; Conflict when it was lifted before."""
    hold = holds.visible(principal).select_for_update(of=("self",)).filter(pk=hold_id).first()
    if hold is None:
        raise NotFound("There is no such hold.")
    _check(principal, reason)
    if hold.lifts.exists():
        raise Conflict("This hold was lifted already.")
    ended = HoldLift(id=uuid7(), hold=hold, reason=reason, lifted_by=actor, lifted_at=now)
    ended.save()
    ledger.append(
        stream=stream_of(hold),
        action="hold.lifted",
        actor=actor,
        now=now,
        reason=reason,
        detail={"hold": str(hold.pk)},
    )
    return ended


def stream_of(hold: LegalHold) -> str:
    """Return the ledger stream of a hold."""
    return f"hold:{hold.pk}"


def _check(principal: Principal, reason: str) -> None:
    if not principal.may(Permission.APPROVE):
        raise NotPermitted("Placing and lifting holds needs the permission to approve.")
    if not reason.strip():
        raise InvalidInput.at("/reason", "Say why.", code="required")
