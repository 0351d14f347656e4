"""How much a model's answer sways reviewers, by the draw that hides it from some of them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from reviews.domain.shares import wilson

MINIMUM = 30


@dataclass(frozen=True, slots=True)
class Answered:
    """The first answer to one item of the draw.

    `chance` is the probability in (0, 1) with which it was drawn to be answered `blind`; `same` is
    whether the answer was the model's; `wrong` whether the model turned out wrong, None where
    nobody but this reviewer could tell.
    """

    blind: bool
    chance: float
    same: bool
    wrong: bool | None = None


@dataclass(frozen=True)
class Arm:
    """The answers of one arm: how many there are, and in which share of them the model's stood."""

    n: int
    share: float | None
    weight: float


@dataclass(frozen=True)
class Difference:
    """How much oftener the model's answer stands when it is seen (`assisted`) than when not.

    `value` and `interval` (95 %) are shares in [-1, 1], or None with fewer than MINIMUM answers in
    either arm.
    """

    assisted: Arm
    blind: Arm
    value: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Sway:
    """Three differences: over all answers, where the model was wrong, and where it was right.

    Where it was wrong, a positive one is over-reliance: P(answer = model | wrong, assisted) -
    P(answer = model | wrong, blind). Where it was right, a negative one is under-reliance.
    """

    all: Difference
    wrong: Difference
    right: Difference


def of(answers: Iterable[Answered]) -> Sway:
    """Return how much the model's answer sways these reviewers.

    Shares are weighted by the inverse of the probability of the arm (Hajek 1971), so that tiers
    with unlike rates can stand together; the interval is Newcombe's for a difference of two shares
    (1998, method 10), with Kish's effective number of answers in each arm. It is one of these
    reviewers: it says nothing of others. Where the truth is known only for items on which reviewers
    differed, the differences by truth are of those items alone.
    """
    known = [each for each in answers if 0 < each.chance < 1]
    return Sway(
        _difference(known),
        _difference([each for each in known if each.wrong is True]),
        _difference([each for each in known if each.wrong is False]),
    )


def _difference(answers: list[Answered]) -> Difference:
    assisted = _arm([(e.same, 1 / (1 - e.chance)) for e in answers if not e.blind])
    blind = _arm([(e.same, 1 / e.chance) for e in answers if e.blind])
    if min(assisted.n, blind.n) < MINIMUM or assisted.share is None or blind.share is None:
        return Difference(_unshown(assisted), _unshown(blind), None, None)
    value = assisted.share - blind.share
    low_a, high_a = wilson(assisted.share, assisted.weight)
    low_b, high_b = wilson(blind.share, blind.weight)
    below = math.hypot(assisted.share - low_a, high_b - blind.share)
    above = math.hypot(high_a - assisted.share, blind.share - low_b)
    return Difference(assisted, blind, value, (max(value - below, -1.0), min(value + above, 1.0)))


def _arm(rows: list[tuple[bool, float]]) -> Arm:
    if not rows:
        return Arm(0, None, 0.0)
    total = sum(weight for _, weight in rows)
    same = sum(weight for hit, weight in rows if hit)
    effective = total * total / sum(weight * weight for _, weight in rows)
    return Arm(len(rows), same / total, effective)


def _unshown(arm: Arm) -> Arm:
    return Arm(arm.n, None, arm.weight)


def sentence(found: Difference) -> str:
    """Return what a difference says, in one sentence."""
    seen, blind = found.assisted, found.blind
    if found.value is None or found.interval is None or seen.share is None or blind.share is None:
        return (
            f"Not shown: {seen.n} answers with the prediction in sight and {blind.n} without it, "
            f"of which each needs {MINIMUM}."
        )
    low, high = found.interval
    clear = low > 0 or high < 0
    said = "" if clear else " It may be chance."
    return (
        f"The model's answer was given in {100 * seen.share:.0f} % of {seen.n} answers that saw it "
        f"and in {100 * blind.share:.0f} % of {blind.n} that did not: {100 * found.value:+.0f} "
        f"points, 95 % between {100 * low:+.0f} and {100 * high:+.0f}.{said}"
    )
