"""Invariants: what must hold of the record whatever has crashed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Span:
    """What an audit looks at: all that was written by `now`, or only what was since `since`."""

    now: datetime
    since: datetime | None = None

    def of(self, column: str) -> dict[str, datetime]:
        """Return the filter of rows that were written within the span, as `column` tells."""
        return {} if self.since is None else {f"{column}__gte": self.since}


# Yields one sentence, with the ids of the rows, for each thing that should not be.
Check = Callable[[Span], Iterator[str]]
