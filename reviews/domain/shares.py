"""Shares of what was counted, with how sure they are."""

import math
from dataclasses import dataclass

Z = 1.959963984540054


@dataclass(frozen=True)
class Share:
    """`hits` of `n`."""

    hits: int
    n: int

    @property
    def value(self) -> float | None:
        """The share, or None of nothing."""
        return self.hits / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval after Wilson, or None of nothing."""
        return wilson(self.hits / self.n, self.n) if self.n else None


def wilson(p: float, n: float) -> tuple[float, float]:
    """Return the 95 % interval of a share `p` of `n` cases, which is above 0 (Wilson 1927)."""
    z = Z
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    # Rounding must not leave the share outside: all of n is 1, and so is the upper limit.
    return max(min(middle - half, p), 0.0), min(max(middle + half, p), 1.0)
