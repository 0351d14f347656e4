import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.domain.certifying import Audit, Region, bound, certify, holds, needed
from tests.shared import stream_of_intents


def audits_of(confidence, wrong, propensity):
    rows = zip(confidence, wrong, propensity, strict=True)
    return [Audit(float(sure), bool(bad), float(chance)) for sure, bad, chance in rows]


def surest(audits):
    """Return for each propensity the highest confidence among audits that had it."""
    ordered = sorted(audits, key=lambda audit: audit.confidence)
    return {audit.propensity: audit.confidence for audit in ordered}


def certified(audits, more=None, **promise):
    return certify(audits, surest(audits) | (more or {}), **promise)


def region(rows, wrong):
    return Region(0.9, tuple(rows), wrong, frozenset(row.propensity for row in rows))


class Traffic:
    """A model whose error falls as it grows sure, and what is true of each of its thresholds."""

    def __init__(self, power):
        self.generator = np.random.default_rng(20_261_127)
        self.power = power
        confidence, wrong = self.some(400_000)
        self.ordered = np.argsort(-confidence)
        self.confidence = confidence[self.ordered]
        self.risk = np.cumsum(wrong[self.ordered]) / np.arange(1, len(wrong) + 1)

    def some(self, n):
        confidence = np.round(np.clip(self.generator.beta(5, 1.2, n), 0.01, 0.9999), 4)
        return confidence, self.generator.random(n) < (1 - confidence) ** self.power

    def audited(self, n, chance):
        confidence, wrong = self.some(n)
        propensity = chance(confidence)
        seen = self.generator.random(n) < propensity
        return audits_of(confidence[seen], wrong[seen], propensity[seen])

    def at(self, threshold):
        """Return the error and the share of what lies at or above a threshold."""
        place = np.searchsorted(-self.confidence, -threshold, side="right") - 1
        return self.risk[place], (place + 1) / len(self.risk)

    def best(self, max_error):
        places = np.flatnonzero(self.risk[1000:] <= max_error)
        return (places[-1] + 1000) / len(self.risk)

    def repeated(self, n, chance, max_error, times):
        """Return how often the promise was broken, what was covered, and what a refit breaks."""
        broken = refitted = 0
        covered = []
        for _ in range(times):
            audits = self.audited(n, chance)
            found = certified(audits, max_error=max_error, confidence=0.95)
            risk, share = self.at(found.threshold) if found else (0.0, 0.0)
            broken += risk > max_error
            covered.append(share)
            refitted += self.at(refit(audits, max_error))[0] > max_error
        return broken / times, float(np.mean(covered)), refitted / times


def refit(audits, max_error):
    """Return the lowest threshold whose error among the audited is small enough: no promise."""
    ordered = sorted(audits, key=lambda audit: -audit.confidence)
    weights = np.array([1 / audit.propensity for audit in ordered])
    wrong = np.array([audit.wrong for audit in ordered])
    places = np.flatnonzero(np.cumsum(weights * wrong) / np.cumsum(weights) <= max_error)
    return ordered[places[-1]].confidence if len(places) else 2.0


def all_of_them(confidence):
    return np.ones_like(confidence)


def fewer_of_the_sure(confidence):
    return np.where(confidence < 0.75, 1.0, 0.25)


@pytest.mark.parametrize(
    ("n", "chance"), [(1000, all_of_them), (2500, fewer_of_the_sure)], ids=["all", "mixed"]
)
def test_b2_the_promise_is_kept_where_a_refit_breaks_it_half_of_the_time(n, chance):
    broken, covered, refitted = Traffic(2).repeated(n, chance, 0.05, 400)
    assert broken <= 0.05
    assert covered > 0.2
    assert refitted > 0.3


def test_b2_many_audits_certify_most_of_what_could_be():
    traffic = Traffic(2)
    broken, covered, _ = traffic.repeated(5000, all_of_them, 0.05, 40)
    assert broken <= 0.05
    assert covered >= 0.85 * traffic.best(0.05)


def test_b2_a_bad_model_with_few_audits_is_not_certifiable_yet():
    traffic = Traffic(0.8)
    found = [
        certified(traffic.audited(300, all_of_them), max_error=0.02, confidence=0.95)
        for _ in range(50)
    ]
    assert found.count(None) >= 48


