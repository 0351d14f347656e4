"""The model of the example: small on purpose, so that it is often unsure, and says so honestly.

It learns in two stages, each a logistic regression. The first tells five groups of look-alikes
apart, from 200 images. The second tells the two digits of a group apart, from one image of each.
Both are calibrated on other 297 images, so that of what it is 70 % sure of, about 70 % is right.
"""

import math
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression

LOOK_ALIKES = ((4, 9), (1, 7), (3, 8), (0, 6), (2, 5))
PARTNER = {a: b for pair in LOOK_ALIKES for a, b in (pair, pair[::-1])}
GROUP = {digit: i for i, pair in enumerate(LOOK_ALIKES) for digit in pair}
MODEL = {"name": "digits-two-stage", "version": "1"}
FULL_INK = 16
# Chosen so that one image of a 4 and one of a 9 leave the model unsure about some forty others.
SEED = 3
TRAINING, PER_DIGIT, KEPT_BACK = 200, 1, 497
DECIMALS = 4

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Digit:
    """One image that is sent: 8 x 8 shades from 0 to 16, what it shows, and the ten scores."""

    number: int
    shades: Floats
    truth: int
    scores: Floats

    @property
    def external_id(self) -> str:
        """The name under which the pipeline sends it."""
        return f"digit-{self.number:04}"

    @cached_property
    def order(self) -> list[int]:
        """The ten digits, the likeliest first."""
        return [int(digit) for digit in np.argsort(-self.scores, kind="stable")]

    def characteristics(self) -> dict[str, Any]:
        """Return what a routing rule may ask of it.

        `ink` is the mean shade (0 to 1), `margin` the gap between the two best scores, `entropy`
        that of the scores in bits, and `look_alikes` whether the two best resemble each other.
        """
        best, second = self.order[:2]
        scores = self.scores
        return {
            "ink": rounded(self.shades.mean() / FULL_INK),
            "margin": rounded(scores[best] - scores[second]),
            "entropy": rounded(-sum(p * math.log2(p) for p in scores if p > 0)),
            "runner_up": str(second),
            "look_alikes": PARTNER[best] == second,
        }


def rounded(value: float) -> float:
    """Return a figure with few decimals, so that it is the same on every machine."""
    return round(float(value), DECIMALS)


def scenario(digit: int) -> str:
    """Return the name of a digit's group of look-alikes, such as 4-or-9."""
    a, b = LOOK_ALIKES[GROUP[digit]]
    return f"{a}-or-{b}"


@cache
def predicted() -> tuple[Digit, ...]:
    """Train the model and return every image that it has not seen, with its scores."""
    bunch = load_digits()
    pixels, truth = bunch.data / FULL_INK, bunch.target
    order = np.random.default_rng(SEED).permutation(len(truth))
    rest = np.sort(order[KEPT_BACK:])
    scores = _scores(pixels, truth, order[:TRAINING], order[TRAINING:KEPT_BACK], rest)
    return tuple(
        Digit(int(number), bunch.images[number], int(truth[number]), row)
        for number, row in zip(rest, scores, strict=True)
    )


def _scores(
    pixels: Floats, truth: Integers, training: Integers, calibration: Integers, rest: Integers
) -> Floats:
    groups = np.array([GROUP[int(digit)] for digit in truth])
    stage = _trained(pixels, groups, training, calibration, method="temperature")
    of_group = stage.predict_proba(pixels[rest])
    scores = np.zeros((len(rest), 10))
    for i, pair in enumerate(LOOK_ALIKES):
        seen = np.concatenate([training[truth[training] == digit][:PER_DIGIT] for digit in pair])
        alike = calibration[np.isin(truth[calibration], pair)]
        second = _trained(pixels, truth, seen, alike, method="sigmoid")
        within = second.predict_proba(pixels[rest])
        for column, digit in enumerate(second.classes_):
            scores[:, int(digit)] = of_group[:, i] * within[:, column]
    return scores


def _trained(
    pixels: Floats, labels: Integers, training: Integers, calibration: Integers, *, method: str
) -> Any:
    model = LogisticRegression(max_iter=2000).fit(pixels[training], labels[training])
    calibrated = CalibratedClassifierCV(FrozenEstimator(model), method=method)
    return calibrated.fit(pixels[calibration], labels[calibration])
