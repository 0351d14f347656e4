"""Links that sign a person in once, for the first start and for who lost a password."""

import secrets
from datetime import datetime, timedelta

from django.db import transaction

from governance.exceptions import NotFound
from governance.models import SignInLink, User
from governance.selectors.principals import token_digest
from governance.services import ledger

LIFETIME = timedelta(hours=24)
FIRST_ADMINISTRATOR = "admin"


@transaction.atomic
def issue(*, user: User, actor: User | None, now: datetime, reason: str = "") -> str:
    """Return the path of a link that signs `user` in once within LIFETIME."""
    token = secrets.token_urlsafe(32)
    link = SignInLink.objects.create(
        user=user, digest=token_digest(token), created_at=now, expires_at=now + LIFETIME
    )
    ledger.first(
        stream=f"sign-in-link:{link.pk}",
        action="sign_in_link.issued",
        actor=actor,
        now=now,
        reason=reason,
        detail={"user": user.pk},
    )
    return f"/sign-in/once/{token}"


@transaction.atomic
def issue_for_first_administrator(*, now: datetime) -> str | None:
    """Return a link for the first administrator, made now without a password.

    None once an administrator has signed in. A restart before that gives a new link.
    """
    administrators = User.objects.filter(is_superuser=True)
    if administrators.exclude(last_login=None).exists():
        return None
    user = administrators.order_by("pk").first()
    if user is None:
        user = User(username=FIRST_ADMINISTRATOR, is_staff=True, is_superuser=True)
        user.set_unusable_password()
        user.because(None, "First start").save()
    return issue(user=user, actor=None, now=now)


@transaction.atomic
def redeem(*, token: str, now: datetime) -> User:
    """Spend a link and return whom it signs in; NotFound when it was spent or is too old."""
    link = (
        SignInLink.objects.select_for_update(of=("self",))
        .select_related("user")
        .filter(digest=token_digest(token), used_at=None, expires_at__gt=now, user__is_active=True)
        .first()
    )
    if link is None:
        raise NotFound("This link was used already or has expired.")
    link.used_at = now
    link.save(update_fields=["used_at"])
    ledger.append(
        stream=f"sign-in-link:{link.pk}",
        action="sign_in_link.used",
        actor=link.user,
        now=now,
        detail={"user": link.user_id},
    )
    return link.user
