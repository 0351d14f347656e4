"""Lessons that are to be looked at again: asked for once for each day, and confirmed."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from feedback.models import FeedbackSignal, Lesson, LessonDue
from feedback.services import lessons, revalidating, signals
from feedback.services.lessons import Said
from governance.exceptions import Conflict, InvalidInput, NotPermitted
from governance.models import AuditEvent, User
from governance.selectors import principals
from reviews.models import Notification
from tests import factories
from tests.factories import NOW
from tests.feedback.conftest import House

DAY = date(2026, 12, 24)


@pytest.fixture
def lead(house: House) -> User:
    return factories.a_person("lead", roles=("lead",))


def acting(user: User, now: datetime = NOW) -> dict[str, Any]:
    return {"principal": principals.of_person(user), "actor": user, "now": now}


def adopted(house: House, lead: User, owner: User | None = None, day: date = DAY) -> Lesson:
    house.resolved()
    signals.sweep(now=lambda: NOW)
    known = [str(pk) for pk in FeedbackSignal.objects.values_list("pk", flat=True)]
    said = Said("Cards", "Ask for the digits.", owner=(owner or lead).username)
    row = lessons.write(signal_ids=known, said=said, **acting(lead))
    said = replace(said, state="adopted", revalidate_on=day)
    return lessons.revise(lesson_id=row.pk, said=said, reason="It holds", **acting(lead))


def on(day: date, hour: int = 9) -> datetime:
    return NOW.replace(year=day.year, month=day.month, day=day.day, hour=hour)


def swept(at: datetime) -> int:
    return revalidating.sweep(now=lambda: at)


def test_nothing_is_asked_before_the_day(house: House, lead: User) -> None:
    adopted(house, lead)
    assert swept(on(DAY - timedelta(days=1), 23)) == 0
    assert not LessonDue.objects.exists()


def test_the_owner_is_asked_once_however_often_the_sweep_comes(house: House, lead: User) -> None:
    row = adopted(house, lead)
    assert [swept(on(DAY, hour)) for hour in (0, 1, 2)] == [1, 0, 0]
    assert swept(on(DAY + timedelta(days=3))) == 0
    notice = Notification.objects.get(kind="lesson")
    assert (notice.person, notice.detail["lesson"]) == (lead, str(row.pk))
    event = AuditEvent.objects.get(action="lesson.due")
    assert (event.stream, event.actor, event.detail["day"]) == (
        f"lesson:{row.pk}", None, DAY.isoformat(),
    )  # fmt: skip


def test_a_day_that_was_missed_is_asked_for_late(house: House, lead: User) -> None:
    adopted(house, lead)
    assert swept(on(DAY + timedelta(days=40))) == 1


def test_who_confirms_it_is_asked_again_on_the_next_day_that_it_names(
    house: House, lead: User
) -> None:
    row = adopted(house, lead)
    swept(on(DAY))
    later = DAY + timedelta(days=90)
    confirmed = revalidating.confirm(
        lesson_id=row.pk, until=later, reason="It did well", **acting(lead, on(DAY))
    )
    assert confirmed.revalidate_on == later
    assert confirmed.history.latest().history_change_reason == "It did well"
    event = AuditEvent.objects.get(action="lesson.confirmed")
    assert event.detail == {
        "lesson": str(row.pk), "before": DAY.isoformat(), "until": later.isoformat(),
    }  # fmt: skip
    assert swept(on(DAY + timedelta(days=1))) == 0
    assert swept(on(later)) == 1
    assert LessonDue.objects.filter(lesson=row).count() == 2


def test_the_owner_confirms_and_no_other_reviewer(house: House, lead: User) -> None:
    owner = factories.a_person()
    row = adopted(house, lead, owner)
    said = {"lesson_id": row.pk, "until": DAY + timedelta(days=9), "reason": "It holds"}
    with pytest.raises(NotPermitted):
        revalidating.confirm(**said, **acting(factories.a_person()))
    assert revalidating.confirm(**said, **acting(owner)).revalidate_on == said["until"]


@pytest.mark.parametrize(
    ("until", "reason", "pointer"),
    [(None, "x", "/until"), (NOW.date(), "x", "/until"), (DAY, " ", "/reason")],
)
def test_a_confirmation_names_a_day_to_come_and_why(
    house: House, lead: User, until: date | None, reason: str, pointer: str
) -> None:
    row = adopted(house, lead)
    with pytest.raises(InvalidInput) as caught:
        revalidating.confirm(lesson_id=row.pk, until=until, reason=reason, **acting(lead))
    assert caught.value.faults[0].pointer == pointer


def test_what_is_retired_is_neither_asked_for_nor_confirmed(house: House, lead: User) -> None:
    row = adopted(house, lead)
    said = Said("Cards", "Ask.", owner="lead", state="retired", revalidate_on=DAY)
    lessons.revise(lesson_id=row.pk, said=said, reason="It is over", **acting(lead))
    assert swept(on(DAY)) == 0
    with pytest.raises(Conflict):
        revalidating.confirm(lesson_id=row.pk, until=DAY, reason="x", **acting(lead))
