"""Examples: which one is there, and what of its law nobody else lives by."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from governance.enums import PolicyKind
from governance.models import (
    AuditEvent,
    Calendar,
    Membership,
    Pipeline,
    PolicyVersion,
    Queue,
    Role,
    SLAPolicy,
    Tier,
    User,
)

LOADED, REMOVED = "example.loaded", "example.removed"


class State(StrEnum):
    """How far an example has come."""

    ABSENT = "absent"
    PARTIAL = "partly loaded"
    LOADED = "loaded"
    TAKEN = "no example, but a pipeline of that name"


@dataclass(frozen=True)
class Example:
    """What belongs to an example, by name; `people` maps usernames to e-mail addresses."""

    pipeline: str
    people: Mapping[str, str] = field(default_factory=dict)
    calendars: frozenset[str] = frozenset()
    sla_policies: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()


def described(sources: Iterable[Mapping[str, Any]]) -> Example:
    """Return the example that documents set up; they hold one pipeline."""
    named: dict[str, list[str]] = {}
    for source in sources:
        named.setdefault(source["kind"], []).append(source.get("slug", ""))
    (pipeline,) = named["Pipeline"]
    return Example(
        pipeline=pipeline,
        people={s["username"]: s["email"] for s in sources if s["kind"] == "Person"},
        calendars=frozenset(named.get("Calendar", ())),
        sla_policies=frozenset(named.get("SLAPolicy", ())),
        roles=frozenset(named.get("Role", ())),
    )


def stream_of(slug: str) -> str:
    """Return the ledger stream of a pipeline."""
    return f"{PolicyKind.PIPELINE}:{slug}"


def state(slug: str) -> State:
    """Return how far the example of a pipeline has come."""
    pipeline = Pipeline.objects.filter(slug=slug).first()
    if pipeline is None:
        return State.ABSENT
    if not pipeline.example:
        return State.TAKEN
    events = AuditEvent.objects.filter(stream=stream_of(slug), action__in=(LOADED, REMOVED))
    last = events.order_by("-sequence").values_list("action", flat=True).first()
    return State.LOADED if last == LOADED else State.PARTIAL


def people_of(example: Example, pipeline: Pipeline) -> list[User]:
    """Return the people of an example who work nowhere else; administrators are never its own."""
    elsewhere = Membership.objects.exclude(pipeline=pipeline).values("user")
    return list(
        User.objects.filter(
            username__in=example.people, email__in=example.people.values(), is_superuser=False
        ).exclude(pk__in=elsewhere)
    )


@dataclass(frozen=True)
class Law:
    """Rows of an example's configuration that stand beside its pipeline."""

    sla_policies: list[SLAPolicy]
    calendars: list[Calendar]
    roles: list[Role]


def unused_law(example: Example, pipeline: Pipeline, people: Iterable[User]) -> Law:
    """Return the SLA policies, calendars and roles that nothing but the example has ever named."""
    sla_names, role_names = _named_by_pipelines(pipeline)
    sla_policies = list(
        SLAPolicy.objects.filter(slug__in=example.sla_policies).exclude(slug__in=sla_names)
    )
    gone = {policy.slug for policy in sla_policies}
    calendar_names, ladder_names = _named_by_sla_policies(gone)
    calendar_names |= _named_by_queues(pipeline)
    holders = User.objects.exclude(pk__in=[user.pk for user in people]).exclude(groups=None)
    roles = Role.objects.filter(slug__in=example.roles)
    return Law(
        sla_policies=sla_policies,
        calendars=list(
            Calendar.objects.filter(slug__in=example.calendars).exclude(slug__in=calendar_names)
        ),
        roles=list(
            roles.exclude(slug__in=role_names | ladder_names).exclude(
                group__in=holders.values("groups")
            )
        ),
    )


def _named_by_pipelines(pipeline: Pipeline) -> tuple[set[str], set[str]]:
    rows = Tier.objects.exclude(pipeline=pipeline).values_list("sla", "adjudicate_by")
    named = list(rows)
    versions = PolicyVersion.objects.filter(kind=PolicyKind.PIPELINE).exclude(slug=pipeline.slug)
    for document in versions.values_list("document", flat=True):
        named += [(t["sla"], t["adjudicate_by"]) for t in document["tiers"].values()]
        named += [(entry["policy"], "") for entry in document.get("slas", ())]
    return {sla for sla, _ in named}, {role for _, role in named}


def _named_by_queues(pipeline: Pipeline) -> set[str]:
    """Return the calendars that queues of other pipelines name, now or in any version."""
    rows = Queue.objects.exclude(pipeline=pipeline).values_list("calendar", flat=True)
    versions = PolicyVersion.objects.filter(kind=PolicyKind.PIPELINE).exclude(slug=pipeline.slug)
    queues = (
        document["queues"].values() for document in versions.values_list("document", flat=True)
    )
    return set(rows) | {queue.get("calendar", "") for found in queues for queue in found}


def _named_by_sla_policies(gone: set[str]) -> tuple[set[str], set[str]]:
    others = SLAPolicy.objects.exclude(slug__in=gone)
    named = list(others.values_list("calendar__slug", "ladder"))
    versions = PolicyVersion.objects.filter(kind=PolicyKind.SLA_POLICY).exclude(slug__in=gone)
    documents = versions.values_list("document", flat=True)
    named += [(document["calendar"], document["ladder"]) for document in documents]
    targets = {
        target
        for _, ladder in named
        for level in ladder.get("levels", ())
        for target in level["notify"]
    }
    return {calendar for calendar, _ in named}, {t.removeprefix("role:") for t in targets}
