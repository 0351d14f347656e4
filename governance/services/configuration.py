"""Setting up as code: documents are checked as a whole and written as a whole."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group
from django.contrib.auth.models import Permission as GroupPermission
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from governance.domain import documents
from governance.domain.documents.diffs import Change, diff
from governance.domain.documents.people import shown
from governance.domain.faults import Fault
from governance.enums import PolicyKind, PolicyMode
from governance.exceptions import Conflict, InvalidInput, PreconditionFailed
from governance.models import (
    Calendar,
    Membership,
    Pipeline,
    PolicyVersion,
    Role,
    Skill,
    SLAPolicy,
    User,
)
from governance.selectors import persons
from governance.selectors.policies import known
from governance.services import ledger, policies, rows

OPTIONS = ("start", "max_backdate", "max_pause_days", "reopen", "reopen_target")
CREATED, CHANGED, UNCHANGED = "created", "changed", "unchanged"


@dataclass(frozen=True)
class Applied:
    """What became of one document."""

    kind: str
    slug: str
    outcome: str
    diff: list[Change]


@dataclass(frozen=True)
class Act:
    """Who applies, why, when, in which mode; and where the values of secrets come from."""

    actor: User | None
    reason: str
    now: datetime
    mode: PolicyMode
    secrets: Mapping[str, str]
    example: bool = False


class _DryRun(Exception):
    """Unwinds the transaction of a dry run."""


def apply(
    *,
    sources: Sequence[object],
    actor: User | None,
    reason: str,
    now: datetime,
    mode: PolicyMode = PolicyMode.LIVE,
    dry_run: bool = False,
    secrets: Mapping[str, str] | None = None,
    example: bool = False,
) -> list[Applied]:
    """Apply documents, all or none; returns what became of each, in the order they came.

    `secrets` are the values that password_from_env may name. A dry run does everything and then
    takes it back, so that it says just what a run would say. With `example`, pipelines that are new
    are marked as such; those that exist stay what they are.
    """
    act = Act(actor, reason or "Applied as code", now, mode, secrets or {}, example)
    done: list[Applied] = []
    try:
        with transaction.atomic():
            done = _apply_all(sources, act)
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    return done


def _apply_all(sources: Sequence[object], act: Act) -> list[Applied]:
    parsed = documents.validate(sources, known())
    order = sorted(range(len(parsed)), key=lambda i: documents.ORDER.index(parsed[i].kind))
    done: dict[int, Applied] = {}
    for i in order:
        document = parsed[i]
        before = _current(document.kind, document.slug)
        changes = diff(before or {}, _recorded(document))
        if changes or before is None:
            WRITERS[document.kind](document, act, f"/{i}")
        outcome = CREATED if before is None else CHANGED if changes else UNCHANGED
        done[i] = Applied(document.kind, document.slug, outcome, changes)
    return [done[i] for i in range(len(parsed))]


def _recorded(document: documents.Parsed) -> dict[str, Any]:
    """Return a document as it is compared: the name of a secret is not on record."""
    return {k: v for k, v in document.document.items() if k != "password_from_env"}


def _current(kind: str, slug: str) -> dict[str, Any] | None:
    """Return what is on record under a name, as a document; None when there is nothing."""
    return READERS[kind](slug)


def _read_calendar(slug: str) -> dict[str, Any] | None:
    row = Calendar.objects.filter(slug=slug).first()
    names = ("timezone", "windows", "holidays", "exceptions")
    return {name: getattr(row, name) for name in names} if row else None


def _read_sla(slug: str) -> dict[str, Any] | None:
    row = SLAPolicy.objects.select_related("calendar").filter(slug=slug).first()
    if row is None:
        return None
    names = ("targets", "at_risk", "ladder", *OPTIONS)
    return {"calendar": row.calendar.slug} | {name: getattr(row, name) for name in names}


def _read_role(slug: str) -> dict[str, Any] | None:
    row = Role.objects.filter(slug=slug).first()
    return {"permissions": row.permissions, "expectations": row.expectations} if row else None


def _read_person(username: str) -> dict[str, Any] | None:
    user = User.objects.filter(username=username).first()
    if user is None:
        return None
    return {
        "email": user.email,
        "roles": sorted(Role.objects.filter(group__user=user).values_list("slug", flat=True)),
        "skills": [
            {"name": s.name, "level": s.level, "expires": s.expires and s.expires.isoformat()}
            | shown(s.evidence)
            for s in user.skills.order_by("name")
        ],
        "pipelines": sorted(user.memberships.values_list("pipeline__slug", flat=True)),
        "capacity": {"open": user.open_capacity, "per_day": user.daily_capacity},
        "timezone": user.timezone,
    }


def _read_pipeline(slug: str) -> dict[str, Any] | None:
    row = Pipeline.objects.select_related("live").filter(slug=slug).first()
    if row is None:
        return None
    document: dict[str, Any] = row.live.document if row.live else rows.document_of(row)
    return document


def _write_calendar(parsed: documents.Parsed, act: Act, pointer: str) -> None:
    row = Calendar.objects.filter(slug=parsed.slug).first() or Calendar(slug=parsed.slug)
    _write_versioned(row, PolicyKind.CALENDAR, parsed, parsed.document, act)


def _write_sla(parsed: documents.Parsed, act: Act, pointer: str) -> None:
    row = SLAPolicy.objects.filter(slug=parsed.slug).first() or SLAPolicy(slug=parsed.slug)
    fields = parsed.document | {"calendar": Calendar.objects.get(slug=parsed.document["calendar"])}
    _write_versioned(row, PolicyKind.SLA_POLICY, parsed, fields, act)


def _write_versioned(
    row: Calendar | SLAPolicy,
    kind: PolicyKind,
    parsed: documents.Parsed,
    fields: Mapping[str, Any],
    act: Act,
) -> None:
    for name, value in fields.items():
        setattr(row, name, value)
    row.current = policies.put_in_force(
        kind=kind,
        slug=parsed.slug,
        document=parsed.document,
        before=row.current,
        actor=act.actor,
        reason=act.reason,
        now=act.now,
    )
    row.because(act.actor, act.reason).save()


def _write_role(parsed: documents.Parsed, act: Act, pointer: str) -> None:
    row = Role.objects.select_related("group").filter(slug=parsed.slug).first()
    if row is None:
        row = Role(slug=parsed.slug, group=Group.objects.create(name=f"role:{parsed.slug}"))
    row.permissions = parsed.document["permissions"]
    row.expectations = parsed.document["expectations"]
    row.because(act.actor, act.reason).save()
    held = GroupPermission.objects.filter(
        content_type=ContentType.objects.get_for_model(User), codename__in=row.permissions
    )
    if held.count() != len(set(row.permissions)):
        raise Conflict("The database is still being migrated: apply again when it is done.")
    row.group.permissions.set(held)
    _record(f"role:{parsed.slug}", "role.changed", act, {"permissions": row.permissions})


def _write_person(parsed: documents.Parsed, act: Act, pointer: str) -> None:
    document = parsed.document
    user = User.objects.filter(username=parsed.slug).first() or User(username=parsed.slug)
    before = persons.person_of(user)
    user.email, user.timezone = document["email"], document["timezone"]
    user.open_capacity = document["capacity"]["open"]
    user.daily_capacity = document["capacity"]["per_day"]
    _set_password(user, document["password_from_env"], act, pointer)
    if act.actor and persons.linked(act.actor) & {before, persons.person_of(user)}:
        _refuse_more_skill(user, document["skills"], pointer)
    user.because(act.actor, act.reason).save()
    user.groups.set(Group.objects.filter(role__slug__in=document["roles"]))
    _sync_skills(user, document["skills"], act)
    _sync_memberships(user, document["pipelines"], act)
    detail = {name: document[name] for name in ("roles", "pipelines", "capacity")}
    # What shows a skill is text about a person: it stays with the skill and its history.
    detail["skills"] = [
        {name: skill[name] for name in ("name", "level", "expires")} for skill in document["skills"]
    ]
    _record(f"user:{user.pk}", "person.changed", act, detail)


def _set_password(user: User, variable: str, act: Act, pointer: str) -> None:
    if variable and variable in act.secrets:
        user.set_password(act.secrets[variable])
    elif user.pk is None:
        if variable:
            fault = Fault(f"{pointer}/password_from_env", "unset", f"{variable} is not set.")
            raise InvalidInput(fault.detail, faults=(fault,))
        user.set_unusable_password()


def _refuse_more_skill(user: User, wanted: Sequence[Mapping[str, Any]], pointer: str) -> None:
    """Refuse that somebody gives themselves a skill, a higher level, more time or evidence."""
    held = {row.name: row for row in user.skills.all()} if user.pk else {}
    for skill in wanted:
        row = held.get(skill["name"])
        until = row.expires.isoformat() if row and row.expires else None
        same = (
            row is not None
            and row.level >= skill["level"]
            and row.evidence == skill.get("evidence", "")
        )
        longer = until is not None and (skill["expires"] is None or skill["expires"] > until)
        if not same or longer:
            detail = f"Somebody else says that you are qualified for {skill['name']!r}."
            raise InvalidInput.at(f"{pointer}/skills", detail, code="own")


def _sync_skills(user: User, wanted: Sequence[Mapping[str, Any]], act: Act) -> None:
    rows_by_name = {row.name: row for row in user.skills.all()}
    for name in rows_by_name.keys() - {skill["name"] for skill in wanted}:
        rows_by_name[name].because(act.actor, act.reason).delete()
    for skill in wanted:
        row = rows_by_name.get(skill["name"]) or Skill(user=user, name=skill["name"])
        row.level, row.expires = skill["level"], skill["expires"]
        row.evidence = skill.get("evidence", "")
        row.because(act.actor, act.reason).save()


def _sync_memberships(user: User, slugs: Sequence[str], act: Act) -> None:
    rows_by_slug = {row.pipeline.slug: row for row in user.memberships.select_related("pipeline")}
    for slug in rows_by_slug.keys() - set(slugs):
        rows_by_slug[slug].because(act.actor, act.reason).delete()
    for pipeline in Pipeline.objects.filter(slug__in=set(slugs) - rows_by_slug.keys()):
        Membership(user=user, pipeline=pipeline).because(act.actor, act.reason).save()


def _write_pipeline(parsed: documents.Parsed, act: Act, pointer: str) -> None:
    row = (
        Pipeline.objects.select_for_update(of=("self",)).filter(slug=parsed.slug).first()
        or Pipeline(slug=parsed.slug, example=act.example)
    )  # fmt: skip
    _rewrite(row, parsed.document, act)


def _rewrite(row: Pipeline, document: Mapping[str, Any], act: Act) -> PolicyVersion:
    """Write a document over the rows of a locked pipeline, and publish them."""
    before = rows.document_of(row) if row.pk else None
    rows.write(row, document, actor=act.actor, reason=act.reason)
    return policies.publish(
        pipeline_id=row.pk,
        mode=act.mode,
        actor=act.actor,
        reason=act.reason,
        now=act.now,
        rewritten=before != rows.document_of(row),
    )


def _record(stream: str, action: str, act: Act, detail: Mapping[str, Any]) -> None:
    ledger.append(
        stream=stream,
        action=action,
        actor=act.actor,
        now=act.now,
        reason=act.reason,
        detail=detail,
    )


READERS: Mapping[str, Callable[[str], dict[str, Any] | None]] = {
    "Calendar": _read_calendar,
    "SLAPolicy": _read_sla,
    "Role": _read_role,
    "Person": _read_person,
    "Pipeline": _read_pipeline,
}
WRITERS: Mapping[str, Callable[[documents.Parsed, Act, str], None]] = {
    "Calendar": _write_calendar,
    "SLAPolicy": _write_sla,
    "Role": _write_role,
    "Person": _write_person,
    "Pipeline": _write_pipeline,
}


@transaction.atomic
def put(
    *,
    pipeline_id: int,
    source: Mapping[str, Any],
    mode: PolicyMode,
    actor: User | None,
    reason: str,
    now: datetime,
    read: PolicyVersion | None = None,
) -> PolicyVersion:
    """Write a Pipeline document over the rows of a pipeline and publish it in a mode.

    `read` is the live version that the writer had seen; PreconditionFailed when it no longer is.
    """
    row = Pipeline.objects.select_for_update(of=("self",)).get(pk=pipeline_id)
    if row.live_id != (read.pk if read else None):
        raise PreconditionFailed("Another version went live since you read it; read it again.")
    (parsed,) = documents.validate([source], known())
    if (parsed.kind, parsed.slug) != ("Pipeline", row.slug):
        raise InvalidInput.at("/slug", f"This is the configuration of the pipeline {row.slug}.")
    return _rewrite(row, parsed.document, Act(actor, reason, now, mode, {}))
