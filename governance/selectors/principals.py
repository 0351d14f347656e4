"""Who a token or a signed-in person is, and what they reach."""

import functools
import hashlib
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import connection

from governance.domain.principal import Principal
from governance.enums import Permission, UserKind
from governance.models import Membership, Role, User


def permissions_of(user: User) -> frozenset[str]:
    """Return the permissions of a person's roles; an administrator has all of them."""
    return _permissions(
        user, Role.objects.filter(group__user=user).values_list("permissions", flat=True)
    )


def _permissions(user: User, of_roles: Iterable[Any]) -> frozenset[str]:
    if user.is_superuser:
        return frozenset(Permission.values)
    # SQLite puts the text of each list into the list of lists.
    lists = (json.loads(held) if isinstance(held, str) else held for held in of_roles)
    return frozenset(permission for held in lists for permission in held)


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


@dataclass(frozen=True)
class Bearer:
    """Who sent a token, what they may do with it, and when it was last seen before."""

    user: User
    principal: Principal
    token_id: uuid.UUID
    last_used_at: datetime | None


def bearer(token: str, *, now: datetime) -> Bearer | None:
    """Return who a token stands for: it is neither revoked nor expired, and its user is active.

    It reaches what its user is a member of, cut to the token's pipelines. All of it is one query,
    since every call of the API makes it.
    """
    rows = User.objects.raw(
        _bearer_query(connection.vendor),
        [token_digest(token), connection.ops.adapt_datetimefield_value(now)],
    )
    for user in rows:
        return _bearer(user)
    return None


def _bearer(user: Any) -> Bearer:
    member = frozenset(json.loads(user.token_member))
    reach = None if user.is_superuser else member
    if not user.token_all_pipelines:
        named = frozenset(json.loads(user.token_named))
        reach = named if reach is None else reach & named
    held = _permissions(user, json.loads(user.token_held))
    scopes = user.token_scopes
    last_used_at = user.token_last_used_at
    if last_used_at is not None and last_used_at.tzinfo is None:
        # SQLite keeps no zone; what Django writes there is UTC.
        last_used_at = last_used_at.replace(tzinfo=UTC)
    return Bearer(
        user,
        Principal(
            user_id=user.pk,
            username=user.username,
            permissions=held,
            scopes=frozenset(json.loads(scopes) if isinstance(scopes, str) else scopes),
            pipelines=reach,
        ),
        uuid.UUID(str(user.token_id)),
        last_used_at,
    )


@functools.cache
def _bearer_query(vendor: str) -> str:
    if vendor == "postgresql":
        many, end = "(SELECT COALESCE(json_agg({0}), '[]')::text", ")"
    else:
        many, end = "(SELECT json_group_array({0})", ")"
    columns = ", ".join(f'u."{field.column}"' for field in User._meta.concrete_fields)
    return f"""
        SELECT {columns}, t.id AS token_id, t.scopes AS token_scopes,
            t.all_pipelines AS token_all_pipelines, t.last_used_at AS token_last_used_at,
            {many.format("m.pipeline_id")} FROM governance_membership m
                WHERE m.user_id = u.id{end} AS token_member,
            {many.format("n.pipeline_id")} FROM governance_apitoken_pipelines n
                WHERE n.apitoken_id = t.id{end} AS token_named,
            {many.format("r.permissions")} FROM governance_role r
                JOIN governance_user_groups g ON g.group_id = r.group_id
                WHERE g.user_id = u.id{end} AS token_held
        FROM governance_apitoken t JOIN governance_user u ON u.id = t.user_id
        WHERE t.digest = %s AND t.revoked_at IS NULL AND t.expires_at > %s AND u.is_active
    """  # noqa: S608 - names and words of our own
