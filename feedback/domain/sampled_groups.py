"""Predictions counted by what the draw and the model knew of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

FEWEST = 5
Interval = tuple[float, float]
Stratum = tuple[str, float]
"""A tier and a propensity: within one, being seen was the same chance for all."""


@dataclass(frozen=True, slots=True)
class Group:
    """Predictions that were alike for the draw, counted.

    Of `n` in a `tier`, each was to be seen by people with probability `propensity`; `drawn` were,
    people settled `settled` of those, and found `right` of them right. `confidence` is their mean
    one, None where the model told none.
    """

    tier: str
    propensity: float
    n: int
    drawn: int
    settled: int
    right: int
    confidence: float | None = None

    @property
    def stratum(self) -> Stratum:
        """Return the stratum it lies in."""
        return self.tier, self.propensity


@dataclass(frozen=True)
class Counts:
    """The counts of a stratum, or of a part of it."""

    n: int = 0
    drawn: int = 0
    settled: int = 0
    right: int = 0

    def plus(self, group: Group) -> "Counts":
        """Return these counts with those of a group."""
        return Counts(
            self.n + group.n, self.drawn + group.drawn, self.settled + group.settled,
            self.right + group.right,
        )  # fmt: skip


def by_stratum(groups: Iterable[Group]) -> dict[Stratum, Counts]:
    """Return the counts of each stratum, in the order of tiers and propensities."""
    found: dict[Stratum, Counts] = {}
    for each in groups:
        found[each.stratum] = found.get(each.stratum, Counts()).plus(each)
    return dict(sorted(found.items()))


def rates(strata: Mapping[Stratum, Counts]) -> dict[Stratum, float]:
    """Return for each stratum the chance that one of it was drawn and settled.

    Whether what was drawn was also settled is taken for chance; 0 where nothing ever can be.
    """
    return {
        key: key[1] * (counts.settled / counts.drawn if counts.drawn else 1.0)
        for key, counts in strata.items()
    }


def weights_of(
    strata: Mapping[Stratum, Counts], rates: Mapping[Stratum, float]
) -> dict[Stratum, float]:
    """Return for each stratum for how many predictions one that was settled stands.

    By the counts where FEWEST or all of it were settled, else by the chance of that.
    """
    return {
        key: c.n / c.settled if c.settled >= min(FEWEST, c.n) else 1 / rates[key]
        for key, c in strata.items()
        if c.settled
    }
