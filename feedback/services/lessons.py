"""Lessons: what people conclude from signals. A signal itself is never touched."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from feedback.domain import lessons
from feedback.enums import LessonState
from feedback.models import FeedbackSignal, Lesson, LessonSource
from feedback.selectors import lessons as selector
from feedback.selectors import signals
from governance.domain.faults import Fault
from governance.domain.lineage import UUID
from governance.domain.principal import Principal
from governance.exceptions import Conflict, InvalidInput, NotFound, NotPermitted
from governance.models import Membership, User
from governance.services import ledger

MOST_SIGNALS = 500
LONGEST_TITLE, LONGEST_TEXT = 120, 4000


@dataclass(frozen=True)
class Said:
    """What a lesson says. `owner` is a username; `adjustment` is empty or `adjustment:ID`."""

    title: str
    text: str
    owner: str
    state: str = LessonState.PROPOSED
    adjustment: str = ""
    revalidate_on: date | None = None


@transaction.atomic
def write(
    *, principal: Principal, actor: User, signal_ids: Sequence[str], said: Said, now: datetime
) -> Lesson:
    """Write a lesson down, drawn from signals of one pipeline that the writer may see."""
    _refuse_others(principal)
    found = _signals(principal, signal_ids)
    owner = _checked(said, found[0].pipeline_id, now)
    if said.state != LessonState.PROPOSED:
        raise InvalidInput.at("/state", "A lesson is proposed before it is adopted.")
    salt = ledger.new_salt()
    lesson = Lesson(pipeline_id=found[0].pipeline_id, salt=salt, written_at=now, **_columns(said))
    lesson.owner = owner
    lesson.because(actor, "Lesson written").save(force_insert=True)
    for signal in found:
        LessonSource.objects.create(lesson=lesson, signal=signal)
    ledger.first(
        stream=stream_of(lesson),
        action="lesson.written",
        actor=actor,
        now=now,
        detail=_told(lesson) | {"signals": [str(signal.pk) for signal in found]},
        commitments=_commitments(lesson),
    )
    return lesson


@transaction.atomic
def revise(
    *,
    principal: Principal,
    actor: User,
    lesson_id: uuid.UUID,
    said: Said,
    reason: str,
    now: datetime,
) -> Lesson:
    """Change what a lesson says, adopt or retire it; its signals stay what they were."""
    _refuse_others(principal)
    lesson = selector.within(principal).select_for_update(of=("self",)).filter(pk=lesson_id).first()
    if lesson is None:
        raise NotFound("There is no such lesson.")
    if not reason.strip():
        raise InvalidInput.at("/reason", "Say why it changes.", code="required")
    owner = _checked(said, lesson.pipeline_id, now)
    if not lessons.may_become(lesson.state, said.state):
        raise Conflict(f"A lesson that is {lesson.state} does not become {said.state}.")
    for name, value in _columns(said).items():
        setattr(lesson, name, value)
    lesson.owner = owner
    lesson.because(actor, reason[:100]).save()
    ledger.append(
        stream=stream_of(lesson),
        action="lesson.revised",
        actor=actor,
        now=now,
        reason=reason,
        detail=_told(lesson),
        commitments=_commitments(lesson),
    )
    return lesson


def stream_of(lesson: Lesson) -> str:
    """Return the name of the ledger stream of a lesson."""
    return f"lesson:{lesson.pk}"


def _refuse_others(principal: Principal) -> None:
    if not selector.may_write(principal):
        raise NotPermitted(
            "Lessons are written by roles with the permission adjudicate or approve."
        )


def _signals(principal: Principal, ids: Sequence[str]) -> list[FeedbackSignal]:
    wanted = list(dict.fromkeys(ids))
    if not wanted or len(wanted) > MOST_SIGNALS:
        raise InvalidInput.at("/signals", f"Choose from 1 to {MOST_SIGNALS} signals.")
    known = [each for each in wanted if UUID.fullmatch(each)]
    found = list(signals.within(principal).filter(pk__in=known).order_by("pk"))
    if len(found) < len(wanted):
        raise InvalidInput.at("/signals", "There is no such signal within reach.", code="unknown")
    if len({signal.pipeline_id for signal in found}) > 1:
        raise InvalidInput.at("/signals", "Choose signals of one pipeline.", code="conflict")
    return found


def _checked(said: Said, pipeline_id: int, now: datetime) -> User:
    """Return who owns the lesson; InvalidInput names all that is wrong with it."""
    faults = list(_faults(said, now))
    members = Membership.objects.filter(pipeline=pipeline_id).values("user")
    people = User.objects.filter(username=said.owner, is_active=True)
    owner: User | None
    owner = people.filter(pk__in=members).first() or people.filter(is_superuser=True).first()
    if owner is None:
        detail = "The owner is the username of a member of the pipeline."
        faults.append(Fault("/owner", "unknown", detail))
    if faults or owner is None:
        raise InvalidInput(faults[0].detail, faults=tuple(faults))
    return owner


def _faults(said: Said, now: datetime) -> Sequence[Fault]:
    found = []
    for name, text, longest in (
        ("title", said.title, LONGEST_TITLE),
        ("text", said.text, LONGEST_TEXT),
    ):
        if not text.strip() or len(text) > longest:
            detail = f"The {name} has from 1 to {longest} characters."
            found.append(Fault(f"/{name}", "length", detail))
    if said.state not in LessonState.values:
        found.append(Fault("/state", "invalid", "The state is proposed, adopted or retired."))
    if said.adjustment and not _is_adjustment(said.adjustment):
        detail = "The adjustment is written as adjustment:ID."
        found.append(Fault("/adjustment", "reference", detail))
    if said.state == LessonState.ADOPTED and said.revalidate_on is None:
        detail = "Say when an adopted lesson is to be looked at again."
        found.append(Fault("/revalidate_on", "required", detail))
    if said.state != LessonState.RETIRED and said.revalidate_on and said.revalidate_on < now.date():
        found.append(Fault("/revalidate_on", "past", "That day has passed."))
    return found


def _is_adjustment(text: str) -> bool:
    kind, _, name = text.partition(":")
    return kind == "adjustment" and UUID.fullmatch(name) is not None


def _columns(said: Said) -> dict[str, Any]:
    return {
        "title": said.title.strip(),
        "text": said.text.strip(),
        "state": said.state,
        "adjustment": said.adjustment,
        "revalidate_on": said.revalidate_on,
    }


def _told(lesson: Lesson) -> dict[str, Any]:
    day = lesson.revalidate_on
    return {
        "lesson": str(lesson.pk),
        "state": lesson.state,
        "owner": lesson.owner_id,
        "adjustment": lesson.adjustment,
        "revalidate_on": day.isoformat() if day else None,
    }


def _commitments(lesson: Lesson) -> Mapping[str, str]:
    return {
        name: ledger.commit(lesson.salt, text)
        for name, text in (("title", lesson.title), ("text", lesson.text))
    }
