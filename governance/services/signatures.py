"""Signing: who may, with which proof, and what enough signatures do."""

import uuid
from datetime import datetime, timedelta

from django.db import transaction

from governance.domain.principal import Principal
from governance.enums import ActivationAct, AdjustmentState, Meaning, SignedThing, UserKind
from governance.exceptions import (
    Conflict,
    InvalidInput,
    NotPermitted,
    ReauthenticationRequired,
)
from governance.models import Adjustment, Signature, User
from governance.selectors import adjustments, bindings, persons
from governance.services import adjustment_state as states
from governance.services import dispatch

FRESH = timedelta(minutes=5)


@transaction.atomic
def sign(
    *,
    principal: Principal,
    actor: User,
    adjustment_id: uuid.UUID,
    meaning: str,
    proven_at: datetime | None,
    now: datetime,
) -> Adjustment:
    """Sign a change as it stands, or the roll-back of one; each person once.

    `proven_at` is when the signer last gave the password: five minutes ago at most. The last
    signature that is needed approves the change.
    """
    row = states.locked(principal, adjustment_id)
    if row.state == AdjustmentState.ROLLED_BACK:
        return _countersign(row, principal, actor, meaning, proven_at, now)
    states.require_approver(principal, "Signing")
    states.require_other(row, actor, "Signing")
    states.require("sign", row)
    states.require_whole(row)
    _require_unsigned(row, actor, row.digest)
    if meaning == Meaning.APPROVAL:
        _require_may_approve(row, actor)
    proven = require_proof(proven_at, now)
    made = _write(row, actor, SignedThing.CHANGE, row.digest, meaning, proven, now)
    if not adjustments.lacking(row) and not adjustments.open_challenges(row).exists():
        states.move(row, AdjustmentState.APPROVED, now)
    states.record(
        row, "signed", actor, now,
        signature=str(made.pk), meaning=str(meaning), signed=row.digest,
    )  # fmt: skip
    return row


def _countersign(
    row: Adjustment,
    principal: Principal,
    actor: User,
    meaning: str,
    proven_at: datetime | None,
    now: datetime,
) -> Adjustment:
    states.require_approver(principal, "Signing")
    rolled = adjustments.roll_back_of(row)
    assert rolled is not None
    if persons.person_of(rolled.actor) in persons.linked(actor):
        raise NotPermitted("The second signature of a roll-back is another person's.")
    if adjustments.countersigned_at(row) is not None:
        raise Conflict("The roll-back has its second signature already.")
    if meaning not in (Meaning.REVIEW, Meaning.APPROVAL):
        raise InvalidInput.at("/meaning", "A roll-back is signed as review or approval.")
    proven = require_proof(proven_at, now)
    stamp = bindings.roll_back_stamp(row, rolled)
    made = _write(row, actor, SignedThing.ROLL_BACK, stamp, meaning, proven, now)
    states.record(
        row, "roll_back_signed", actor, now,
        signature=str(made.pk), meaning=str(meaning), signed=stamp,
        activation=str(rolled.pk),
    )  # fmt: skip
    dispatch.enqueue(
        "reviews.end_sign_off", now=now, dedupe=f"signed:{made.pk}", signature_id=str(made.pk)
    )
    return row


def _require_unsigned(row: Adjustment, actor: User, stamp: str) -> None:
    signed = row.signatures.filter(digest=stamp, person__in=persons.linked(actor)).exists()
    if signed:
        raise NotPermitted("This person has signed it already; each signature is another's.")


def _require_may_approve(row: Adjustment, actor: User) -> None:
    if row.approving_roles and not adjustments.has_role(actor, row.approving_roles):
        roles = " or ".join(row.approving_roles)
        raise NotPermitted(f"A change of {row.risk} risk is approved by the role {roles}.")
    if adjustments.open_challenges(row).exists():
        raise Conflict("A challenge is open: nobody approves before it is answered.")


def require_proof(proven_at: datetime | None, now: datetime) -> datetime:
    """Return when a signer gave their password; refuse one that was not given just now."""
    if proven_at is None or not now - FRESH <= proven_at <= now:
        raise ReauthenticationRequired("Give your own password to sign; it was missing or wrong.")
    return proven_at


def _write(
    row: Adjustment,
    actor: User,
    thing: SignedThing,
    stamp: str,
    meaning: str,
    proven: datetime,
    now: datetime,
) -> Signature:
    if actor.kind != UserKind.HUMAN:
        raise NotPermitted("People sign; a service does not.")
    # Of a roll-back it is not the author who must not sign, but who rolled back.
    author = row.author if thing == SignedThing.CHANGE else _who_rolled_back(row)
    made = Signature(
        adjustment=row, thing=thing, digest=stamp, signer=actor, author=author,
        person=persons.person_of(actor), printed_name=persons.printed_name(actor),
        meaning=meaning, reauthenticated_at=proven, at=now,
    )  # fmt: skip
    made.save()
    return made


def _who_rolled_back(row: Adjustment) -> User:
    return row.activations.get(act=ActivationAct.ROLL_BACK).actor
