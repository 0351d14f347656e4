"""Taking away configuration that nothing refers to any more; its history and versions stay."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from governance.enums import PolicyKind
from governance.exceptions import Conflict
from governance.models import Calendar, Pipeline, PolicyVersion, Role, SLAPolicy, Tier, User
from governance.services import ledger

Removable = Calendar | SLAPolicy | Role


def users_of(row: Removable) -> list[str]:
    """Return what still refers to `row`, in words; only what nothing refers to can go."""
    if isinstance(row, Calendar):
        return [f"SLA policy {each.slug}" for each in row.sla_policies.order_by("slug")]
    if isinstance(row, SLAPolicy):
        return [*_tiers(Q(sla=row.slug)), *_in_force("sla", row.slug)]
    return [*_of_role(row)]


def _of_role(row: Role) -> Iterator[str]:
    for username in User.objects.filter(groups=row.group_id).values_list("username", flat=True):
        yield f"person {username}"
    yield from _tiers(Q(adjudicate_by=row.slug))
    yield from _in_force("adjudicate_by", row.slug)
    for policy in SLAPolicy.objects.order_by("slug"):
        levels = policy.ladder.get("levels", [])
        if any(f"role:{row.slug}" in level.get("notify", []) for level in levels):
            yield f"SLA policy {policy.slug}"


def _tiers(condition: Q) -> Iterator[str]:
    for tier in Tier.objects.filter(condition).select_related("pipeline"):
        yield f"tier {tier.slug} of {tier.pipeline.slug}"


def _in_force(field: str, slug: str) -> Iterator[str]:
    held = Pipeline.objects.exclude(live=None).values("live")
    shadows = Pipeline.objects.exclude(shadow=None).values("shadow")
    for version in PolicyVersion.objects.filter(Q(pk__in=held) | Q(pk__in=shadows)):
        tiers: dict[str, Any] = version.document["tiers"]
        if any(tier.get(field) == slug for tier in tiers.values()):
            yield f"version {version.number} of {version.slug}, which is in force"


@transaction.atomic
def remove(*, row: Removable, actor: User | None, reason: str, now: datetime) -> None:
    """Delete a calendar, SLA policy or role with a reason; Conflict names what refers to it."""
    type(row)._default_manager.select_for_update(of=("self",)).get(pk=row.pk)
    if users := users_of(row):
        raise Conflict(f"{row} is still used by {', '.join(users)}.")
    stream, action = _named(row)
    ledger.append(stream=stream, action=action, actor=actor, now=now, reason=reason, detail={})
    row.because(actor, reason).delete()
    if isinstance(row, Role):
        row.group.delete()


def _named(row: Removable) -> tuple[str, str]:
    if isinstance(row, Calendar):
        return f"{PolicyKind.CALENDAR}:{row.slug}", "calendar.removed"
    if isinstance(row, SLAPolicy):
        return f"{PolicyKind.SLA_POLICY}:{row.slug}", "sla_policy.removed"
    return f"role:{row.slug}", "role.removed"