@pytest.mark.parametrize(("max_error", "audits"), [(0.05, 59), (0.10, 29), (0.01, 299)])
def test_so_many_clean_audits_are_needed_at_least(max_error, audits):
    assert needed(max_error=max_error, confidence=0.95) == audits
    clean = audits_of([0.9] * audits, [False] * audits, [1.0] * audits)
    assert holds(region(clean, 0), max_error=max_error, risk=0.05)
    fewer = region(clean[1:], 0)
    assert not holds(fewer, max_error=max_error, risk=0.05)


def test_the_bound_of_a_uniform_draw_is_that_of_clopper_and_pearson():
    """3 of 100: 7.57 % at 95 %, one-sided (Clopper and Pearson 1934)."""
    rows = audits_of([0.9] * 100, [True] * 3 + [False] * 97, [0.3] * 100)
    assert bound(region(rows, 3), risk=0.05) == pytest.approx(0.0757, abs=1e-4)


def test_betting_bounds_a_uniform_draw_a_little_less_sharply():
    rows = audits_of([0.9] * 400, [i % 40 == 0 for i in range(400)], [0.3] * 399 + [0.300001])
    exact = bound(
        region(audits_of([0.9] * 400, [i % 40 == 0 for i in range(400)], [0.3] * 400), 10),
        risk=0.05,
    )
    assert exact < bound(region(rows, 10), risk=0.05) < exact + 0.02


def test_an_error_among_the_seldom_drawn_weighs_more():
    def bounded(rare_is_wrong):
        wrong = [False] * 599 + [not rare_is_wrong, *[False] * 599, rare_is_wrong]
        chances = [1.0] * 600 + [0.1] * 600
        rows = audits_of([0.9] * 1200, wrong, chances)
        return bound(region(rows, 1), risk=0.05)

    assert bounded(rare_is_wrong=True) > bounded(rare_is_wrong=False)


def test_a_part_of_which_nothing_was_drawn_is_not_taken_to_be_like_the_rest():
    """The surest are drawn once in 2,000 times, and none of them was."""
    seen = audits_of([0.8] * 400, [i % 100 == 0 for i in range(400)], [1.0] * 400)
    assert certified(seen, max_error=0.05, confidence=0.95) is not None
    unseen = {0.0005: 0.95}
    assert certified(seen, unseen, max_error=0.05, confidence=0.95) is None


def test_equal_confidences_are_never_parted():
    rows = audits_of([0.9] * 500 + [0.8] * 500, [False] * 500 + [True] * 500, [1.0] * 1000)
    found = certified(rows, max_error=0.05, confidence=0.95)
    assert (found.threshold, found.n, found.wrong) == (0.9, 500, 0)
    mixed = audits_of([0.9] * 1000, [False] * 500 + [True] * 500, [1.0] * 1000)
    assert certified(mixed, max_error=0.05, confidence=0.95) is None


def test_of_nothing_nothing_is_certified():
    assert certified([], max_error=0.05, confidence=0.95) is None


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from([0.5, 0.7, 0.9, 0.99]), st.booleans(), st.sampled_from([1, 0.2])),
        max_size=60,
    ),
    st.sampled_from([0.3, 0.5]),
)
def test_what_is_certified_is_bounded_by_what_was_asked(rows, max_error):
    audits = [Audit(*row) for row in rows]
    found = certified(audits, max_error=max_error, confidence=0.9)
    if found is not None:
        within = [audit for audit in audits if audit.confidence >= found.threshold]
        assert (found.n, found.wrong) == (len(within), sum(a.wrong for a in within))
        assert found.bound <= max_error + 1e-5
        assert math.isfinite(found.bound)


def test_on_a_real_stream_the_true_error_is_what_was_promised():
    confidence, right = stream_of_intents()
    wrong = ~right
    generator = np.random.default_rng(1)
    broken = 0
    for _ in range(40):
        chance = np.where(confidence < 0.6, 1.0, 0.4)
        seen = generator.random(len(wrong)) < chance
        found = certified(
            audits_of(confidence[seen], wrong[seen], chance[seen]), max_error=0.05, confidence=0.95
        )
        assert found is not None
        broken += wrong[confidence >= found.threshold].mean() > 0.05
    assert broken <= 2
