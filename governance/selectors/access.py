"""Who may do what: now, on any day, and as access reviews found it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from governance.domain.principal import Principal
from governance.enums import Permission
from governance.models import (
    AccessGrant,
    AccessReview,
    AuditEvent,
    Delegation,
    Membership,
    Pipeline,
    Role,
    User,
)
from governance.selectors import audit, delegations

# The events of a person's stream that say which roles they hold from then on.
TELLING = ("person.changed", "access.revoked", "access.suspended")


@dataclass(frozen=True)
class Held:
    """A role that somebody holds, or (no role) administration, and what that comes to."""

    user_id: int
    role: str
    permissions: list[str]
    pipelines: list[str]


@dataclass(frozen=True)
class Access:
    """What one account may do on a day, what of it was lent, and the event that last said so."""

    user: User
    administrator: bool
    roles: list[str]
    permissions: frozenset[str]
    pipelines: list[str]
    told_by: AuditEvent | None
    lent: list[Delegation] = field(default_factory=list)


def roles_of(user: User) -> list[str]:
    """Return the roles that somebody holds now."""
    rows = Role.objects.filter(group__user=user).order_by("slug")
    return list(rows.values_list("slug", flat=True))


def held(pipeline: Pipeline | None) -> list[Held]:
    """Return all that active accounts hold now; of the members of a pipeline, if one is named."""
    users = User.objects.filter(is_active=True).order_by("pk")
    if pipeline is not None:
        users = users.filter(memberships__pipeline=pipeline)
    members: dict[int, list[str]] = defaultdict(list)
    rows = Membership.objects.filter(user__in=users).order_by("pipeline__slug")
    for user_id, slug in rows.values_list("user_id", "pipeline__slug"):
        members[user_id].append(slug)
    found = [
        Held(user_id, role, list(permissions), members[user_id])
        for user_id, role, permissions in users.exclude(groups__role=None)
        .order_by("pk", "groups__role__slug")
        .values_list("pk", "groups__role__slug", "groups__role__permissions")
    ]
    everything = [str(value) for value in Permission.values]
    administrators = User.objects.filter(is_active=True, is_superuser=True).order_by("pk")
    if pipeline is None:
        found += [Held(each.pk, "", everything, []) for each in administrators]
    return found


def reviews(principal: Principal) -> "QuerySet[AccessReview]":
    """Return the reviews within reach; those of everywhere are for who sees all pipelines."""
    return audit.within(AccessReview.objects.all(), principal, "pipeline")


def left(review: AccessReview) -> "QuerySet[AccessGrant]":
    """Return the grants of a review that nobody has judged."""
    return review.grants.filter(verdict=None)


def overdue(now: datetime) -> "QuerySet[AccessGrant]":
    """Return what is to be suspended: grants without a verdict of reviews that are past due."""
    return AccessGrant.objects.filter(
        verdict=None, review__suspends=True, review__due_at__lte=now
    ).order_by("pk")


def on(principal: Principal, moment: datetime) -> list[Access]:
    """Return what each account within reach could do at a moment, by username.

    Roles are as the ledger tells them; accounts, memberships and what a role permits are as their
    histories do.
    """
    users = {row.pk: row for row in audit.people(principal, User.objects.order_by("username"))}
    accounts = _as_of(User, moment)
    permitted = {row.slug: row.permissions for row in _as_of(Role, moment).values()}
    slugs = dict(Pipeline.objects.values_list("pk", "slug"))
    seen = users.keys()
    members: dict[int, list[str]] = defaultdict(list)
    for row in _as_of(Membership, moment).values():
        if row.user_id in seen and principal.sees(row.pipeline_id):
            members[row.user_id].append(slugs.get(row.pipeline_id, "?"))
    told = _told(moment)
    lent: dict[int, list[Delegation]] = defaultdict(list)
    for each in delegations.at(moment):
        lent[each.holder_id].append(each)
    found = []
    for key, user in users.items():
        account = accounts.get(key)
        if account is None or not account.is_active:
            continue
        event = told.get(f"user:{key}")
        roles = sorted(event.detail["roles"]) if event else []
        may = {name for role in roles for name in permitted.get(role, ())}
        for each in lent[key]:
            may |= set(permitted.get(each.role, ())) - {Permission.REVIEW}
        found.append(
            Access(
                user, account.is_superuser, roles,
                frozenset(Permission.values) if account.is_superuser else frozenset(may),
                sorted(members[key]), event, lent[key],
            )
        )  # fmt: skip
    return found


def _told(moment: datetime) -> dict[str, AuditEvent]:
    events: Iterable[AuditEvent] = (
        AuditEvent.objects.filter(action__in=TELLING, at__lte=moment)
        .select_related("actor")
        .order_by("stream", "sequence")
        .iterator()
    )
    return {event.stream: event for event in events}


def _as_of(model: type[Any], moment: datetime) -> Mapping[int, Any]:
    """Return what each row of a tracked model was at a moment, without those that were deleted."""
    rows = model.history.filter(history_date__lte=moment).order_by("history_date", "history_id")
    last = {row.id: row for row in rows.iterator()}
    return {key: row for key, row in last.items() if row.history_type != "-"}
