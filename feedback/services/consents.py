"""Consent: given, refused and withdrawn, as records; each names what was sealed before it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import transaction
from django.db.models import Max

from feedback.selectors import containing
from feedback.selectors.containing import Held
from governance.domain import purposes
from governance.domain.principal import Principal
from governance.enums import Permission
from governance.exceptions import Conflict, InvalidInput, NotFound, NotPermitted
from governance.models import ConsentRecord, Pipeline, SubjectKey, User
from governance.models.base import uuid7
from governance.selectors import consents
from governance.services import ledger, subjects

LONGEST_NOTE = 2_000


@dataclass(frozen=True)
class Recorded:
    """A record, and the sealed versions that hold data of the person already."""

    record: ConsentRecord
    contained_in: Sequence[Held]


@dataclass(frozen=True)
class Wanted:
    """What is to be recorded: who said what, about which use. `subject` or `reviewer` is set."""

    purpose: str
    subject: str = ""
    reviewer: str = ""
    pipeline: str = ""
    given: bool = True
    text_version: str = ""
    channel: str = ""
    note: str = ""
    at: datetime | None = None


@transaction.atomic
def record(*, principal: Principal, actor: User, wanted: Wanted, now: datetime) -> Recorded:
    """Put on record that a person agrees to a use, or refuses it.

    A refusal is honoured from the next dataset version on. NotPermitted when a reviewer's consent
    comes from somebody who is neither that person nor may sign.
    """
    _check(wanted, now)
    pipeline = _pipeline(principal, wanted.pipeline, own=bool(wanted.reviewer))
    if wanted.subject:
        return _record(actor, wanted, pipeline, now, subject=_subject(wanted.subject, now))
    person = User.objects.select_for_update(of=("self",)).filter(username=wanted.reviewer).first()
    if person is None:
        raise NotFound(f"There is no person {wanted.reviewer!r}.")
    _refuse_others(principal, person)
    return _record(actor, wanted, pipeline, now, person=person)


@transaction.atomic
def withdraw(
    *, principal: Principal, actor: User, consent_id: uuid.UUID, now: datetime
) -> Recorded:
    """Take a consent back. It needs no reason, and what it names goes into no later version.

    Conflict when it is no consent, or was withdrawn before.
    """
    given = consents.visible(principal).filter(pk=consent_id).first()
    if given is None:
        raise NotFound("There is no such consent.")
    if given.subject is not None:
        SubjectKey.objects.select_for_update().get(pk=given.subject.pk)
        given.subject.refresh_from_db()
    else:
        assert given.person is not None
        User.objects.select_for_update(of=("self",)).get(pk=given.person.pk)
        _refuse_others(principal, given.person)
    if not given.given or ConsentRecord.objects.filter(withdraws=given).exists():
        raise Conflict("This was withdrawn already, or is no consent.")
    wanted = Wanted(purpose=given.purpose, given=False, channel=given.channel)
    return _record(
        actor, wanted, given.pipeline, now,
        subject=given.subject, person=given.person, withdraws=given,
    )  # fmt: skip


@transaction.atomic
def say(*, principal: Principal, actor: User, wanted: Wanted, now: datetime) -> Recorded:
    """Record what reviewers say of themselves; who agreed and no longer does, withdraws."""
    last = consents.last_of(actor.pk, wanted.purpose)
    if wanted.given or last is None or not last.given:
        return record(principal=principal, actor=actor, wanted=wanted, now=now)
    return withdraw(principal=principal, actor=actor, consent_id=last.pk, now=now)


def _record(
    actor: User,
    wanted: Wanted,
    pipeline: Pipeline | None,
    now: datetime,
    *,
    subject: SubjectKey | None = None,
    person: User | None = None,
    withdraws: ConsentRecord | None = None,
) -> Recorded:
    row = ConsentRecord(
        id=uuid7(), subject=subject, person=person, pipeline=pipeline, purpose=wanted.purpose,
        given=wanted.given, withdraws=withdraws, text_version=wanted.text_version,
        channel=wanted.channel, at=wanted.at or now, recorded_by=actor,
        recorded_at=_after(subject, person, now),
    )  # fmt: skip
    commitments = {}
    if subject is not None:
        # The salt lies where the value does: with the key, the commitment binds nobody any more.
        salt = ledger.new_salt()
        reference = subjects.reference_of(subject)
        said = orjson.dumps({"note": wanted.note, "salt": salt}).decode()
        row.sealed = subjects.sealed(subject, said, str(row.pk))
        commitments = {"subject": ledger.commit(salt, reference)}
    row.save()
    held = [] if wanted.given else contained_in(row)
    ledger.append(
        stream=f"consent:{subject.pk}" if subject else f"user:{row.person_id}",
        action=_action(row),
        actor=actor,
        now=now,
        commitments=commitments,
        detail={
            "consent": str(row.pk),
            "purpose": row.purpose,
            "pipeline": row.pipeline_id,
            "withdraws": str(withdraws.pk) if withdraws else None,
            "contained_in": [str(each.version.pk) for each in held],
        },
    )
    return Recorded(row, held)


def _after(subject: SubjectKey | None, person: User | None, now: datetime) -> datetime:
    """Return when a record is written: after all of the person, whose row the caller holds.

    A machine whose clock is behind must not write a withdrawal that comes before the consent.
    """
    said = ConsentRecord.objects.filter(subject=subject, person=person)
    last = said.aggregate(at=Max("recorded_at"))["at"]
    return now if last is None else max(now, last + timedelta(microseconds=1))


def _action(row: ConsentRecord) -> str:
    if row.given:
        return "consent.given"
    return "consent.withdrawn" if row.withdraws_id else "consent.refused"


def contained_in(row: ConsentRecord) -> list[Held]:
    """Return the sealed versions that hold what a record is about."""
    if row.person_id is not None:
        return containing.judged_by(row.person_id, row.pipeline_id)
    assert row.subject is not None
    reference = subjects.reference_of(row.subject)
    return containing.about(reference, row.pipeline_id) if reference else []


def note_of(row: ConsentRecord) -> str:
    """Return what was said beside a record; empty once the subject's key is destroyed."""
    if row.subject is None or not (said := subjects.opened(row.subject, row.sealed, str(row.pk))):
        return ""
    found: dict[str, Any] = orjson.loads(said)
    return str(found["note"])


