"""O6: who reviews an item is told how the model does on cases like it, unless they answer blind."""

import re

import pytest

from feedback.selectors import slice_records
from reviews.models import ReviewItem
from tests import factories
from tests.feedback.gates.conftest import Lab
from tests.feedback.gates.test_system_cards import judged
from tests.reviews.web.conftest import Desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def weak(lab: Lab) -> Lab:
    """Return a laboratory whose model 2 is right on cards and wrong on accounts."""
    judged(lab)
    return lab


def page(lab: Lab, tier: str = "mid", version: str = "2", **changes: str) -> str:
    model = {"name": "intents", "version": version}
    item = factories.an_item(lab.bot, tier, model=model, **changes)
    desk = Desk(lab.house.reviewer)
    held = desk.take(f"intents/{item.queue}")
    assert held.item_id == item.pk
    return " ".join(re.sub(r"<[^>]*>", " ", desk.see(held)).split())


def test_o6_an_item_of_a_weak_slice_says_so(weak: Lab) -> None:
    text = page(weak, scenario_type="accounts")
    assert "Weak here" in text
    assert "right in 0 % of 40 held-out cases" in text
    assert "against 51 % over all" in text


def test_o6_a_slice_that_is_not_weak_is_told_without_a_warning(weak: Lab) -> None:
    text = page(weak, scenario_type="cards")
    assert "right in 100 % of 40 held-out cases" in text
    assert "Weak here" not in text


@pytest.mark.parametrize("changes", [{"scenario_type": "travel"}, {"scenario_type": "new"}])
def test_a_slice_of_few_or_no_cases_has_no_record(weak: Lab, changes: dict[str, str]) -> None:
    assert "held-out cases" not in page(weak, **changes)


def test_another_version_has_its_own_record(weak: Lab) -> None:
    assert "held-out cases" not in page(weak, version="3", scenario_type="cards")


def test_o6_a_blind_item_tells_nothing_of_its_slice(weak: Lab) -> None:
    text = page(weak, "high", scenario_type="accounts")
    item = ReviewItem.objects.latest("pk")
    assert item.blind
    assert slice_records.of(item.prediction) is not None
    assert "Weak here" not in text
    assert "held-out cases" not in text
