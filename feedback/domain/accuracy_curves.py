"""How often the model is right at each confidence, fitted on one half for the other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from feedback.domain.sampled_groups import Group, Stratum

Vector = NDArray[np.float64]

SEED = 20_240_229
"""Halves are drawn with a fixed seed: the same counts always give the same figures."""


@dataclass(frozen=True)
class Curves:
    """What was settled of each group, in two halves, and what the other half predicts for it.

    `settled`, `right` and `predicted` have a row for each half and a column for each group.
    """

    settled: Vector
    right: Vector
    predicted: Vector

    @classmethod
    def fitted(cls, groups: Sequence[Group], rates: Mapping[Stratum, float]) -> "Curves":
        """Return the curves of groups, weighted by the inverse of the chance of being seen.

        Isotonic: accuracy never falls as confidence grows (Barlow and Brunk 1972).
        """
        generator = np.random.default_rng(SEED)
        settled = np.array([g.settled for g in groups], dtype=int)
        right = np.array([g.right for g in groups], dtype=int)
        first = generator.binomial(settled, 0.5)
        first_right = generator.hypergeometric(right, settled - right, first)
        halves = np.array([first, settled - first], dtype=float)
        rights = np.array([first_right, right - first_right], dtype=float)
        chances = np.array([rates[g.stratum] or np.inf for g in groups], dtype=float)
        confidences = np.array(
            [np.nan if g.confidence is None else g.confidence for g in groups], dtype=float
        )
        predicted = [
            _predicted(confidences, rights[other], halves[other], halves[other] / chances)
            for other in (1, 0)
        ]
        return cls(halves, rights, np.array(predicted))

    def of(self, place: int) -> Iterator[tuple[float, float, float]]:
        """Yield for each half how many of a group were settled, were right, and are predicted."""
        for half in (0, 1):
            yield (
                float(self.settled[half, place]), float(self.right[half, place]),
                float(self.predicted[half, place]),
            )  # fmt: skip


def _predicted(confidences: Vector, right: Vector, settled: Vector, weights: Vector) -> Vector:
    """Return the accuracy that a half predicts for each group; the mean where it cannot tell."""
    from scipy.optimize import isotonic_regression  # noqa: PLC0415 - large, and needed here alone

    shares = np.divide(right, settled, out=np.zeros_like(right), where=settled > 0)
    if not weights.any():
        return np.full_like(confidences, 0.5)
    found = np.full_like(confidences, np.average(shares, weights=weights))
    told = (weights > 0) & ~np.isnan(confidences)
    if told.any():
        order = np.flatnonzero(told)[np.argsort(confidences[told], kind="stable")]
        fitted = isotonic_regression(shares[order], weights=weights[order]).x
        with_confidence = ~np.isnan(confidences)
        found[with_confidence] = np.interp(confidences[with_confidence], confidences[order], fitted)
    return found
