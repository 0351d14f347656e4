"""Accounts: what no document says of a person, each act with its reason on record."""

from datetime import datetime

from django.db import transaction

from governance.enums import UserKind
from governance.exceptions import Conflict, InvalidInput, NotFound
from governance.models import User
from governance.services import ledger


@transaction.atomic
def set_password(
    *, user_id: int, password: str, actor: User | None, reason: str, now: datetime
) -> User:
    """Give a person a new password, checked by the caller; their sessions end with the old one."""
    user = _locked(user_id)
    if user.kind != UserKind.HUMAN:
        raise Conflict("A service signs in with tokens; it has no password.")
    user.set_password(password)
    user.because(actor, reason).save()
    ledger.append(
        stream=f"user:{user.pk}",
        action="person.password_set",
        actor=actor,
        now=now,
        reason=reason,
        detail={},
    )
    return user


@transaction.atomic
def set_account(
    *,
    user_id: int,
    kind: UserKind,
    is_active: bool,
    is_superuser: bool,
    actor: User | None,
    reason: str,
    now: datetime,
) -> User:
    """Say what an account is: person or service, active or not, administrator or not.

    Nobody takes their own account from themselves, so that somebody is left who can undo it.
    """
    user = _locked(user_id)
    wanted = {"kind": str(kind), "is_active": is_active, "is_superuser": is_superuser}
    changed = {name: value for name, value in wanted.items() if getattr(user, name) != value}
    if not changed:
        return user
    if actor is not None and actor.pk == user.pk:
        raise Conflict("You cannot change what your own account is; ask another administrator.")
    if is_superuser and kind == UserKind.SERVICE:
        raise InvalidInput.at("/is_superuser", "A service cannot be an administrator.")
    for name, value in changed.items():
        setattr(user, name, value)
    user.is_staff = is_superuser
    user.because(actor, reason).save()
    ledger.append(
        stream=f"user:{user.pk}",
        action="person.account_changed",
        actor=actor,
        now=now,
        reason=reason,
        detail=changed,
    )
    return user


def take(*, user: User, role: str, actor: User | None, reason: str, now: datetime) -> bool:
    """Take a role, or (no role) administration, from a person who is locked; False if it is gone.

    The caller puts it on record. The last administrator who is active keeps it: Conflict.
    """
    if role:
        held = user.groups.filter(role__slug=role).first()
        if held is not None:
            user.groups.remove(held)
        return held is not None
    if not user.is_superuser:
        return False
    others = User.objects.select_for_update(of=("self",)).filter(is_superuser=True, is_active=True)
    if not [each for each in others.order_by("pk") if each.pk != user.pk]:
        raise Conflict("This is the last administrator: make another one first.")
    user.is_superuser = user.is_staff = False
    user.because(actor, reason).save()
    return True


def _locked(user_id: int) -> User:
    user: User | None = User.objects.select_for_update(of=("self",)).filter(pk=user_id).first()
    if user is None:
        raise NotFound("There is no such person.")
    return user
