"""Retrospectives: real items are looked back at, and each finding ends in a lesson or a reason."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from feedback.models import FeedbackSignal, Lesson, Retrospective, RetrospectiveItem
from feedback.selectors import retrospectives as selector
from feedback.services import lessons, retrospectives, revalidating, signals
from feedback.services.retrospectives import Wanted
from governance.domain.lineage import Direction, Edge, Node
from governance.exceptions import Conflict, InvalidInput, NotFound, NotPermitted
from governance.models import AuditEvent, User
from governance.selectors import lineage, principals
from reviews.models import Notification, ReviewItem
from reviews.services import challenges, resolutions
from tests import factories
from tests.conftest import Api
from tests.factories import NOW
from tests.feedback.conftest import House

DAY = timedelta(days=1)


@pytest.fixture
def lead(house: House) -> User:
    return factories.a_person("lead", roles=("lead",))


def who(user: User) -> dict[str, Any]:
    return {"principal": principals.of_person(user), "actor": user, "now": NOW}


def opened(lead: User, **changes: Any) -> Retrospective:
    period = {"pipeline": "intents", "title": "Cards", "since": NOW - DAY, "until": NOW + DAY}
    return retrospectives.open_one(wanted=Wanted(**(period | changes)), **who(lead))


def picked(lead: User, row: Retrospective, item: Any, **changes: Any) -> RetrospectiveItem:
    said = {"item_id": item, "kind": "misclassification", "why": "It was sure, and wrong."}
    return retrospectives.pick(retrospective_id=row.pk, **(said | changes), **who(lead))


def held(lead: User, house: House) -> Retrospective:
    row = opened(lead)
    picked(lead, row, house.resolved("balance").item_id)
    return retrospectives.hold(retrospective_id=row.pk, **who(lead))


def a_lesson(lead: User, day: date | None = date(2027, 3, 1)) -> Lesson:
    signals.sweep(now=timezone.now)
    said = lessons.Said("Ask", "Ask for digits.", owner="lead", revalidate_on=day)
    known = [str(pk) for pk in FeedbackSignal.objects.values_list("pk", flat=True)]
    return lessons.write(signal_ids=known, said=said, **who(lead))


def told(row: Retrospective) -> list[str]:
    events = AuditEvent.objects.filter(stream=f"retrospective:{row.pk}")
    return list(events.order_by("sequence").values_list("action", flat=True))


def suggestions(lead: User, row: Retrospective) -> dict[Any, str]:
    found = selector.suggested(principals.of_person(lead), row)
    return {each.resolution.item_id: str(each.kind) for each in found}


def test_it_goes_from_real_items_to_a_lesson_and_each_act_is_one_event(
    lead: User, house: House
) -> None:
    row = held(lead, house)
    found = retrospectives.find(retrospective_id=row.pk, text="Numbers mislead.", **who(lead))
    lesson = a_lesson(lead)
    retrospectives.conclude(finding_id=found.pk, lesson=str(lesson.pk), reason="", **who(lead))
    row = retrospectives.close(retrospective_id=row.pk, **who(lead))
    assert (row.state, row.closed_at) == ("closed", NOW)
    assert told(row) == [
        f"retrospective.{act}"
        for act in ("opened", "picked", "held", "found", "concluded", "closed")
    ]
    assert lesson.findings.get().finding == found


def test_its_items_lead_to_its_lesson_in_the_graph_and_the_lesson_back(
    lead: User, house: House
) -> None:
    row = held(lead, house)
    found = retrospectives.find(retrospective_id=row.pk, text="x", **who(lead))
    lesson = a_lesson(lead)
    retrospectives.conclude(finding_id=found.pk, lesson=str(lesson.pk), reason="", **who(lead))
    item = row.items.get().item
    principal = principals.of_person(lead)
    for start, end, way in (
        (f"prediction:{item.prediction_id}", f"lesson:{lesson.pk}", Direction.DOWN),
        (f"lesson:{lesson.pk}", f"prediction:{item.prediction_id}", Direction.UP),
    ):
        node = lineage.node(principal, lineage.ref_of(start))
        walk = list(lineage.Walk(principal, node, way))
        assert {end, f"retrospective:{row.pk}"} <= {
            str(each.ref) for each in walk if isinstance(each, Node)
        }
        relations = {each.relation for each in walk if isinstance(each, Edge)}
        assert {"looked_back_at", "concluded_in"} <= relations


def test_one_whose_findings_came_to_nothing_in_a_fortnight_is_told(
    lead: User, house: House
) -> None:
    row = held(lead, house)
    late = NOW + 15 * DAY
    principal = principals.of_person(lead)
    assert list(selector.unconcluded(principal, late - 14 * DAY)) == [row]
    assert not selector.unconcluded(principal, NOW).exists()


def test_the_lesson_of_a_finding_comes_back_to_its_owner_on_its_day(
    lead: User, house: House
) -> None:
    row = held(lead, house)
    found = retrospectives.find(retrospective_id=row.pk, text="x", **who(lead))
    lesson = a_lesson(lead)
    retrospectives.conclude(finding_id=found.pk, lesson=str(lesson.pk), reason="", **who(lead))
    adopted = lessons.Said(
        lesson.title, lesson.text, owner="lead", state="adopted", revalidate_on=lesson.revalidate_on
    )
    lessons.revise(lesson_id=lesson.pk, said=adopted, reason="Agreed", **who(lead))
    revalidating.sweep(now=lambda: NOW + 200 * DAY)
    assert Notification.objects.get(kind="lesson").person == lead


def test_it_does_not_close_with_no_finding(lead: User, house: House) -> None:
    row = held(lead, house)
    with pytest.raises(Conflict, match="Nothing was found"):
        retrospectives.close(retrospective_id=row.pk, **who(lead))


def test_it_does_not_close_while_a_finding_has_neither_a_lesson_nor_a_reason(
    lead: User, house: House
) -> None:
    row = held(lead, house)
    found = retrospectives.find(retrospective_id=row.pk, text="x", **who(lead))
    with pytest.raises(Conflict, match="1 of its findings"):
        retrospectives.close(retrospective_id=row.pk, **who(lead))
    retrospectives.conclude(finding_id=found.pk, lesson="", reason="Chance.", **who(lead))
    assert retrospectives.close(retrospective_id=row.pk, **who(lead)).state == "closed"
    with pytest.raises(Conflict, match="closed"):
        retrospectives.find(retrospective_id=row.pk, text="y", **who(lead))


def test_a_finding_comes_to_one_of_the_two_once(lead: User, house: House) -> None:
    row = held(lead, house)
    found = retrospectives.find(retrospective_id=row.pk, text="x", **who(lead))
    undated = a_lesson(lead, day=None)
    for lesson, reason in (("", ""), (str(undated.pk), "Chance."), (str(undated.pk), "")):
        with pytest.raises(InvalidInput):
            retrospectives.conclude(finding_id=found.pk, lesson=lesson, reason=reason, **who(lead))
    retrospectives.conclude(finding_id=found.pk, lesson="", reason="Chance.", **who(lead))
    with pytest.raises(Conflict, match="already"):
        retrospectives.conclude(finding_id=found.pk, lesson="", reason="Again.", **who(lead))


def test_it_is_not_held_without_an_item_nor_found_in_before_it_is_held(lead: User) -> None:
    row = opened(lead)
    with pytest.raises(Conflict, match="Pick"):
        retrospectives.hold(retrospective_id=row.pk, **who(lead))
    with pytest.raises(Conflict, match="not held"):
        retrospectives.find(retrospective_id=row.pk, text="x", **who(lead))


def test_only_items_with_an_outcome_of_its_period_and_pipeline_are_picked(
    lead: User, house: House
) -> None:
    late = house.resolved("balance", now=NOW + 3 * DAY)
    row = opened(lead)
    waiting = factories.an_item(house.bot)
    for item in (late.item_id, waiting.pk):
        with pytest.raises(InvalidInput, match="outcome of that period"):
            picked(lead, row, item)
    item = house.resolved("balance", now=NOW).item_id
    picked(lead, row, item)
    with pytest.raises(Conflict, match="already"):
        picked(lead, row, item)


def test_an_error_of_a_sure_model_is_a_misclassification_and_an_easy_case_is_not_suggested(
    lead: User, house: House
) -> None:
    routing = factories.PIPELINE["routing"] | {"random_slice": 1.0}
    factories.apply(factories.pipeline_document(routing=routing))
    row = opened(lead)
    sure = house.resolved("balance", confidence=0.95).item_id
    drawn = house.resolved("balance", confidence=0.79).item_id
    house.resolved()
    assert suggestions(lead, row) == {sure: "misclassification"}
    picked(lead, row, drawn)


def test_a_split_panel_is_a_near_miss_and_agreement_on_a_hard_item_a_success(
    lead: User, house: House
) -> None:
    row = opened(lead)
    house.agreed(("balance", "balance"))
    house.agreed(("balance", "card_arrival"))
    split = ReviewItem.objects.get(status="awaiting_adjudication")
    resolutions.adjudicate(
        item_id=split.pk, answer={"label": "balance"}, rationale="It names it.", **who(lead)
    )
    found = suggestions(lead, row)
    assert found.pop(split.pk) == "near_miss"
    assert list(found.values()) == ["success"]


def test_an_overturned_outcome_is_a_misclassification_and_a_challenged_one_is_left_out(
    lead: User, house: House
) -> None:
    row = opened(lead)
    outcome = house.resolved()
    opener = factories.a_person("opener")
    doubt = challenges.challenge(
        resolution_id=outcome.pk, reason="Is it?", anonymous=False, **who(opener)
    )
    assert suggestions(lead, row) == {}
    challenges.overturn(
        challenge_id=doubt.pk, answer={"label": "balance"}, rationale="It is not.", **who(lead)
    )
    assert suggestions(lead, row) == {outcome.item_id: "misclassification"}
    picked(lead, row, outcome.item_id)
    assert suggestions(lead, row) == {}


def test_who_neither_adjudicates_nor_approves_keeps_none_and_others_are_not_there(
    lead: User, house: House
) -> None:
    with pytest.raises(NotPermitted):
        opened(house.reviewer)
    factories.a_pipeline("other")
    stranger = factories.a_person("stranger", roles=("lead",), pipelines=("other",))
    with pytest.raises(NotFound):
        opened(stranger)
    with pytest.raises(NotFound):
        retrospectives.hold(retrospective_id=opened(lead).pk, **who(stranger))


def test_no_reviewer_is_named_on_it(lead: User, house: House) -> None:
    row = held(lead, house)
    caller = Api(factories.a_token(lead, "govern"))
    assert house.reviewer.username not in str(caller.get(f"/retrospectives/{row.pk}").json())
    for detail in AuditEvent.objects.filter(stream=f"retrospective:{row.pk}").values_list(
        "detail", flat=True
    ):
        assert not {"reviewer", "reviewers", "actor"} & set(detail)
