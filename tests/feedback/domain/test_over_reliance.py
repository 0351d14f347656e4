"""O7: the estimator of over-reliance finds the effect that was put in, and no other."""

import random
from dataclasses import dataclass

import pytest

from feedback.domain import over_reliance
from feedback.domain.over_reliance import Answered

# P(answer = model) without sight of the prediction, where it is wrong and where it is right.
WRONG, RIGHT = 0.25, 0.85


@dataclass(frozen=True)
class Tier:
    """A tier: how often it is drawn from, how often the model errs, how hard its errors are."""

    chance: float
    error: float
    wrong: float = WRONG


def answers(rng: random.Random, tiers: list[Tier], n: int, *, sway: float) -> list[Answered]:
    """Return answers to `n` items of each tier; seeing the prediction adds `sway` to its share."""
    made = []
    for tier in tiers:
        for _ in range(n):
            wrong, blind = rng.random() < tier.error, rng.random() < tier.chance
            share = (tier.wrong if wrong else RIGHT) + (0 if blind else sway)
            made.append(Answered(blind, tier.chance, rng.random() < share, wrong))
    return made


@pytest.mark.parametrize("sway", [0.0, 0.1, 0.2])
def test_o7_the_estimator_recovers_an_injected_effect(sway: float) -> None:
    rng, tiers = random.Random(7), [Tier(0.2, 0.4)]
    values, held = [], 0
    for _ in range(400):
        found = over_reliance.of(answers(rng, tiers, 1500, sway=sway)).wrong
        assert found.value is not None
        assert found.interval is not None
        values.append(found.value)
        held += found.interval[0] <= sway <= found.interval[1]
    assert sum(values) / len(values) == pytest.approx(sway, abs=0.006)
    # Of 400 intervals of 95 %, 367 to 392 hold it, but once in a thousand.
    assert 366 <= held <= 393


def test_o7_tiers_of_unlike_rates_and_difficulty_do_not_look_like_an_effect() -> None:
    rng = random.Random(8)
    # Where much is drawn, errors are hard to see: unweighted, blind answers err oftener.
    tiers = [Tier(0.5, 0.5, wrong=0.6), Tier(0.05, 0.5, wrong=0.1)]
    values, naive = [], []
    for _ in range(200):
        rows = answers(rng, tiers, 3000, sway=0.0)
        value = over_reliance.of(rows).wrong.value
        assert value is not None
        values.append(value)
        arms = {b: [r.same for r in rows if r.wrong and r.blind is b] for b in (True, False)}
        naive.append(sum(arms[False]) / len(arms[False]) - sum(arms[True]) / len(arms[True]))
    assert sum(values) / len(values) == pytest.approx(0, abs=0.01)
    assert sum(naive) / len(naive) < -0.15


def test_o7_reviewers_who_mistrust_what_is_right_show_as_under_reliance() -> None:
    rng = random.Random(9)
    rows = answers(rng, [Tier(0.3, 0.0)], 4000, sway=-0.2)
    found = over_reliance.of(rows)
    assert found.right.value == pytest.approx(-0.2, abs=0.05)
    assert found.right.interval is not None
    assert found.right.interval[1] < 0
    assert found.wrong.value is None


def test_o7_fewer_than_thirty_answers_in_an_arm_are_not_shown() -> None:
    rows = [Answered(i < 29, 0.5, same=True, wrong=True) for i in range(200)]
    found = over_reliance.of(rows).wrong
    assert (found.blind.n, found.assisted.n) == (29, 171)
    assert (found.value, found.interval, found.blind.share) == (None, None, None)
    assert "171 answers with the prediction in sight and 29 without" in over_reliance.sentence(
        found
    )


def test_o7_what_was_sure_to_be_drawn_has_nothing_to_be_compared_with() -> None:
    rows = [Answered(blind=True, chance=1.0, same=True) for _ in range(100)]
    assert over_reliance.of(rows).all.blind.n == 0


def test_o7_the_interval_of_a_plain_difference_is_newcombes() -> None:
    # Newcombe 1998, table II, row (a): 56/70 against 48/80, method 10: 0.0524 to 0.3339.
    rows = [Answered(blind=False, chance=0.5, same=i < 56, wrong=True) for i in range(70)]
    rows += [Answered(blind=True, chance=0.5, same=i < 48, wrong=True) for i in range(80)]
    found = over_reliance.of(rows).wrong
    assert found.value == pytest.approx(0.2)
    assert found.interval == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert "+20 points, 95 % between +5 and +33" in over_reliance.sentence(found)
