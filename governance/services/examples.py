"""Examples: set up by documents, marked from their first row, and removed as a whole.

A removal is the one act that deletes records. It is bound to the mark that a pipeline gets when it
is made and that nothing can put on one later (governance.db.example_mark), and it leaves in the
ledger what went: how many rows of which table, and the Merkle root over their digests.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.db.models import Model, QuerySet

from governance.db import append_only
from governance.domain import merkle
from governance.domain.canonical import canonical, sha256_hex
from governance.domain.times import rfc3339
from governance.enums import PolicyKind, UserKind
from governance.exceptions import Conflict, NotFound
from governance.models import (
    ApiToken,
    Calendar,
    IdempotencyKey,
    Job,
    OutboxMessage,
    Pipeline,
    PolicyVersion,
    Role,
    SignInLink,
    Skill,
    SLAPolicy,
    User,
)
from governance.selectors import belongings, examples
from governance.selectors.belongings import Rows
from governance.selectors.examples import Example, Law
from governance.services import configuration, ledger

ROOTS: tuple[type[Model], ...] = (
    Pipeline, PolicyVersion, Calendar, SLAPolicy, Role, Skill, ApiToken, SignInLink,
)  # fmt: skip


@dataclass(frozen=True)
class Removed:
    """What a removal took: rows by table, the Merkle root over them, and who was deactivated."""

    counts: Mapping[str, int]
    root: str
    people: Sequence[str]


@transaction.atomic
def set_up(
    *,
    sources: Sequence[Mapping[str, Any]],
    senders: Collection[str],
    actor: User | None,
    reason: str,
    now: datetime,
) -> Pipeline:
    """Apply the documents of an example and mark its pipeline; safe to run again.

    `senders` are the people of the documents that are services. Conflict when a name is taken by
    somebody or something that is not of the example.
    """
    example = examples.described(sources)
    if examples.state(example.pipeline) == examples.State.TAKEN:
        raise Conflict(f"{example.pipeline} is a pipeline of your own: rename it first.")
    _wake(example, actor, reason)
    configuration.apply(sources=sources, actor=actor, reason=reason, now=now, example=True)
    for user in User.objects.filter(username__in=senders).exclude(kind=UserKind.SERVICE):
        user.kind = UserKind.SERVICE
        user.because(actor, reason).save()
    return Pipeline.objects.get(slug=example.pipeline)


def _wake(example: Example, actor: User | None, reason: str) -> None:
    """Bring back people who went with an earlier example."""
    for user in User.objects.filter(username__in=example.people):
        if user.email != example.people[user.username] or user.is_superuser:
            raise Conflict(f"{user.username} is a person of your own: rename them first.")
        if not user.is_active:
            user.is_active = True
            user.because(actor, reason).save()


@transaction.atomic
def finish(
    *, slug: str, actor: User | None, reason: str, detail: Mapping[str, Any], now: datetime
) -> None:
    """Put on record that an example is complete."""
    pipeline = _locked(slug)
    ledger.append(
        stream=examples.stream_of(slug),
        action=examples.LOADED,
        actor=actor,
        now=now,
        reason=reason,
        detail={"pipeline": pipeline.pk, **detail},
    )


@transaction.atomic
def remove(*, example: Example, actor: User | None, reason: str, now: datetime) -> Removed:
    """Delete an example with all its records, deactivate its people, and say so in the ledger.

    Calendars, SLA policies and roles of the example stay where something else has named them.
    Conflict when the pipeline is not an example, or a row of another pipeline rests on it; then,
    as after any failure, everything is as before.
    """
    pipeline = _locked(example.pipeline)
    walls = [model._meta.db_table for model in belongings.reachable(ROOTS)]
    with append_only.lifted(connection, walls):
        people = examples.people_of(example, pipeline)
        rows = _rows_of(pipeline, people, examples.unused_law(example, pipeline, people))
        counts, leaves = _delete(rows)
    for user in people:
        user.is_active = False
        user.because(actor, reason).save()
    root = merkle.root(leaves).hex()
    ledger.append(
        stream=examples.stream_of(example.pipeline),
        action=examples.REMOVED,
        actor=actor,
        now=now,
        reason=reason,
        detail={
            "pipeline": pipeline.pk,
            "removed": counts,
            "root": root,
            "size": len(leaves),
            "people": sorted(user.pk for user in people),
        },
    )
    return Removed(counts, root, sorted(user.username for user in people))


def _locked(slug: str) -> Pipeline:
    pipeline = Pipeline.objects.select_for_update(of=("self",)).filter(slug=slug).first()
    if pipeline is None:
        raise NotFound(f"There is no example {slug!r}.")
    if not pipeline.example:
        raise Conflict(f"{slug} is not an example: its records are kept.")
    return pipeline


def _rows_of(pipeline: Pipeline, people: Sequence[User], law: Law) -> Rows:
    rows = belongings.gather({Pipeline: [pipeline.pk], **_of_people(people)})
    _add(rows, SLAPolicy, [policy.pk for policy in law.sla_policies])
    _add(rows, Calendar, [calendar.pk for calendar in law.calendars])
    _add(rows, Role, [role.pk for role in law.roles])
    groups = [role.group_id for role in law.roles]
    _add(rows, Group, groups)
    _add(rows, Group.permissions.through, _keys(Group.permissions.through, group__in=groups))
    _add(rows, User.groups.through, _keys(User.groups.through, user__in=people))
    named = {
        PolicyKind.PIPELINE: [pipeline.slug],
        PolicyKind.SLA_POLICY: [policy.slug for policy in law.sla_policies],
        PolicyKind.CALENDAR: [calendar.slug for calendar in law.calendars],
    }
    for kind, slugs in named.items():
        _add(rows, PolicyVersion, _keys(PolicyVersion, kind=kind, slug__in=slugs))
    promised = [f"job:{job}" for job in rows.get(Job, ())]
    _add(rows, OutboxMessage, _keys(OutboxMessage, dedupe__in=promised))
    _refuse_other_use(rows)
    return rows


def _of_people(people: Sequence[User]) -> dict[type[Model], set[Any]]:
    models = (Skill, ApiToken, SignInLink, IdempotencyKey)
    return {model: _keys(model, user__in=people) for model in models}


def _keys(model: type[Model], **where: Any) -> set[Any]:
    return set(model._base_manager.filter(**where).values_list("pk", flat=True))


def _add(rows: Rows, model: type[Model], keys: Iterable[Any]) -> None:
    """Add rows and their history, but nothing else that points at them."""
    chosen = set(keys)
    rows.setdefault(model, set()).update(chosen)
    for history, column in belongings.histories(model):
        rows.setdefault(history, set()).update(belongings.pointing(history, column, chosen))


def _refuse_other_use(rows: Rows) -> None:
    """Refuse when a row that stays points at a version that goes; not every column has a key."""
    for child, column in belongings.links(PolicyVersion):
        if hasattr(child, "history_object"):
            continue
        others = belongings.pointing(child, column, rows[PolicyVersion]) - rows.get(child, set())
        if others:
            raise Conflict(f"{len(others)} rows of {child._meta.label} rest on the example.")


def _delete(rows: Rows) -> tuple[dict[str, int], list[bytes]]:
    """Delete rows, the last found first; returns how many of each table, and their leaf hashes."""
    counts: dict[str, int] = {}
    leaves: list[bytes] = []
    for model in sorted(rows, key=lambda model: model._meta.label):
        hashes = sorted(_leaves(model, rows[model]))
        if hashes:
            counts[model._meta.label] = len(hashes)
            leaves += hashes
    for model in reversed(rows):
        for chunk in belongings.chunks(rows[model]):
            # A plain DELETE: the models refuse to, and what points here goes in the same act.
            QuerySet(model).filter(pk__in=chunk)._raw_delete(using="default")
    return counts, leaves


def _leaves(model: type[Model], keys: Iterable[Any]) -> list[bytes]:
    table = model._meta.db_table
    return [
        merkle.leaf_hash(canonical({"table": table, "row": as_json(row)}))
        for chunk in belongings.chunks(keys)
        for row in model._base_manager.filter(pk__in=chunk).values()
    ]


def as_json(value: Any) -> Any:
    """Return a column's value as JSON has it; of bytes their SHA-256."""
    if isinstance(value, dict):
        return {str(key): as_json(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [as_json(entry) for entry in value]
    if isinstance(value, bytes | memoryview):
        return sha256_hex(bytes(value))
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, timedelta):
        return value // timedelta(microseconds=1)
    if isinstance(value, uuid.UUID | date | time | Decimal):
        return str(value)
    return value
