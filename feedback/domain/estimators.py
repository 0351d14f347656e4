"""How often the model is right over all traffic, from a sample that is not uniform.

People see what routing sends them: mostly what is hard. The share of it that is right (the naive
figure) says little of the rest. What routing did is on record as a propensity, the probability
with which a prediction was to be seen, so that the sample can be weighted back.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from feedback.domain.accuracy_curves import Curves
from feedback.domain.sampled_groups import (
    FEWEST,
    Counts,
    Group,
    Interval,
    Stratum,
    by_stratum,
    rates,
    weights_of,
)
from reviews.domain.shares import Z, wilson


@dataclass(frozen=True)
class Figure:
    """An estimate in [0, 1] with its 95 % interval."""

    value: float
    interval: Interval


@dataclass(frozen=True)
class Estimate:
    """What is known of the accuracy over `n` predictions of which people settled `n_reviewed`.

    `naive` is the share over what was reviewed. `method` names the figure that is the answer:
    `stratified`, `aipw`, or `none`, when nothing that was reviewed stands for some of the traffic.
    `missing` were drawn and not settled, `unseen` could never be drawn: `bounds` are the shares if
    all of these were wrong, and if all were right.
    """

    n: int
    n_reviewed: int
    naive: Figure | None
    stratified: Figure | None
    hajek: Figure | None
    aipw: Figure | None
    method: str
    missing: int
    unseen: int
    bounds: Interval | None

    @property
    def figure(self) -> Figure | None:
        """The figure that is the answer."""
        return {"stratified": self.stratified, "aipw": self.aipw}.get(self.method)


class Study:
    """The groups of a period, of which estimates of the whole and of its parts are made."""

    def __init__(self, groups: Sequence[Group]) -> None:
        """Keep the groups, and what is learned of the draw and of the model from all of them."""
        self.groups = groups
        self.rates = rates(by_stratum(groups))
        self.curves = Curves.fitted(groups, self.rates)

    def estimate(self, places: Iterable[int] | None = None) -> Estimate:
        """Return the accuracy over the groups at `places` (all), and which figure is the answer.

        It is that of the traffic in hand, not of a population behind it: where all was reviewed,
        the interval has no width. Stratified where FEWEST of each stratum, or all, are reviewed;
        else AIPW.
        """
        chosen = list(range(len(self.groups)) if places is None else places)
        strata = by_stratum(self.groups[i] for i in chosen)
        counts = strata.values()
        unseen = sum(counts.n for (_, chance), counts in strata.items() if not chance)
        blank = Estimate(
            n=sum(c.n for c in counts), n_reviewed=sum(c.settled for c in counts), naive=None,
            stratified=None, hajek=None, aipw=None, method="none",
            missing=sum(c.drawn - c.settled for c in counts), unseen=unseen, bounds=None,
        )  # fmt: skip
        if not blank.n_reviewed:
            return blank
        share = sum(c.right for c in counts) / blank.n_reviewed
        found = replace(
            blank, naive=Figure(share, wilson(share, blank.n_reviewed)), bounds=_bounds(strata)
        )
        if unseen:
            return found
        enough = all(c.settled >= min(FEWEST, c.n) for c in counts)
        return replace(
            found,
            stratified=_stratified(strata) if enough else None,
            hajek=_hajek(strata, self.rates),
            aipw=self._aipw(chosen, strata),
            method="stratified" if enough else "aipw",
        )

    def _aipw(self, places: Sequence[int], strata: Mapping[Stratum, Counts]) -> Figure:
        """Return the mean that confidence predicts, put right by what people found.

        theta = sum(f) / N + sum(w (a - f)) / N over the settled (Robins, Rotnitzky and Zhao 1994;
        as prediction-powered inference, Angelopoulos et al. 2023). The curve f of accuracy given
        confidence is fitted on the other half for each half (Zrnic and Candès 2024). A stratum
        is never taken to vary less than its few cases can show.
        """
        weights = weights_of(strata, self.rates)
        total = sum(c.n for c in strata.values())
        value = 0.0
        residues = dict.fromkeys(weights, 0.0)
        for i in places:
            group = self.groups[i]
            for settled, right, predicted in self.curves.of(i):
                value += group.n * predicted / 2
                if settled:
                    value += weights[group.stratum] * (right - settled * predicted)
                    squares = right * (1 - predicted) ** 2 + (settled - right) * predicted**2
                    residues[group.stratum] += squares
        spread = sum(
            weight * (weight - 1) * max(residues[key], _least_spread(strata[key]))
            for key, weight in weights.items()
        )
        return _normal(value / total, math.sqrt(spread) / total)


def _stratified(strata: Mapping[Stratum, Counts]) -> Figure:
    """Return the mean of the shares of the strata, weighted by their size.

    The interval joins Wilson's of each stratum by the squares of their arms (Zou and Donner 2008;
    Yan and Su 2010), each with the number of cases that would say as much of an endless stratum:
    n (N - 1) / (N - n). It does not shrink to nothing where all of a few were right.
    """
    total = sum(c.n for c in strata.values())
    value = below = above = 0.0
    for c in strata.values():
        part, share = c.n / total, c.right / c.settled
        value += part * share
        if c.settled < c.n:
            low, high = wilson(share, c.settled * (c.n - 1) / (c.n - c.settled))
            below += (part * (share - low)) ** 2
            above += (part * (high - share)) ** 2
    return Figure(value, (max(value - math.sqrt(below), 0.0), min(value + math.sqrt(above), 1.0)))


def _hajek(strata: Mapping[Stratum, Counts], rates: Mapping[Stratum, float]) -> Figure:
    """Return the mean weighted by the inverse of the probability of being seen (Hajek 1971).

    By the probability on record, though the counts are known. The variance is that of the
    linearised ratio under independent draws (Särndal, Swensson and Wretman 1992, section 5.7).
    """
    seen = [(c, rates[key]) for key, c in strata.items() if c.settled]
    size = sum(c.settled / rate for c, rate in seen)
    value = sum(c.right / rate for c, rate in seen) / size
    spread = sum(
        (1 - rate) / rate**2 * (c.right * (1 - value) ** 2 + (c.settled - c.right) * value**2)
        for c, rate in seen
    )
    return _normal(value, math.sqrt(spread) / size)


def _least_spread(c: Counts) -> float:
    """Return the squares to expect of some cases, though all may have been right by chance.

    With two cases of each kind more (Agresti and Coull 1998).
    """
    share = (c.right + 2) / (c.settled + 4)
    return c.settled * share * (1 - share)


def _normal(value: float, error: float) -> Figure:
    value = min(max(value, 0.0), 1.0)
    return Figure(value, (max(value - Z * error, 0.0), min(value + Z * error, 1.0)))


def _bounds(strata: Mapping[Stratum, Counts]) -> Interval:
    """Return the shares if all that was missed were wrong, and if all of it were right.

    What chance left out is not in doubt here: only what was drawn and not settled, and what
    could never be drawn.
    """
    total = sum(c.n for c in strata.values())
    low = high = 0.0
    for c in strata.values():
        part = c.n / total
        low += part * c.right / c.drawn if c.drawn else 0.0
        high += part * (c.right + c.drawn - c.settled) / c.drawn if c.drawn else part
    return low, high
