"""Who can be told: people by name or by role, who work on a pipeline."""

from collections.abc import Sequence

from django.db.models import Q, QuerySet

from governance.enums import Permission, UserKind
from governance.models import Role, User


def reachable(pipeline_id: int, notify: Sequence[str]) -> list[int]:
    """Return the ids of the active people that `role:SLUG` and `user:NAME` name, each once."""
    roles = [name.removeprefix("role:") for name in notify if name.startswith("role:")]
    names = [name.removeprefix("user:") for name in notify if name.startswith("user:")]
    wanted = Q(username__in=names) | Q(groups__role__slug__in=roles)
    return list(_working_on(pipeline_id).filter(wanted).values_list("pk", flat=True))


def owners(pipeline_id: int) -> list[int]:
    """Return who is told when nobody else can be: its adjudicators, else the administrators."""
    roles = [
        role.group_id for role in Role.objects.all() if Permission.ADJUDICATE in role.permissions
    ]
    found = _working_on(pipeline_id).filter(groups__in=roles).values_list("pk", flat=True)
    administrators = User.objects.filter(is_superuser=True, is_active=True).order_by("pk")
    return list(found) or list(administrators.values_list("pk", flat=True))


def _working_on(pipeline_id: int) -> "QuerySet[User]":
    people: QuerySet[User] = User.objects.filter(is_active=True, kind=UserKind.HUMAN)
    here = Q(is_superuser=True) | Q(memberships__pipeline=pipeline_id)
    return people.filter(here).distinct().order_by("pk")
