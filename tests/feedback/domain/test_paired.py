"""Paired tests, against published and independently computed values."""

import itertools
import math
import random

import pytest

from feedback.domain import paired
from feedback.domain.paired import Pairs


def test_the_interval_is_that_of_tango_for_airways_before_and_after_transplantation() -> None:
    """Bentur et al. 2009, as worked out by Fagerland, Lydersen and Laake (2014)."""
    low, high = paired.interval(Pairs(21, gained=1, lost=7, both=1), alpha=0.025)
    assert (round(low, 3), round(high, 3)) == (-0.517, -0.026)


def test_mid_p_is_that_of_the_same_table() -> None:
    """Fagerland, Lydersen and Laake (2013): exact 0.0703, mid-p 0.0391."""
    assert round(2 * paired.mid_p(7, 1), 4) == 0.0391


@pytest.mark.parametrize("total", range(13))
def test_mid_p_is_what_counting_every_sequence_gives(total: int) -> None:
    sums = [sum(sequence) for sequence in itertools.product((0, 1), repeat=total)]
    for more in range(total + 1):
        counted = (
            sum(each > more for each in sums) + sum(each == more for each in sums) / 2
        ) / 2**total
        assert paired.mid_p(more, total - more) == pytest.approx(counted)
        both = paired.mid_p(more, total - more) + paired.mid_p(total - more, more)
        assert both == pytest.approx(1)


def test_a_bound_of_the_interval_is_where_the_score_test_just_does_not_refuse() -> None:
    for n, gained, lost in ((50, 7, 2), (50, 0, 0), (400, 20, 31), (10, 10, 0), (10, 0, 10)):
        pairs = Pairs(n, gained, lost)
        low, high = paired.interval(pairs, alpha=0.05)
        assert -1 <= low <= pairs.difference <= high <= 1
        mirrored = paired.interval(Pairs(n, lost, gained), alpha=0.05)
        assert (low, high) == pytest.approx((-mirrored[1], -mirrored[0]), abs=1e-9)


def test_the_interval_covers_what_it_promises() -> None:
    """A quarter and a tenth of pairs differ: each bound fails in about 5 of 100 samples."""
    draw = random.Random(7)
    missed = [0, 0]
    for _ in range(2_000):
        kinds = draw.choices(("gained", "lost", "same"), (0.15, 0.10, 0.75), k=200)
        pairs = Pairs(200, kinds.count("gained"), kinds.count("lost"))
        low, high = paired.interval(pairs, alpha=0.05)
        missed[0] += low > 0.05
        missed[1] += high < 0.05
    assert all(0.03 <= count / 2_000 <= 0.07 for count in missed)


@pytest.mark.parametrize(
    ("discordance", "needed"),
    [(0.04, (857, 381, 138)), (0.06, (1285, 571, 206)), (0.10, (2141, 952, 343))],
)
def test_rows_needed_are_those_of_the_published_table(
    discordance: float, needed: tuple[int, ...]
) -> None:
    found = [
        paired.rows_needed(discordance=discordance, margin=margin, alpha=0.05, power=0.9)
        for margin in (0.02, 0.03, 0.05)
    ]
    assert tuple(found) == needed


def test_what_is_detectable_is_the_margin_that_so_many_rows_rule_out() -> None:
    given = {"discordance": 0.06, "alpha": 0.05, "power": 0.9}
    rows = paired.rows_needed(margin=0.03, **given)
    assert paired.detectable(n=rows, **given) == pytest.approx(0.03, abs=1e-4)


def test_holm_refuses_step_by_step() -> None:
    """The smallest is held to alpha / 4, the next to alpha / 3, and there it ends."""
    assert paired.holm([0.01, 0.04, 0.03, 0.005], alpha=0.05) == [True, False, False, True]
    assert paired.holm([0.02, 0.001], alpha=0.05) == [True, True]
    assert paired.holm([], alpha=0.05) == []


def test_counts_are_of_pairs() -> None:
    some = [(True, True), (True, False), (False, True), (False, False), (False, True)]
    pairs = paired.count(some)
    assert (pairs.n, pairs.gained, pairs.lost, pairs.both) == (5, 2, 1, 1)
    assert pairs.baseline == pytest.approx(0.4)
    assert pairs.candidate == pytest.approx(0.6)
    assert math.isclose(pairs.difference, 0.2)
