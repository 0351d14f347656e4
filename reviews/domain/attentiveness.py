"""Whether people look before they agree: a token human gesture is no review (control O20).

The bounds say something of a tier and of the work it brings, never of a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

# A hundred say little of a share of 99.5 %, but that nobody ever disagrees they do show.
FEWEST, WINDOW = 100, 200
AGREED, SECONDS = 0.995, 5.0


@dataclass(frozen=True)
class Judged:
    """One decision: whether it agreed with the model, in how many seconds, with evidence open."""

    agreed: bool
    seconds: float
    looked: bool = False


@dataclass(frozen=True)
class Attention:
    """What the last decisions in a tier, WINDOW at most, come to."""

    n: int
    agreed: int
    median_seconds: float
    looked: int = 0

    @property
    def at_risk(self) -> bool:
        """Whether nearly all agree within a few seconds: people may have stopped looking."""
        enough = self.n >= FEWEST and self.agreed / self.n > AGREED
        return enough and self.median_seconds < SECONDS


def of(judged: Sequence[Judged]) -> Attention:
    """Return what decisions come to, the newest given first."""
    last = judged[:WINDOW]
    if not last:
        return Attention(0, 0, 0.0)
    agreed = sum(each.agreed for each in last)
    looked = sum(each.looked for each in last)
    return Attention(len(last), agreed, median(each.seconds for each in last), looked)
