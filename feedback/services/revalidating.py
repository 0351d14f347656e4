"""Looking at lessons again: the calendar asks for it once for each day that a lesson names."""

import uuid
from collections.abc import Callable
from datetime import date, datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from feedback.enums import LessonState
from feedback.models import Lesson, LessonDue
from feedback.selectors import lessons as selector
from feedback.services.lessons import stream_of
from governance.domain.principal import Principal
from governance.exceptions import Conflict, InvalidInput, NotFound, NotPermitted
from governance.models import User
from governance.services import ledger
from reviews.enums import NotificationKind
from reviews.services import notifications

AT_ONCE = 100
# A sweep is cut off in a minute; what is left is found by the next one.
MOST_BATCHES = 20


def sweep(*, now: Callable[[], datetime]) -> int:
    """Ask for each adopted lesson whose day has come, once; returns for how many."""
    asked = 0
    for _batch in range(MOST_BATCHES):
        found = ask(now=now())
        asked += found
        if found < AT_ONCE:
            break
    return asked


@transaction.atomic
def ask(*, now: datetime) -> int:
    """Ask for one batch, with an event and a notice to its owner for each.

    Any number may run at once: each takes lessons that no other has in hand.
    """
    told = LessonDue.objects.filter(lesson=OuterRef("pk"), day=OuterRef("revalidate_on"))
    due = Lesson.objects.filter(
        ~Exists(told), state=LessonState.ADOPTED, revalidate_on__lte=now.date()
    )
    taken = due.select_for_update(skip_locked=True, of=("self",), no_key=True)
    keys = list(taken.order_by("revalidate_on", "pk").values_list("pk", flat=True)[:AT_ONCE])
    # Looked at again under the lock: another sweep may have asked since this one began to look.
    rows = list(due.filter(pk__in=keys).select_related("owner").order_by("pk"))
    for lesson in rows:
        _ask_one(lesson, now)
    return len(rows)


def _ask_one(lesson: Lesson, now: datetime) -> None:
    assert lesson.revalidate_on is not None
    day = lesson.revalidate_on
    LessonDue.objects.create(lesson=lesson, day=day, at=now)
    ledger.append(
        stream=stream_of(lesson),
        action="lesson.due",
        actor=None,
        now=now,
        detail={"lesson": str(lesson.pk), "day": day.isoformat(), "owner": lesson.owner_id},
    )
    notifications.announce(
        person_id=lesson.owner_id,
        kind=NotificationKind.LESSON,
        source=f"lesson:{lesson.pk}:{day}",
        item=None,
        detail={
            "lesson": str(lesson.pk), "pipeline": lesson.pipeline_id, "subject": lesson.title,
        },
        now=now,
    )  # fmt: skip


@transaction.atomic
def confirm(
    *,
    principal: Principal,
    actor: User,
    lesson_id: uuid.UUID,
    until: date | None,
    reason: str,
    now: datetime,
) -> Lesson:
    """Say that an adopted lesson still holds, until a later day; by its owner or who may write."""
    rows = selector.within(principal).select_for_update(of=("self",))
    lesson = rows.filter(pk=lesson_id).first()
    if lesson is None:
        raise NotFound("There is no such lesson.")
    if lesson.owner_id != actor.pk and not selector.may_write(principal):
        raise NotPermitted("A lesson is confirmed by its owner, or who may write lessons.")
    if lesson.state != LessonState.ADOPTED:
        raise Conflict(f"A lesson that is {lesson.state} is not confirmed.")
    if not reason.strip():
        raise InvalidInput.at("/reason", "Say why it still holds.", code="required")
    if until is None or until <= now.date():
        raise InvalidInput.at("/until", "Name a day to come, on which it is looked at again.")
    before, lesson.revalidate_on = lesson.revalidate_on, until
    lesson.because(actor, reason[:100]).save()
    ledger.append(
        stream=stream_of(lesson),
        action="lesson.confirmed",
        actor=actor,
        now=now,
        reason=reason,
        detail={
            "lesson": str(lesson.pk),
            "before": before.isoformat() if before else None,
            "until": until.isoformat(),
        },
    )
    return lesson
