"""Lessons: what people make of signals, apart from them and linked both ways."""

from datetime import date, timedelta
from typing import Any

import orjson
import pytest
from django.utils import timezone

from feedback.models import FeedbackSignal, Lesson
from feedback.services import lessons, signals
from feedback.services.lessons import Said
from governance.exceptions import Conflict, DomainError, InvalidInput, NotFound, NotPermitted
from governance.models import AuditEvent, User
from governance.selectors import principals
from governance.services import ledger
from tests import factories
from tests.factories import NOW
from tests.feedback.conftest import House

DAY = date(2027, 3, 1)
CHANGE = "adjustment:01900000-0000-7000-8000-000000000000"


@pytest.fixture
def lead(house: House) -> User:
    house.resolved("balance")
    house.resolved()
    signals.sweep(now=timezone.now)
    return factories.a_person("lead", roles=("lead",))


def ids() -> list[str]:
    return [str(pk) for pk in FeedbackSignal.objects.order_by("pk").values_list("pk", flat=True)]


def said(**changes: Any) -> Said:
    return Said(**{"title": "Cards", "text": "Ask for digits.", "owner": "lead"} | changes)


def write(actor: User, wanted: list[str] | None = None, **changes: Any) -> Lesson:
    return lessons.write(
        principal=principals.of_person(actor),
        actor=actor,
        signal_ids=ids() if wanted is None else wanted,
        said=said(**changes),
        now=NOW,
    )


def revise(actor: User, lesson: Lesson, reason: str = "Learned more", **changes: Any) -> Lesson:
    return lessons.revise(
        principal=principals.of_person(actor), actor=actor, lesson_id=lesson.pk,
        said=said(**changes), reason=reason, now=NOW,
    )  # fmt: skip


def test_a_lesson_leaves_its_signals_as_they_were_and_leads_back_to_them(
    lead: User, api: Any
) -> None:
    before = list(FeedbackSignal.objects.order_by("pk").values())
    lesson = write(lead)
    assert list(FeedbackSignal.objects.order_by("pk").values()) == before
    caller = api(lead)
    (decision,) = FeedbackSignal.objects.get(kind="corrected").decisions
    for start, direction, there in (
        (f"decision:{decision}", "down", f"lesson:{lesson.pk}"),
        (f"lesson:{lesson.pk}", "up", f"decision:{decision}"),
    ):
        answer = caller.get(f"/lineage?from={start}&direction={direction}")
        assert there in {n["ref"] for n in orjson.loads(answer.getvalue())["nodes"]}


def test_the_ledger_holds_ids_and_commitments_and_no_words(lead: User) -> None:
    lesson = write(lead)
    event = AuditEvent.objects.get(action="lesson.written")
    assert event.detail["signals"] == ids()
    assert event.commitments["text"] == ledger.commit(lesson.salt, "Ask for digits.")
    assert "digits" not in str(event.detail)


def test_a_lesson_is_adopted_with_a_day_and_then_retired_for_good(lead: User) -> None:
    lesson = write(lead)
    revise(lead, lesson, state="adopted", revalidate_on=DAY, adjustment=CHANGE)
    lesson.refresh_from_db()
    assert (lesson.state, lesson.adjustment) == ("adopted", CHANGE)
    revise(lead, lesson, state="retired")
    for state in ("proposed", "adopted", "retired"):
        with pytest.raises(Conflict, match="does not become"):
            revise(lead, lesson, state=state, revalidate_on=DAY)
    actions = AuditEvent.objects.filter(stream=f"lesson:{lesson.pk}").order_by("sequence")
    assert (
        list(actions.values_list("action", flat=True))
        == ["lesson.written"] + ["lesson.revised"] * 2
    )
    assert lesson.history.count() == 3


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"title": " "}, "/title"),
        ({"title": "x" * 121}, "/title"),
        ({"text": ""}, "/text"),
        ({"owner": "nobody"}, "/owner"),
        ({"adjustment": "model:x@1"}, "/adjustment"),
        ({"revalidate_on": NOW.date() - timedelta(days=1)}, "/revalidate_on"),
        ({"state": "adopted", "revalidate_on": DAY}, "/state"),
        ({"state": "adopted"}, "/revalidate_on"),
        ({"state": "lost"}, "/state"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(
    lead: User, changes: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        write(lead, **changes)
    assert pointer in [fault.pointer for fault in caught.value.faults]
    assert not Lesson.objects.exists()


@pytest.mark.parametrize("wanted", [[], ["x"], ["01900000-0000-7000-8000-000000000000"]])
def test_a_lesson_is_drawn_from_signals_that_are_there(lead: User, wanted: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        write(lead, wanted)
    assert [fault.pointer for fault in caught.value.faults] == ["/signals"]


def test_only_who_settles_or_signs_writes_lessons_and_only_within_reach(lead: User) -> None:
    for roles in (("reviewer",), ("auditor",), ()):
        with pytest.raises(NotPermitted):
            write(factories.a_person(roles=roles))
    lesson = write(lead)
    House("other")
    stranger = factories.a_person(roles=("lead",), pipelines=("other",))
    refusals: list[type[DomainError]] = [InvalidInput, NotFound]
    for act, error in zip((write, lambda who: revise(who, lesson)), refusals, strict=True):
        with pytest.raises(error):
            act(stranger)


def test_a_change_needs_a_reason(lead: User) -> None:
    with pytest.raises(InvalidInput, match="Say why"):
        revise(lead, write(lead), reason=" ")