def _subject(reference: str, now: datetime) -> SubjectKey:
    return subjects.locked(reference, now=now)


def _pipeline(principal: Principal, slug: str, *, own: bool) -> Pipeline | None:
    if slug:
        row = Pipeline.objects.filter(slug=slug).first()
        if row is None or not principal.sees(row.pk):
            raise NotFound(f"There is no pipeline {slug!r} within reach.")
        return row
    if own:
        return None
    if principal.pipelines is not None and len(principal.pipelines) != 1:
        detail = "Name the pipeline: a consent for all of them is recorded by who reaches all."
        raise InvalidInput.at("/pipeline", detail, code="required")
    if principal.pipelines is not None:
        return Pipeline.objects.get(pk__in=principal.pipelines)
    return None


def _refuse_others(principal: Principal, person: User) -> None:
    if person.pk != principal.user_id and not principal.may(Permission.APPROVE):
        raise NotPermitted("A reviewer's consent is that person's own to give and to withdraw.")


def _check(wanted: Wanted, now: datetime) -> None:
    if bool(wanted.subject) == bool(wanted.reviewer):
        detail = "Name either the subject or the reviewer."
        raise InvalidInput.at("/subject", detail, code="required")
    if wanted.reviewer and wanted.note:
        raise InvalidInput.at("/note", "A note is kept for subjects only.", code="conflict")
    if len(wanted.note) > LONGEST_NOTE:
        detail = f"A note has {LONGEST_NOTE} characters at most."
        raise InvalidInput.at("/note", detail, code="length")
    if wanted.at is not None and wanted.at > now:
        raise InvalidInput.at("/at", "It is an instant that has passed.", code="future")
    try:
        purposes.purpose(wanted.purpose)
    except purposes.BadPurpose as error:
        raise InvalidInput.at("/purpose", str(error), code="purpose") from None
