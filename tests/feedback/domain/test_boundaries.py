from copy import deepcopy

import pytest

from feedback.domain.boundaries import Band, boundary, changes, load, moved
from tests.factories import PIPELINE


def document(**routing):
    return deepcopy(PIPELINE) | {"routing": PIPELINE["routing"] | routing}


def test_the_boundary_is_the_rule_that_approves_by_confidence_alone():
    found = boundary(document())
    assert (found.rule, found.tier, found.threshold) == ("confident", "low", 0.8)
    assert found.movable == {"", "very-unsure", "unsure", "confident"}


@pytest.mark.parametrize(
    "when", ["confidence >= 0.8 && scenario_type == 'cards'", "scores.a >= 0.8", "confidence < 0.8"]
)
def test_a_rule_that_looks_at_more_or_takes_the_unsure_is_no_boundary(when):
    rules = [{"name": "some", "when": when, "tier": "low"}]
    assert boundary(document(rules=rules)) is None


def test_a_rule_that_asks_people_is_no_boundary():
    rules = [{"name": "sure", "when": "confidence >= 0.8", "tier": "mid"}]
    assert boundary(document(rules=rules)) is None


def test_all_plain_rules_that_name_the_boundary_move_with_it():
    before = document()
    after = moved(before, boundary(before), 0.65)
    assert changes(before, after) == [
        {"rule": "unsure", "before": "confidence < 0.8", "after": "confidence < 0.65"},
        {"rule": "confident", "before": "confidence >= 0.8", "after": "confidence >= 0.65"},
    ]
    assert before == document()


def test_the_load_is_told_by_tier_and_queue_now_and_then():
    before = document()
    after = moved(before, boundary(before), 0.65)
    bands = [Band(0.2, 5), Band(0.6, 10), Band(0.7, 20), Band(0.9, 40), Band(None, 1)]
    assert load(before, bands) == {("high", "experts"): 5, ("mid", "general"): 31, ("low", ""): 40}
    assert load(after, bands) == {("high", "experts"): 5, ("mid", "general"): 11, ("low", ""): 60}
