"""Figures of one reviewer's work, each with its number of cases, an interval and a sentence.

They describe work and rank nobody: nothing here compares two people.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from feedback.enums import FigureName
from governance.domain.times import format_duration
from reviews.domain.shares import Share, Z

MINIMUM = 30
SHARE, LENGTH = "share", "duration"


@dataclass(frozen=True, slots=True)
class Judged:
    """One decision: how long it took in seconds, and whether the answer was the model's.

    Where others had a part in the outcome, `agreed` is whether the answer was that outcome, and
    `model_wrong` whether the model's was not; else both are None.
    """

    seconds: float
    accepted: bool
    agreed: bool | None = None
    model_wrong: bool | None = None


@dataclass(frozen=True)
class Figure:
    """A share in [0, 1], or a length in seconds, of `n` cases; `value` is None where masked.

    `expected` is what the person's role expects of it, in the same unit, or None.
    """

    name: FigureName
    unit: str
    n: int
    value: float | None
    interval: tuple[float, float] | None
    sentence: str
    expected: float | None = None

    @property
    def masked(self) -> bool:
        """Whether it is not shown."""
        return self.value is None

    @property
    def shown(self) -> str:
        """The value in words; empty where masked."""
        return "" if self.value is None else self._in_words(self.value)

    @property
    def range(self) -> str:
        """The interval in words; empty where there is none."""
        if self.interval is None:
            return ""
        low, high = map(self._in_words, self.interval)
        return f"95 % between {low} and {high}"

    @property
    def wanted(self) -> str:
        """What the role expects, in words; empty where it says nothing."""
        if self.expected is None:
            return ""
        bound = "most" if self.unit == LENGTH else "least"
        return f"expected: at {bound} {self._in_words(self.expected)}"

    def _in_words(self, value: float) -> str:
        return _percent(value) if self.unit == SHARE else words(value)


def of(name: FigureName, judged: Sequence[Judged], expected: float | None = None) -> Figure:
    """Return a figure of some decisions; masked where fewer than MINIMUM of them bear on it.

    Intervals are of 95 %: of a share after Wilson; of a percentile by the order statistics whose
    ranks are n q -+ z sqrt(n q (1 - q)) (Conover, Practical Nonparametric Statistics, 3.2).
    """
    if name in QUANTILES:
        return _length(name, sorted(each.seconds for each in judged), expected)
    hits = _HITS[name](judged)
    n = len(hits)
    if n < MINIMUM:
        return masked(name, n, expected)
    share = Share(sum(hits), n)
    assert share.value is not None
    sentence = SENTENCES[name].format(share=_percent(share.value), n=n)
    return Figure(name, SHARE, n, share.value, share.interval, sentence, expected)


def masked(name: FigureName, n: int, expected: float | None = None, why: str = "") -> Figure:
    """Return a figure that is not shown, and why: too few cases, if nothing else is said."""
    unit = LENGTH if name in QUANTILES else SHARE
    few = f"Not shown: it would rest on {n} {'case' if n == 1 else 'cases'}, fewer than {MINIMUM}."
    return Figure(name, unit, n, None, None, why or few, expected)


QUANTILES = {FigureName.TURNAROUND_HALF: 0.5, FigureName.TURNAROUND_NINE: 0.9}
SENTENCES = {
    FigureName.TURNAROUND_HALF: "Half of {n} items were decided within {length} of being taken.",
    FigureName.TURNAROUND_NINE: "Nine in ten of {n} items were decided within {length}.",
    FigureName.AGREEMENT: (
        "In {share} of {n} items whose outcome others had a part in, the answer was that outcome."
    ),
    FigureName.PRECISION: (
        "Of {n} corrections that others had a part in judging, {share} turned out right."
    ),
    FigureName.MISSED: (
        "Of {n} items in which the model turned out wrong, its answer was accepted in {share}."
    ),
}


def _length(name: FigureName, seconds: Sequence[float], expected: float | None) -> Figure:
    n, q = len(seconds), QUANTILES[name]
    if n < MINIMUM:
        return masked(name, n, expected)
    half = Z * math.sqrt(n * q * (1 - q))
    low, high = max(math.floor(n * q - half), 1), min(math.ceil(n * q + half) + 1, n)
    value = seconds[max(math.ceil(n * q), 1) - 1]
    sentence = SENTENCES[name].format(n=n, length=words(value))
    return Figure(name, LENGTH, n, value, (seconds[low - 1], seconds[high - 1]), sentence, expected)


def _agreements(judged: Sequence[Judged]) -> list[bool]:
    return [each.agreed for each in judged if each.agreed is not None]


def _corrections(judged: Sequence[Judged]) -> list[bool]:
    return [each.agreed for each in judged if each.agreed is not None and not each.accepted]


def _misses(judged: Sequence[Judged]) -> list[bool]:
    return [each.accepted for each in judged if each.model_wrong]


_HITS = {
    FigureName.AGREEMENT: _agreements,
    FigureName.PRECISION: _corrections,
    FigureName.MISSED: _misses,
}


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def words(seconds: float) -> str:
    """Return a length of time in words of two units at most, such as 2 h 10 min."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {left} s" if minutes else f"{seconds:.0f} s"


def told(figure: Figure) -> dict[str, object]:
    """Return a figure as the API and the record of a dispute give it; lengths are ISO 8601."""

    def as_text(value: float | None) -> object:
        if value is None or figure.unit == SHARE:
            return value
        return format_duration(timedelta(seconds=round(value)))

    return {
        "name": str(figure.name),
        "unit": figure.unit,
        "n": figure.n,
        "value": as_text(figure.value),
        "interval": [as_text(each) for each in figure.interval] if figure.interval else None,
        "expected": as_text(figure.expected),
        "sentence": figure.sentence,
    }
