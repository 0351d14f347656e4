"""All figures of operations at once, for the page, its tables and the API alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from reviews.selectors import operations, operations_series
from reviews.selectors.operations import Kept, Scope, Standing, Turnaround
from reviews.selectors.operations_series import Cell, Day


@dataclass(frozen=True)
class Report:
    """What is told of a scope. `zone` is that of the days, `zones` are those of the hours."""

    scope: Scope
    zone: str
    standing: Standing
    kept: Sequence[Kept]
    turnaround: Turnaround
    days: Sequence[Day]
    kind: str
    by: str
    zones: Sequence[str]
    hours: Sequence[Cell]

    @property
    def arrived(self) -> int:
        """How many items arrived in the period."""
        return sum(day.arrived for day in self.days)

    @property
    def settled(self) -> int:
        """How many items ended in the period."""
        return sum(day.settled for day in self.days)

    @property
    def of_kind(self) -> Kept:
        """What was met of the kind that the hours are of."""
        return next((each for each in self.kept if each.kind == self.kind), Kept(self.kind))

    @property
    def late_detection(self) -> timedelta | None:
        """The longest time for which a breach in the period went unseen."""
        return max((k.late_detection for k in self.kept if k.late_detection), default=None)


def report(of: Scope, *, kind: str, by: str) -> Report:
    """Return the figures of a scope; the hours of the week are of one kind of clock."""
    counted = operations.kept(of)
    zone = operations.zone(of)
    return Report(
        scope=of,
        zone=zone,
        standing=operations.standing(of),
        kept=counted,
        turnaround=operations.turnaround(of),
        days=operations_series.days(of, zone),
        kind=kind,
        by=by,
        zones=sorted(operations_series.zones(counted, kind)),
        hours=operations_series.hours(of, counted, kind=kind, by=by),
    )
