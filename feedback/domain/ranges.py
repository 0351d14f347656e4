"""Where figures and their intervals lie on a drawn axis, in hundredths of its width."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5)
MOST_TICKS = 6


@dataclass(frozen=True)
class Bar:
    """A figure and its interval: from `low` to `high` with a mark at `mark`."""

    low: float
    high: float
    mark: float

    @property
    def width(self) -> float:
        """Return how long the interval is."""
        return round(self.high - self.low, 3)


@dataclass(frozen=True)
class Scale:
    """An axis from `start` to `end`."""

    start: float
    end: float

    @classmethod
    def around(cls, values: Sequence[float]) -> "Scale":
        """Return an axis that holds all of `values`, from one round figure to another."""
        low, high = min(values), max(values)
        step = _step(high - low)
        first, last = math.floor(low / step), math.ceil(high / step)
        return cls(step * first, step * max(last, first + 1))

    def at(self, value: float) -> float:
        """Return where a value lies; what lies outside is put at the end."""
        share = (value - self.start) / (self.end - self.start)
        return round(100 * min(max(share, 0.0), 1.0), 3)

    def bar(self, mark: float, interval: Sequence[float]) -> Bar:
        """Return where a figure and its interval lie."""
        return Bar(self.at(interval[0]), self.at(interval[1]), self.at(mark))

    def ticks(self) -> list[tuple[float, float]]:
        """Return the values at the marks of the axis, in hundredths, and where they lie."""
        step = _step(self.end - self.start)
        count = round((self.end - self.start) / step)
        values = [self.start + step * i for i in range(count + 1)]
        return [(round(100 * value, 6), self.at(value)) for value in values]


def _step(width: float) -> float:
    return next((step for step in STEPS if width / step <= MOST_TICKS), STEPS[-1])
