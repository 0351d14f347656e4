"""Which edits of a calendar the clocks follow that run by one of its earlier versions.

An edit that differs from what was before it only on days to come is followed by all of them. One
that touches days that have passed is for new clocks alone; where it touches days to come as well,
clocks from before it can follow nothing that comes after it.
"""

import itertools
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class Differs(Protocol):
    """On which side of the day of an edit two calendars differ."""

    @property
    def past(self) -> bool:
        """Whether they differ on a day that has passed, or on the day itself."""

    @property
    def future(self) -> bool:
        """Whether they differ on a day to come."""


@dataclass(frozen=True)
class Edit:
    """That a version became the current one."""

    version: uuid.UUID
    at: datetime


Compare = Callable[[Edit, Edit], Differs]


def moves(edits: Sequence[Edit], differs: Compare) -> Mapping[uuid.UUID, Sequence[Edit]]:
    """Return, for each version whose clocks follow later edits, which, one after the other.

    `edits` are all that there were, in their order. A version that came back counts from its last
    return; clocks of the current version follow nothing.
    """
    last = {edit.version: i for i, edit in enumerate(edits)}
    found = {version: _followed(edits[place:], differs) for version, place in last.items()}
    return {version: steps for version, steps in found.items() if steps}


def _followed(edits: Sequence[Edit], differs: Compare) -> list[Edit]:
    steps: list[Edit] = []
    for before, after in itertools.pairwise(edits):
        touched = differs(before, after)
        if touched.past and touched.future:
            break
        if touched.future:
            steps.append(after)
    return steps
