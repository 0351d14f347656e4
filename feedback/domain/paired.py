"""Two models on the same rows: tests and intervals of the difference of their accuracy.

A pair is one row that both have answered. `gained` counts the rows that only the candidate has
right, `lost` those that only the baseline has right, of `n` rows in all; the difference is
(gained - lost) / n.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

NORMAL = NormalDist()
STEPS = 60


@dataclass(frozen=True, slots=True)
class Pairs:
    """What two models did on the same rows, counted."""

    n: int
    gained: int
    lost: int
    both: int = 0

    @property
    def difference(self) -> float:
        """Return the accuracy of the candidate less that of the baseline."""
        return (self.gained - self.lost) / self.n

    @property
    def baseline(self) -> float:
        """Return the share that the baseline has right."""
        return (self.both + self.lost) / self.n

    @property
    def candidate(self) -> float:
        """Return the share that the candidate has right."""
        return (self.both + self.gained) / self.n

    @property
    def discordance(self) -> float:
        """Return the share of rows that only one of them has right."""
        return (self.gained + self.lost) / self.n


def count(pairs: Iterable[tuple[bool, bool]]) -> Pairs:
    """Count pairs of whether the baseline and the candidate were right."""
    n = gained = lost = both = 0
    for baseline, candidate in pairs:
        n += 1
        both += baseline and candidate
        gained += candidate and not baseline
        lost += baseline and not candidate
    return Pairs(n, gained, lost, both)


def mid_p(more: int, fewer: int) -> float:
    """Return the one-sided mid-p value of McNemar's test that `more` is more than chance.

    P(X > more) + P(X = more) / 2 for X ~ Binomial(more + fewer, 1/2); 1/2 where both are 0. The
    two-sided value is twice the smaller side (Fagerland, Lydersen and Laake 2013).
    """
    total = more + fewer
    ways = math.comb(total, more)
    above = 0
    term = ways
    for k in range(more + 1, total + 1):
        term = term * (total - k + 1) // k
        above += term
    return float((2 * above + ways) / 2 ** (total + 1))


def interval(pairs: Pairs, *, alpha: float) -> tuple[float, float]:
    """Return the score interval of the difference; each bound fails with probability `alpha`.

    Tango (1998), solved by bisection: the differences that the score test does not refuse.
    """
    z = NORMAL.inv_cdf(1 - alpha)
    seen = pairs.difference
    low = _solve(lambda delta: _score(pairs, delta) - z, -1.0, seen)
    high = _solve(lambda delta: _score(pairs, delta) + z, seen, 1.0)
    return low, high


def _score(pairs: Pairs, delta: float) -> float:
    """Return the score statistic of the hypothesis that the difference is `delta`.

    The share that only the baseline has right is estimated under the hypothesis: the root of a
    quadratic equation (Tango 1998, equation 10).
    """
    n, b, c = pairs.n, pairs.gained, pairs.lost
    first = 2 * n
    second = -b - c + (2 * n - b + c) * delta
    third = -c * delta * (1 - delta)
    share = (math.sqrt(max(second**2 - 4 * first * third, 0.0)) - second) / (2 * first)
    variance = n * (2 * share + delta * (1 - delta))
    away = b - c - n * delta
    if variance <= 0:
        return math.copysign(math.inf, away) if away else 0.0
    return away / math.sqrt(variance)


def _solve(score: Callable[[float], float], low: float, high: float) -> float:
    """Return where a falling function crosses nought between two points."""
    for _ in range(STEPS):
        middle = (low + high) / 2
        if score(middle) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def holm(values: Sequence[float], *, alpha: float) -> list[bool]:
    """Return which of several p-values are refused at family-wise error `alpha` (Holm 1979)."""
    refused = [False] * len(values)
    ordered = sorted(range(len(values)), key=lambda i: values[i])
    for step, i in enumerate(ordered):
        if values[i] > alpha / (len(values) - step):
            break
        refused[i] = True
    return refused


def rows_needed(*, discordance: float, margin: float, alpha: float, power: float) -> int:
    """Return how many rows show that nothing more than `margin` is lost, where nothing is.

    n = (z_alpha + z_beta)^2 * discordance / margin^2, for two equal models (Liu, Hsueh, Hsieh and
    Chen 2002).
    """
    z = NORMAL.inv_cdf(1 - alpha) + NORMAL.inv_cdf(power)
    return math.ceil(z**2 * discordance / margin**2)


def detectable(*, n: int, discordance: float, alpha: float, power: float) -> float:
    """Return the smallest difference that `n` rows show with a power, by the same formula."""
    z = NORMAL.inv_cdf(1 - alpha) + NORMAL.inv_cdf(power)
    return z * math.sqrt(discordance / n)
