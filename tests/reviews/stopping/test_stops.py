"""The stop switch: what it holds, who presses it and who resumes."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from governance.exceptions import Conflict, InvalidInput, NotPermitted
from governance.models import Stop, User
from reviews.models import Prediction, ReviewItem
from tests import factories, governed
from tests.api.answers import problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot() -> User:
    factories.a_pipeline()
    return factories.a_service()


def sent(bot: User, tier: str = "low", **changes: Any) -> Prediction:
    (row,) = factories.send(bot, factories.a_payload(tier, **changes))
    return row


def test_o9_what_would_have_been_approved_goes_to_the_review_of_its_tier(bot: User) -> None:
    (first,) = governed.approvers(1)
    assert sent(bot).disposition == "auto_approved"
    stop = governed.stop(first)
    row = sent(bot)
    assert (row.disposition, row.tier, row.propensity) == ("in_review", "low", 1.0)
    assert row.trace[-1] == {"rule": "stop switch", "result": "true", "stop": str(stop.pk)}
    item = ReviewItem.objects.get(prediction=row)
    assert (item.tier, item.slots) == ("low", 1)
    held = factories.claim(factories.a_person())
    assert held is not None
    assert held.assignment.item_id == item.pk


def test_what_people_see_anyway_is_routed_as_before(bot: User) -> None:
    (first,) = governed.approvers(1)
    governed.stop(first)
    row = sent(bot, "mid")
    assert (row.tier, row.rule) == ("mid", "unsure")
    assert row.trace[-1]["rule"] == "confident"


@pytest.mark.parametrize(
    ("place", "other"),
    [
        ({"tier": "low"}, {}),
        ({"model_name": "intents"}, {"model": {"name": "others", "version": "3"}}),
        (
            {"model_name": "intents", "model_version": "3"},
            {"model": {"name": "intents", "version": "4"}},
        ),
    ],
)
def test_a_stop_holds_its_own_tier_and_model_and_nothing_else(
    bot: User, place: dict[str, str], other: dict[str, Any]
) -> None:
    (first,) = governed.approvers(1)
    governed.stop(first, **place)
    assert sent(bot).disposition == "in_review"
    if other:
        assert sent(bot, **other).disposition == "auto_approved"


def test_a_stop_holds_its_own_pipeline_alone(bot: User) -> None:
    (first,) = governed.approvers(1)
    factories.a_pipeline("other")
    governed.stop(first)
    far = factories.a_service("far", ("other",))
    assert sent(far, pipeline="other").disposition == "auto_approved"


def test_a_batch_is_held_too(bot: User) -> None:
    (first,) = governed.approvers(1)
    governed.stop(first)
    rows = factories.send(bot, *(factories.a_payload("low") for _ in range(120)))
    assert {row.disposition for row in rows} == {"in_review"}


def test_o9_one_person_stops_and_two_others_resume(bot: User) -> None:
    first, second, third, fourth = governed.approvers(4)
    stop = governed.stop(first)
    with pytest.raises(NotPermitted, match="does not resume it"):
        governed.resume(stop, first)
    governed.resume(stop, second)
    assert sent(bot).disposition == "in_review"
    with pytest.raises(NotPermitted, match="already"):
        governed.resume(stop, second)
    governed.resume(stop, third)
    assert sent(bot).disposition == "auto_approved"
    with pytest.raises(Conflict, match="resumed already"):
        governed.resume(stop, fourth)


def test_o9_another_account_of_the_same_person_does_not_resume(bot: User) -> None:
    first, second = governed.approvers()
    twins = [
        factories.a_person(roles=("approver",), skills=(), email=each.email)
        for each in (first, second)
    ]
    stop = governed.resume(governed.stop(first), second)
    for twin in twins:
        with pytest.raises(NotPermitted):
            governed.resume(stop, twin)


def test_a_lead_may_stop_and_a_reviewer_may_not(bot: User) -> None:
    with pytest.raises(NotPermitted):
        governed.stop(factories.a_person())
    lead = factories.a_person(roles=("lead",))
    stop = governed.stop(lead)
    with pytest.raises(NotPermitted):
        governed.resume(stop, factories.a_person(roles=("lead",)))


def test_what_is_wrong_with_a_stop_is_said(bot: User) -> None:
    (first,) = governed.approvers(1)
    for place, pointer in (({"tier": "lwo"}, "/tier"), ({"model_version": "3"}, "/model")):
        with pytest.raises(InvalidInput) as refused:
            governed.stop(first, **place)
        assert refused.value.faults[0].pointer == pointer
    governed.stop(first)
    with pytest.raises(Conflict, match="already"):
        governed.stop(first)
    assert Stop.objects.count() == 1


def test_no_sql_approves_past_a_stop(bot: User) -> None:
    (first,) = governed.approvers(1)
    row = sent(bot)
    governed.stop(first)
    columns = [f'"{f.column}"' for f in Prediction._meta.concrete_fields]
    taken = ", ".join(
        {'"id"': "%s", '"external_id"': "'again'"}.get(column, column) for column in columns
    )
    key = Prediction._meta.pk.get_db_prep_value(Stop.objects.get().pk, connection)
    with (
        pytest.raises(IntegrityError, match="prediction_not_stopped"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            f"INSERT INTO reviews_prediction ({', '.join(columns)}) "
            f"SELECT {taken} FROM reviews_prediction",
            [key],
        )
    assert Prediction.objects.get() == row


def test_the_switch_over_http(bot: User, api: Any) -> None:
    first, second, third = governed.approvers(3)
    caller = api(first, "govern")
    made = caller.post(
        "/pipelines/intents/stops", {"tier": "low", "model": {"name": "intents"}, "reason": "x"}
    )
    assert made.status_code == 201
    told = made.json()
    assert (told["tier"], told["model"]) == ("low", {"name": "intents"})
    assert told["in_force"] is True
    effective = api(first, "govern").get("/pipelines/intents/effective").json()
    assert effective["stops"] == [told["id"]]
    address = f"/stops/{told['id']}/resume"
    problem(caller.post(address, {"reason": "x"}), 403)
    assert api(second, "govern").post(address, {"reason": "x"}).json()["in_force"] is True
    ended = api(third, "govern").post(address, {"reason": "x"}).json()
    assert ended["in_force"] is False
    assert [each["actor"] for each in ended["resumptions"]] == [second.username, third.username]
    (listed,) = caller.get("/pipelines/intents/stops").json()["results"]
    assert listed["in_force"] is False
