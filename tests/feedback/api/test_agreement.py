"""How far people who do not see each other's answers agree."""

from datetime import timedelta
from typing import Any

import pytest

from governance.selectors import principals
from reviews.models import ReviewItem
from reviews.services import overrides, reopenings, resolutions
from tests import factories
from tests.api.answers import good, problem
from tests.factories import NOW
from tests.feedback.conftest import House

PATH = "/pipelines/intents/agreement"
CARD, BALANCE = "card_arrival", "balance"


@pytest.fixture
def caller(api: Any, house: House) -> Any:
    return api(house.bot, "datasets:read")


def test_alpha_and_what_differs_are_told_of_blind_answers(house: House, caller: Any) -> None:
    for labels in ((CARD, CARD), (BALANCE, BALANCE), (CARD, CARD), (CARD, BALANCE)):
        house.agreed(labels)
    found = good(caller.get(PATH))
    assert (found["items"], found["answers"], found["reviewers"]) == (4, 8, 8)
    assert found["unanimous"]["share"] == 0.75
    # Krippendorff: 1 - (2 / 8) / (2 x 5 x 3 / (8 x 7)).
    assert found["alpha"] == pytest.approx(1 - (2 / 8) / (30 / 56))
    assert found["disagreements"] == [{"answers": [{"label": BALANCE}, {"label": CARD}], "n": 1}]
    assert found["sentence"].startswith("Alpha is 0.53 ")
    low, high = found["interval"]
    assert low < found["alpha"] <= high


def test_what_is_inferred_is_compared_with_what_others_settled_and_settles_nothing(
    house: House, caller: Any
) -> None:
    lead = factories.a_person(roles=["lead"])
    who: dict[str, Any] = {
        "principal": principals.of_person(lead), "actor": lead, "rationale": "As the guideline has",
        "now": NOW + timedelta(minutes=1),
    }  # fmt: skip
    house.agreed((CARD, CARD))
    house.agreed((CARD, BALANCE))
    split = ReviewItem.objects.latest("pk")
    resolutions.adjudicate(item_id=split.pk, answer={"label": CARD}, **who)
    house.agreed((CARD, CARD))
    wrong = ReviewItem.objects.latest("pk")
    overrides.override(
        prediction_id=wrong.prediction_id, answer={"label": BALANCE}, reason_code="model_error",
        **who,
    )  # fmt: skip
    before = list(ReviewItem.objects.order_by("pk").values("status", "resolution"))
    consensus = good(caller.get(PATH))["consensus"]
    # The first is settled by the answers themselves, and the second is a tie.
    assert (consensus["majority"]["n"], consensus["majority"]["share"]) == (1, 0.0)
    assert consensus["dawid_skene"]["n"] >= 1
    assert consensus["new_reviewers"] == 6
    assert list(ReviewItem.objects.order_by("pk").values("status", "resolution")) == before


def test_answers_of_an_earlier_cycle_count_no_more(house: House, caller: Any) -> None:
    house.agreed((CARD, CARD))
    house.agreed((BALANCE, BALANCE))
    lead = factories.a_person(roles=["lead"])
    reopenings.reopen(
        principal=principals.of_person(lead), actor=lead, reason="Wrong", now=NOW,
        item_id=ReviewItem.objects.latest("pk").pk,
    )  # fmt: skip
    found = good(caller.get(PATH))
    assert (found["items"], found["alpha"], found["interval"]) == (1, None, None)


def test_the_period_is_that_of_the_answers(house: House, caller: Any) -> None:
    house.agreed((CARD, CARD))
    house.agreed((CARD, BALANCE), now=NOW - timedelta(days=3))
    between = (NOW - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert good(caller.get(f"{PATH}?since={between}"))["unanimous"]["share"] == 1.0
    assert good(caller.get(f"{PATH}?until={between}"))["unanimous"]["share"] == 0.0


def test_answers_that_saw_the_prediction_or_stand_alone_are_not_compared(
    house: House, caller: Any
) -> None:
    house.resolved()
    found = good(caller.get(PATH))
    assert (found["items"], found["alpha"], found["consensus"]) == (0, None, None)
    assert found["sentence"].startswith("Nothing to compare")


def test_only_who_may_see_measures_sees_it(house: House, api: Any) -> None:
    problem(api(house.reviewer, "review").get(PATH), 403)
    lead = factories.a_person(roles=["lead"])
    good(api(lead, "review").get(PATH))
    problem(api(lead, "review").get(f"{PATH}?since=soon"), 400, "/since")
