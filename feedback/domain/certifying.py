"""The lowest confidence from which on a rule may approve, with a certificate of its error.

Promised is the selective risk: of what is approved, the share that is wrong is at most `max_error`,
with probability `confidence` over the draw of the audits. It holds for traffic like that which was
audited: for one model and one policy.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

STARTS = 5
GRID = 200
BETS = (0.1, 0.25, 0.5, 0.75, 0.9, 0.98)


@dataclass(frozen=True, slots=True)
class Audit:
    """A prediction that was drawn with probability `propensity`, and what people found."""

    confidence: float
    wrong: bool
    propensity: float


@dataclass(frozen=True)
class Region:
    """What lies at or above a threshold: `audits` of it, of which `wrong` were wrong.

    `chances` are the propensities of all traffic there, drawn or not: where nothing of a part that
    is seldom drawn was drawn, its audits alone would look as if they stood for all.
    """

    threshold: float
    audits: tuple[Audit, ...]
    wrong: int
    chances: frozenset[float]

    @property
    def n(self) -> int:
        """Return how many were audited."""
        return len(self.audits)

    @property
    def uniform(self) -> bool:
        """Return whether all had the same chance to be drawn."""
        return len(self.chances) <= 1


@dataclass(frozen=True)
class Certificate:
    """A threshold with the error that is certified of what lies at or above it.

    `bound` holds with the confidence that was asked for; `method` is `binomial` or `betting`.
    """

    threshold: float
    n: int
    wrong: int
    bound: float
    method: str


def needed(*, max_error: float, confidence: float) -> int:
    """Return how many audits without an error it takes at least: ln(1 - c) / ln(1 - e)."""
    return math.ceil(math.log(1 - confidence) / math.log1p(-max_error))


def certify(
    audits: Sequence[Audit], surest: Mapping[float, float], *, max_error: float, confidence: float
) -> Certificate | None:
    """Return the certificate of the lowest threshold that can be certified, or None.

    `audits` are in the order in which they were settled; `surest` tells for each propensity of the
    traffic the highest confidence that had it. Two searches share what may be risked:
    fixed sequences from strict to lax, each from a start of its own and stopped by its first
    failure (Angelopoulos, Bates, Candès, Jordan and Lei 2021), and a bisection (Geifman and
    El-Yaniv 2017). Taking a bound at each threshold and the best of them would break the promise.
    Equal confidences are never parted.
    """
    regions = _regions(audits, surest)
    if not regions:
        return None
    risk = 1 - confidence

    @cache
    def passes(place: int, allowed: float) -> bool:
        return holds(regions[place], max_error=max_error, risk=allowed)

    found: list[tuple[int, float]] = []
    each = risk / 2 / STARTS
    first = next(
        (i for i, r in enumerate(regions) if r.n >= needed(
            max_error=max_error, confidence=1 - each)), len(regions)
    )  # fmt: skip
    for start in range(STARTS):
        place = first + start * (len(regions) - first) // STARTS
        while place < len(regions) and passes(place, each):
            found.append((place, each))
            place += 1
    found += _bisected(len(regions), risk / 2, passes)
    if not found:
        return None
    place, allowed = max(found)
    region = regions[place]
    return Certificate(
        region.threshold, region.n, region.wrong, bound(region, risk=allowed),
        "binomial" if region.uniform else "betting",
    )  # fmt: skip


def _bisected(
    count: int, risk: float, passes: Callable[[int, float], bool]
) -> list[tuple[int, float]]:
    steps = max(math.ceil(math.log2(count + 1)), 1)
    low, high, found = 0, count - 1, []
    for _ in range(steps):
        if low > high:
            break
        middle = (low + high) // 2
        if passes(middle, risk / steps):
            found.append((middle, risk / steps))
            low = middle + 1
        else:
            high = middle - 1
    return found


def _regions(audits: Sequence[Audit], surest: Mapping[float, float]) -> list[Region]:
    """Return regions from strict to lax, at most GRID of them, whose cuts part no equals."""
    cuts = sorted({audit.confidence for audit in audits}, reverse=True)
    ordered = sorted(range(len(audits)), key=lambda i: -audits[i].confidence)
    ends: list[int] = []
    for place, i in enumerate(ordered):
        last = place + 1 == len(ordered)
        if last or audits[ordered[place + 1]].confidence < audits[i].confidence:
            ends.append(place + 1)
    step = max(len(cuts) / GRID, 1.0)
    kept = sorted({ends[min(int(step * (k + 1)) - 1, len(ends) - 1)] for k in range(
        min(GRID, len(cuts)))})  # fmt: skip
    found = []
    for end in kept:
        within = sorted(ordered[:end])
        rows = tuple(audits[i] for i in within)
        threshold = audits[ordered[end - 1]].confidence
        chances = frozenset(chance for chance, top in surest.items() if top >= threshold)
        found.append(Region(threshold, rows, sum(audit.wrong for audit in rows), chances))
    return found


def holds(region: Region, *, max_error: float, risk: float) -> bool:
    """Return whether it is refused, at level `risk`, that more than `max_error` is wrong."""
    if not region.n:
        return False
    if region.uniform:
        return _binomial(region.wrong, region.n, max_error) <= risk
    return _wealth(region.audits, max_error, min(region.chances)) >= 1 / risk


def bound(region: Region, *, risk: float) -> float:
    """Return the smallest error that `holds` refuses to exceed, to the precision of 1e-6."""
    low, high = 0.0, 1.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        if middle and holds(region, max_error=middle, risk=risk):
            high = middle
        else:
            low = middle
    return high


def _binomial(wrong: int, n: int, error: float) -> float:
    """Return P(X <= wrong) for X ~ Binomial(n, error) (Clopper and Pearson 1934)."""
    from scipy.stats import binom  # noqa: PLC0415 - large, and needed here alone

    return float(binom.cdf(wrong, n, error))


def _wealth(audits: Sequence[Audit], error: float, smallest: float) -> float:
    """Return what betting against an error above `error` has won, on the mean of several bets.

    Each audit is worth y = (wrong - error) w, with w its inverse propensity over the largest of the
    traffic: under the hypothesis its mean is not below 0, so that the product of 1 - b y is a
    supermartingale, and so is the mean over b (Waudby-Smith and Ramdas 2023; Ville 1939). It needs
    no common propensity.
    """
    logs = [0.0] * len(BETS)
    for audit in audits:
        worth = (audit.wrong - error) * smallest / audit.propensity
        for place, bet in enumerate(BETS):
            logs[place] += math.log1p(-bet * worth)
    highest = max(logs)
    return (
        math.exp(min(highest, 700.0)) * sum(math.exp(each - highest) for each in logs) / len(logs)
    )
