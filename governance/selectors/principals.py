"""Who a token or a signed-in person is, and what they reach."""

import functools
import hashlib
import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import connection, models
from django.db.models import Exists, OuterRef, Q

from governance.domain.principal import Principal
from governance.enums import Permission, UserKind
from governance.models import Membership, Role, User
from governance.selectors import delegations


def permissions_of(user: User) -> frozenset[str]:
    """Return the permissions of a person's roles, and of what is lent to them but for reviewing.

    An administrator has all of them.
    """
    own = User.groups.through.objects.filter(group=OuterRef("group"), user=user)
    lent = delegations.to(user).filter(role=OuterRef("slug"))
    roles = Role.objects.annotate(own=Exists(own)).filter(Q(own=True) | Exists(lent))
    return _permissions(
        user,
        [
            held if own_one else [name for name in held if name != Permission.REVIEW]
            for held, own_one in roles.values_list("permissions", "own")
        ],
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
    with connection.cursor() as cursor:
        now_there = connection.ops.adapt_datetimefield_value(now)
        cursor.execute(_bearer_query(connection.vendor), [token_digest(token), now_there])
        found = cursor.fetchone()
    return _bearer(found) if found else None


def _bearer(found: Sequence[Any]) -> Bearer:
    *of_user, token_id, scopes, everywhere, last_used_at, member, named, held = found
    user = _user(of_user)
    reach = None if user.is_superuser else frozenset(json.loads(member))
    if not everywhere:
        few = frozenset(json.loads(named))
        reach = few if reach is None else reach & few
    principal = Principal(
        user_id=user.pk,
        username=user.username,
        permissions=_permissions(user, json.loads(held)),
        scopes=frozenset(json.loads(scopes) if isinstance(scopes, str) else scopes),
        pipelines=reach,
    )
    return Bearer(user, principal, uuid.UUID(str(token_id)), _aware(last_used_at))


def _user(values: Sequence[Any]) -> User:
    fields = User._meta.concrete_fields
    if connection.vendor == "sqlite":
        # SQLite keeps truth as a number, and time without a zone.
        values = [
            _aware(value) if isinstance(field, models.DateTimeField) else field.to_python(value)
            for field, value in zip(fields, values, strict=True)
        ]
    return User.from_db(connection.alias, [field.attname for field in fields], list(values))


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


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
