"""Whether people beat the model on what they are sent; the judged never tell the truth."""

from typing import Any

import pytest

from tests.api.answers import good, problem
from tests.feedback.conftest import House

PATH = "/pipelines/intents/impact"
CARD, BALANCE = "card_arrival", "balance"


@pytest.fixture
def caller(api: Any, house: House) -> Any:
    return api(house.bot, "datasets:read")


def test_the_first_blind_answer_is_judged_by_what_others_said(house: House, caller: Any) -> None:
    for _ in range(3):
        house.agreed((BALANCE, BALANCE), scenario_type="loans")
    for _ in range(28):
        house.agreed((CARD, CARD), scenario_type="cards")
    whole, cards, loans = good(caller.get(PATH))["complementarity"]
    assert (whole["scenario_type"], whole["n"]) == (None, 31)
    assert (whole["people"], whole["model"]) == (1.0, pytest.approx(28 / 31))
    assert whole["better"] in ("unclear", "people")
    assert "one person is right in 100 %" in whole["sentence"]
    assert (cards["scenario_type"], cards["better"]) == ("cards", "unknown")
    assert (loans["n"], loans["difference"]) == (3, None)


def test_what_one_person_answered_or_nobody_settled_is_left_out(house: House, caller: Any) -> None:
    house.resolved()
    house.agreed((CARD,))
    (whole,) = good(caller.get(PATH))["complementarity"]
    assert (whole["n"], whole["better"]) == (0, "unknown")


def test_a_reviewer_who_does_not_lead_is_refused(house: House, api: Any) -> None:
    problem(api(house.reviewer, "review").get(PATH), 403)
