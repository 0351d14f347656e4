"""Looking back together: items are picked, the meeting is held, and what is found is concluded."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from feedback.enums import CaseKind, LessonState, RetrospectiveState
from feedback.models import (
    Lesson,
    Retrospective,
    RetrospectiveConclusion,
    RetrospectiveFinding,
    RetrospectiveItem,
)
from feedback.selectors import lessons, retrospectives
from governance.domain.principal import Principal
from governance.exceptions import Conflict, InvalidInput, NotFound, NotPermitted
from governance.models import Pipeline, User
from governance.services import ledger

LONGEST_TITLE, LONGEST_WHY, LONGEST = 120, 500, 2000
MOST = 200


@dataclass(frozen=True)
class Wanted:
    """What is looked back at: the outcomes of a pipeline in `since` <= t < `until`."""

    pipeline: str
    title: str
    since: datetime
    until: datetime


@dataclass(frozen=True)
class _Change:
    """Who changes a retrospective, and when."""

    row: Retrospective
    actor: User
    now: datetime

    def save(self, what: str) -> None:
        self.row.because(self.actor, what).save()

    def tell(self, action: str, detail: Mapping[str, Any], **more: Any) -> None:
        ledger.append(
            stream=stream_of(self.row), action=action, actor=self.actor, now=self.now,
            detail={"retrospective": str(self.row.pk), **detail}, **more,
        )  # fmt: skip


@transaction.atomic
def open_one(*, principal: Principal, actor: User, wanted: Wanted, now: datetime) -> Retrospective:
    """Open a retrospective: items can be picked for it from now on."""
    pipeline = Pipeline.objects.filter(slug=wanted.pipeline).first()
    if pipeline is None or not principal.sees(pipeline.pk):
        raise NotFound(f"There is no pipeline {wanted.pipeline!r} within reach.")
    _refuse_others(principal)
    if wanted.since >= wanted.until:
        raise InvalidInput.at("/until", "The period ends after it begins.", code="order")
    title = _text(wanted.title, "/title", "Give it a title.", LONGEST_TITLE)
    row = Retrospective(
        pipeline=pipeline, title=title, since=wanted.since, until=wanted.until,
        called_by=actor, opened_at=now, salt=ledger.new_salt(),
    )  # fmt: skip
    row.because(actor, "Retrospective opened").save(force_insert=True)
    ledger.first(
        stream=stream_of(row), action="retrospective.opened", actor=actor, now=now,
        commitments={"title": ledger.commit(row.salt, row.title)},
        detail={
            "retrospective": str(row.pk), "pipeline": pipeline.pk,
            "since": row.since.isoformat(), "until": row.until.isoformat(),
        },
    )  # fmt: skip
    return row


@transaction.atomic
def pick(
    *,
    principal: Principal,
    actor: User,
    retrospective_id: uuid.UUID,
    item_id: uuid.UUID,
    kind: str,
    why: str,
    now: datetime,
) -> RetrospectiveItem:
    """Pick an item of the pipeline that was settled in the period, and say why."""
    change = _locked(principal, actor, retrospective_id, now)
    _require_not_closed(change.row)
    if kind not in CaseKind.values:
        raise InvalidInput.at("/kind", f"The kind is one of {', '.join(CaseKind.values)}.")
    said = _text(why, "/why", "Say why it is looked back at.", LONGEST_WHY)
    settled = retrospectives.outcomes(principal, change.row).filter(item=item_id).first()
    if settled is None:
        detail = "No such item of this pipeline has an outcome of that period."
        raise InvalidInput.at("/item", detail, code="unknown")
    picked = RetrospectiveItem.objects.filter(retrospective=change.row)
    if picked.filter(item=item_id).exists():
        raise Conflict("This item was picked already.")
    if picked.count() >= MOST:
        raise Conflict(f"A retrospective looks back at {MOST} items at most.")
    made = RetrospectiveItem(
        retrospective=change.row, item=settled.item, kind=kind, why=said,
        salt=ledger.new_salt(), at=now,
    )  # fmt: skip
    made.save()
    change.tell(
        "retrospective.picked", {"item": str(item_id), "kind": made.kind},
        commitments={"why": ledger.commit(made.salt, made.why)},
    )  # fmt: skip
    return made


@transaction.atomic
def hold(
    *, principal: Principal, actor: User, retrospective_id: uuid.UUID, now: datetime
) -> Retrospective:
    """Say that the meeting was held: findings can be written down from now on."""
    change = _locked(principal, actor, retrospective_id, now)
    row = change.row
    if row.state != RetrospectiveState.OPEN:
        raise Conflict(f"A retrospective that is {row.state} is not held again.")
    if not row.items.exists():
        raise Conflict("Pick at least one item first: it looks back at real ones.")
    row.state, row.held_at = RetrospectiveState.HELD, now
    change.save("Held")
    change.tell("retrospective.held", {"items": row.items.count()})
    return row


@transaction.atomic
def find(
    *, principal: Principal, actor: User, retrospective_id: uuid.UUID, text: str, now: datetime
) -> RetrospectiveFinding:
    """Write down what was found: of how the work went, and of nobody in person."""
    change = _locked(principal, actor, retrospective_id, now)
    row = change.row
    _require_held(row)
    said = _text(text, "/text", "Say what was found.", LONGEST)
    if row.findings >= MOST:
        raise Conflict(f"A retrospective has {MOST} findings at most.")
    made = RetrospectiveFinding(retrospective=row, text=said, salt=ledger.new_salt(), at=now)
    made.save()
    row.findings += 1
    change.save("Finding written")
    change.tell(
        "retrospective.found", {"finding": str(made.pk)},
        commitments={"text": ledger.commit(made.salt, made.text)},
    )  # fmt: skip
    return made


@transaction.atomic
def conclude(
    *,
    principal: Principal,
    actor: User,
    finding_id: uuid.UUID,
    lesson: str,
    reason: str,
    now: datetime,
) -> RetrospectiveConclusion:
    """Say what a finding came to: a lesson with a day to look at it again, or why there is none."""
    found = RetrospectiveFinding.objects.filter(pk=finding_id).first()
    if found is None:
        raise NotFound("There is no such finding.")
    change = _locked(principal, actor, found.retrospective_id, now)
    row = change.row
    _require_held(row)
    if RetrospectiveConclusion.objects.filter(finding=found).exists():
        raise Conflict("This finding was concluded already.")
    if bool(lesson.strip()) == bool(reason.strip()):
        detail = "Name the lesson that it came to, or say why there is none: one of the two."
        raise InvalidInput.at("/lesson", detail, code="required")
    made = RetrospectiveConclusion(
        finding=found, salt=ledger.new_salt(), at=now,
        lesson=_lesson(row, lesson.strip()) if lesson.strip() else None,
        reason=_text(reason, "/reason", "", LONGEST) if reason.strip() else "",
    )  # fmt: skip
    made.save()
    row.concluded += 1
    change.save("Finding concluded")
    change.tell(
        "retrospective.concluded",
        {"finding": str(found.pk), "lesson": str(made.lesson_id) if made.lesson_id else None},
        commitments={"reason": ledger.commit(made.salt, made.reason)},
    )
    return made


@transaction.atomic
def close(
    *, principal: Principal, actor: User, retrospective_id: uuid.UUID, now: datetime
) -> Retrospective:
    """Close a retrospective of which each finding came to a lesson, or to a reason for none."""
    change = _locked(principal, actor, retrospective_id, now)
    row = change.row
    _require_held(row)
    if not row.findings:
        raise Conflict("Nothing was found yet: write down at least one finding.")
    if row.concluded < row.findings:
        left = row.findings - row.concluded
        raise Conflict(f"{left} of its findings have neither a lesson nor a reason for none.")
    row.state, row.closed_at = RetrospectiveState.CLOSED, now
    change.save("Closed")
    change.tell("retrospective.closed", {"findings": row.findings})
    return row


def stream_of(row: Retrospective) -> str:
    """Return the name of the ledger stream of a retrospective."""
    return f"retrospective:{row.pk}"


def _refuse_others(principal: Principal) -> None:
    if not lessons.may_write(principal):
        raise NotPermitted(
            "Retrospectives are kept by roles with the permission adjudicate or approve."
        )


def _locked(principal: Principal, actor: User, key: uuid.UUID, now: datetime) -> _Change:
    rows = retrospectives.within(principal).select_for_update(of=("self",))
    row = rows.filter(pk=key).first()
    if row is None:
        raise NotFound("There is no such retrospective.")
    _refuse_others(principal)
    return _Change(row, actor, now)


def _require_not_closed(row: Retrospective) -> None:
    if row.state == RetrospectiveState.CLOSED:
        raise Conflict("This retrospective is closed.")


def _require_held(row: Retrospective) -> None:
    _require_not_closed(row)
    if row.state != RetrospectiveState.HELD:
        raise Conflict("The meeting was not held yet.")


def _lesson(row: Retrospective, key: str) -> Lesson:
    try:
        wanted = uuid.UUID(key)
    except ValueError:
        raise InvalidInput.at("/lesson", "A lesson is named by its id.") from None
    found = Lesson.objects.filter(pk=wanted, pipeline=row.pipeline_id).first()
    if found is None or found.state == LessonState.RETIRED:
        detail = "There is no such lesson of this pipeline that was not retired."
        raise InvalidInput.at("/lesson", detail, code="unknown")
    if found.revalidate_on is None:
        detail = "Give the lesson a day on which it is looked at again first."
        raise InvalidInput.at("/lesson", detail, code="required")
    return found


def _text(text: str, pointer: str, ask: str, longest: int) -> str:
    said = text.replace("\r\n", "\n").strip()
    if not said:
        raise InvalidInput.at(pointer, ask, code="required")
    if len(said) > longest:
        raise InvalidInput.at(pointer, f"At most {longest} characters.", code="length")
    return said
