"""How far people who do not see each other's answers agree."""

from typing import Any

import pytest

from reviews.models import ReviewItem
from tests import factories
from tests.api.answers import good, problem
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


def test_what_is_inferred_is_compared_with_outcomes_and_settles_nothing(
    house: House, caller: Any
) -> None:
    house.agreed((CARD, CARD))
    house.agreed((CARD, BALANCE))
    before = list(ReviewItem.objects.order_by("pk").values("status", "resolution"))
    consensus = good(caller.get(PATH))["consensus"]
    assert consensus["majority"] == {"n": 1, "share": 1.0, "interval": [pytest.approx(0.2, 0.1), 1]}
    assert consensus["dawid_skene"]["n"] == 1
    assert consensus["new_reviewers"] == 4
    assert list(ReviewItem.objects.order_by("pk").values("status", "resolution")) == before


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
