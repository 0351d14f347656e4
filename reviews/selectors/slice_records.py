"""How well a model does on cases like one; an upper layer measures it and tells."""

from collections.abc import Callable
from dataclasses import dataclass

from reviews.models import Prediction


@dataclass(frozen=True)
class SliceRecord:
    """How often a model was right in `part`, of `n` cases, with the 95 % interval.

    `weak` is whether the interval lies wholly below what it reaches `over_all`; `source` names what
    it was measured on.
    """

    part: str
    n: int
    share: float
    interval: tuple[float, float]
    over_all: float
    weak: bool
    source: str


Teller = Callable[[Prediction], SliceRecord | None]
_tellers: list[Teller] = []


def register(teller: Teller) -> None:
    """Let `teller` tell the records of slices."""
    _tellers[:] = [teller]


def of(row: Prediction) -> SliceRecord | None:
    """Return the record of the slice that a prediction lies in; None where there is none.

    It follows from the prediction's own scenario and model: never for who answers blind.
    """
    for teller in _tellers:
        return teller(row)
    return None
