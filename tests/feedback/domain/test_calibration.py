import numpy as np
import pytest

from feedback.domain import calibration
from feedback.domain.quality_wording import calibration as sentence
from feedback.domain.sampled_groups import Group, by_stratum, rates, weights_of


def groups_of(confidence, chance_right, generator, *, share=1.0, cut=200):
    """Return what is seen of some traffic of which a share is drawn."""
    found = []
    right = generator.random(len(confidence)) < chance_right
    seen = generator.random(len(confidence)) < share
    places = (confidence * cut).astype(int)
    for place in np.unique(places):
        here = places == place
        looked = here & seen
        found.append(
            Group(
                "t", share, int(here.sum()), int(looked.sum()), int(looked.sum()),
                int((looked & right).sum()), float(confidence[here].mean()),
            )
        )  # fmt: skip
    return found


def calibrated(groups):
    strata = by_stratum(groups)
    return calibration.of(groups, weights_of(strata, rates(strata)))


def test_perfect_scores_are_told_almost_no_error_where_the_plain_measure_tells_one():
    generator = np.random.default_rng(1)
    naive, debiased = [], []
    for _ in range(60):
        confidence = generator.beta(5, 1.6, 300)
        found = calibrated(groups_of(confidence, confidence, generator))
        naive.append(found.naive)
        debiased.append(found.figure.value)
    assert np.mean(naive) > 0.045
    assert np.mean(debiased) < 0.025


def test_a_model_that_is_ten_points_too_sure_is_told_so():
    generator = np.random.default_rng(2)
    confidence = generator.uniform(0.2, 1, 20_000)
    found = calibrated(groups_of(confidence, confidence - 0.1, generator))
    assert found.figure.value == pytest.approx(0.1, abs=0.01)
    assert found.lean == pytest.approx(0.1, abs=0.01)
    low, high = found.figure.interval
    assert low < 0.1 < high
    assert "on the whole it is too sure" in sentence(found)


def test_what_is_seldom_drawn_counts_for_what_it_stands():
    """The model is right about itself where it is unsure, and 10 points too sure elsewhere."""
    generator = np.random.default_rng(3)
    unsure = generator.uniform(0.2, 0.6, 4000)
    sure = generator.uniform(0.6, 1, 16_000)
    groups = groups_of(unsure, unsure, generator)
    groups += groups_of(sure, sure - 0.1, generator, share=0.1)
    found = calibrated(groups)
    assert found.lean == pytest.approx(0.08, abs=0.02)
    assert found.n == sum(group.settled for group in groups)


def test_bins_hold_about_the_same_weight_in_the_order_of_confidence():
    generator = np.random.default_rng(4)
    confidence = generator.beta(5, 1.6, 5000)
    found = calibrated(groups_of(confidence, confidence, generator))
    assert len(found.bins) == 10
    assert [each.low for each in found.bins] == sorted(each.low for each in found.bins)
    assert all(0.05 < each.share < 0.15 for each in found.bins)
    assert sum(each.n for each in found.bins) == 5000


def test_under_200_cases_nothing_is_shown():
    found = calibrated([Group("t", 1.0, 199, 199, 199, 150, 0.8)])
    assert (found.figure, found.naive, found.bins) == (None, None, [])
    assert sentence(found).startswith("Not shown: it would rest on 199 settled cases")


def test_a_model_without_confidence_has_no_calibration():
    assert calibrated([Group("t", 1.0, 500, 500, 500, 400)]).figure is None
