"""Who a token or a signed-in person is, and what they reach."""

import hashlib
from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.models import Permission as GroupPermission

from governance.domain.principal import Principal
from governance.enums import Permission, UserKind
from governance.models import ApiToken, Membership, User


def permissions_of(user: User) -> frozenset[str]:
    """Return the permissions of a person's roles; an administrator has all of them."""
    if user.is_superuser:
        return frozenset(Permission.values)
    held = GroupPermission.objects.filter(
        group__user=user, content_type__app_label="governance", codename__in=Permission.values
    )
    return frozenset(held.values_list("codename", flat=True))


def pipelines_of(user: User) -> frozenset[int] | None:
    """Return the ids of the pipelines a user is a member of; None for an administrator: all."""
    if user.is_superuser:
        return None
    return frozenset(Membership.objects.filter(user=user).values_list("pipeline_id", flat=True))


def of_person(user: User) -> Principal:
    """Return the principal of a person who is signed in to the pages."""
    return Principal(user.pk, user.username, permissions_of(user), None, pipelines_of(user))


def reads_records(user: User | AnonymousUser) -> bool:
    """Return whether a person may open the admin: an administrator, or one whose role audits."""
    return (
        isinstance(user, User)
        and user.is_active
        and user.kind == UserKind.HUMAN
        and Permission.AUDIT in permissions_of(user)
    )


def token_digest(token: str) -> str:
    """Return what is stored of a token: its SHA-256. A token has 256 random bits, so no salt."""
    return hashlib.sha256(token.encode()).hexdigest()


def live_token(token: str, *, now: datetime) -> ApiToken | None:
    """Return the row of a token that is neither revoked nor expired and whose user is active."""
    return (
        ApiToken.objects.select_related("user")
        .filter(
            digest=token_digest(token),
            revoked_at=None,
            expires_at__gt=now,
            user__is_active=True,
        )
        .first()
    )


def of_token(row: ApiToken) -> Principal:
    """Return the principal of a token: what its user reaches, cut to the token's pipelines."""
    reach = pipelines_of(row.user)
    if not row.all_pipelines:
        named = frozenset(row.pipelines.values_list("pk", flat=True))
        reach = named if reach is None else reach & named
    return Principal(
        row.user_id,
        row.user.username,
        permissions_of(row.user),
        frozenset(row.scopes),
        reach,
    )
