"""Taking away configuration that nothing refers to any more; its history and versions stay."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from governance.enums import PolicyKind
from governance.exceptions import Conflict
from governance.models import Calendar, Pipeline, PolicyVersion, Queue, Role, SLAPolicy, Tier, User
from governance.services import ledger

Removable = Calendar | SLAPolicy | Role


def users_of(row: Removable) -> list[str]:
    """Return what still refers to `row`, in words; only what nothing refers to can go."""
    if isinstance(row, Calendar):
        return [*_of_calendar(row)]
    if isinstance(row, SLAPolicy):
        return [*_of_policy(row)]
    return [*_of_role(row)]


def _of_calendar(row: Calendar) -> Iterator[str]:
    for policy in row.sla_policies.order_by("slug"):
        yield f"SLA policy {policy.slug}"
    for queue in Queue.objects.filter(calendar=row.slug).select_related("pipeline"):
        yield f"queue {queue.slug} of {queue.pipeline.slug}"
    yield from _in_force(lambda document: _names(document["queues"].values(), "calendar", row.slug))


def _of_policy(row: SLAPolicy) -> Iterator[str]:
    yield from _tiers(Q(sla=row.slug))
    for pipeline in Pipeline.objects.order_by("slug"):
        for entry in pipeline.settings.get("slas") or ():
            if entry.get("policy") == row.slug:
                place = "the default" if entry.get("default") else "a condition"
                yield f"{place} of pipeline {pipeline.slug}"
    yield from _in_force(
        lambda document: (
            _names(document["tiers"].values(), "sla", row.slug)
            or _names(document.get("slas", ()), "policy", row.slug)
        )
    )


def _of_role(row: Role) -> Iterator[str]:
    for username in User.objects.filter(groups=row.group_id).values_list("username", flat=True):
        yield f"person {username}"
    yield from _tiers(Q(adjudicate_by=row.slug))
    yield from _in_force(
        lambda document: _names(document["tiers"].values(), "adjudicate_by", row.slug)
    )
    for policy in SLAPolicy.objects.order_by("slug"):
        levels = policy.ladder.get("levels", [])
        if any(f"role:{row.slug}" in level.get("notify", []) for level in levels):
            yield f"SLA policy {policy.slug}"


def _tiers(condition: Q) -> Iterator[str]:
    for tier in Tier.objects.filter(condition).select_related("pipeline"):
        yield f"tier {tier.slug} of {tier.pipeline.slug}"


def _names(entries: Iterable[Mapping[str, Any]], field: str, slug: str) -> bool:
    return any(entry.get(field) == slug for entry in entries)


def _in_force(names: Callable[[Mapping[str, Any]], bool]) -> Iterator[str]:
    """Return, in words, the pipeline versions in force whose document names something."""
    held = Pipeline.objects.exclude(live=None).values("live")
    shadows = Pipeline.objects.exclude(shadow=None).values("shadow")
    for version in PolicyVersion.objects.filter(Q(pk__in=held) | Q(pk__in=shadows)):
        if names(version.document):
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
