"""Whether the model is right as often as it says, over all traffic."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from feedback.domain.estimators import Figure
from feedback.domain.sampled_groups import Group, Interval, Stratum
from reviews.domain.shares import wilson

Vector = NDArray[np.float64]

FEWEST = 200
BINS = 10
DRAWS = 400
SEED = 20_240_301


@dataclass(frozen=True)
class Bin:
    """Predictions of like confidence: how sure the model was, and how often it is right.

    `n` were settled; `accuracy` is over all traffic, with its 95 % interval.
    """

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float
    interval: Interval
    share: float
    worth: float


@dataclass(frozen=True)
class Calibration:
    """How far confidence is from accuracy.

    `naive` is the expected calibration error of what was reviewed, as it stands; `figure` the
    root mean square error over all traffic, less what chance adds. Both None under FEWEST.
    `lean` is mean confidence less accuracy: above 0, the model is too sure.
    """

    n: int
    naive: float | None
    figure: Figure | None
    lean: float
    bins: list[Bin]


def of(groups: Sequence[Group], weights: Mapping[Stratum, float]) -> Calibration:
    """Return the calibration of what was settled, weighted to all traffic.

    In bins of equal weight; each squared distance less its own variance (Kumar, Liang and Ma 2019,
    section 4), else even perfect scores would be told an error. The interval is of 400 draws from
    the bins as they are.
    """
    told = sorted(
        (g for g in groups if g.settled and g.confidence is not None),
        key=lambda g: g.confidence or 0,
    )
    n = sum(g.settled for g in told)
    if n < FEWEST:
        return Calibration(n, None, None, 0.0, [])
    bins = [_bin(part, weights) for part in _parts(told, weights)]
    size = sum(each.share for each in bins)
    bins = [Bin(**{**each.__dict__, "share": each.share / size}) for each in bins]
    naive = sum(
        abs(sum(g.right - g.settled * (g.confidence or 0) for g in part)) / n
        for part in _parts(told, dict.fromkeys(weights, 1.0))
    )
    lean = sum(each.share * (each.confidence - each.accuracy) for each in bins)
    return Calibration(n, naive, _error(bins), lean, bins)


def _parts(told: Sequence[Group], weights: Mapping[Stratum, float]) -> list[list[Group]]:
    """Return runs of like confidence, of about the same weight."""
    size = sum(g.settled * weights[g.stratum] for g in told)
    parts: list[list[Group]] = [[] for _ in range(BINS)]
    passed = 0.0
    for each in told:
        weight = each.settled * weights[each.stratum]
        parts[min(int((passed + weight / 2) / size * BINS), BINS - 1)].append(each)
        passed += weight
    return [part for part in parts if part]


def _bin(part: Sequence[Group], weights: Mapping[Stratum, float]) -> Bin:
    size = sum(g.settled * weights[g.stratum] for g in part)
    squares = sum(g.settled * weights[g.stratum] ** 2 for g in part)
    share = sum(g.right * weights[g.stratum] for g in part) / size
    sure = sum(g.settled * weights[g.stratum] * (g.confidence or 0) for g in part) / size
    worth = size**2 / squares
    return Bin(
        part[0].confidence or 0.0, part[-1].confidence or 0.0, sum(g.settled for g in part),
        sure, share, wilson(share, worth), size, worth,
    )  # fmt: skip


def _error(bins: Sequence[Bin]) -> Figure:
    sure = np.array([each.confidence for each in bins])
    shares = np.array([each.share for each in bins])
    worth = np.round([max(each.worth, 2.0) for each in bins])

    def error(found: Vector) -> float:
        squares = (found - sure) ** 2 - found * (1 - found) / (worth - 1)
        return math.sqrt(max(float(np.sum(shares * squares)), 0.0))

    found = np.array([each.accuracy for each in bins])
    generator = np.random.default_rng(SEED)
    drawn = generator.binomial(worth.astype(int), found, (DRAWS, len(bins))) / worth
    low, high = np.quantile([error(each) for each in drawn], (0.025, 0.975))
    value = error(found)
    return Figure(value, (min(float(low), value), max(float(high), value)))
