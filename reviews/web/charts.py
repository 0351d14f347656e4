"""Charts as plain numbers for SVG: where bars, lines and cells lie. Templates draw them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.formats import date_format

from reviews.selectors.operations_series import Cell, Day

WIDTH, HEIGHT = 760, 220
LEFT, RIGHT, TOP, BOTTOM = 40, 8, 8, 26
MOST_LABELS = 10
SMALL = 5
CELL_WIDTH, CELL_HEIGHT, CELL_LEFT, CELL_TOP = 30, 32, 40, 20
STEPS = (0.5, 0.8, 0.9, 0.97)


@dataclass(frozen=True)
class Tick:
    """A line of the grid at `y`, or a label of the axis at `x`."""

    at: str
    label: str


@dataclass(frozen=True)
class Box:
    """A rectangle with what it says."""

    x: str
    y: str
    width: str
    height: str
    label: str = ""


@dataclass(frozen=True)
class Square:
    """An hour of the week. `tone` is `few`, or q0 (hardly any met) to q4 (almost all)."""

    box: Box
    tone: str
    percent: str
    n: int

    @property
    def middle(self) -> float:
        """Where its text is centred."""
        return float(self.box.x) + float(self.box.width) / 2


def _n(value: float) -> str:
    return f"{value:.1f}"


def ceiling(most: int) -> tuple[int, int]:
    """Return a round number that is not below `most`, and the step of at most five to it."""
    rough = max(most, 1) / 4
    power = 10 ** math.floor(math.log10(rough)) if rough >= 1 else 1
    step = next(int(power * m) for m in (1, 2, 5, 10) if power * m >= rough)
    return step * math.ceil(max(most, 1) / step), step


class Plot:
    """The frame of a chart of days: its axes, and where a day and a number lie in it."""

    def __init__(self, days: Sequence[Day], most: int) -> None:
        self.days = days
        self.top, self.step = ceiling(most)
        self.slot = (WIDTH - LEFT - RIGHT) / max(len(days), 1)
        self.floor = HEIGHT - BOTTOM

    def y(self, value: float) -> float:
        """Return how far down a number lies."""
        return self.floor - (self.floor - TOP) * value / self.top

    @property
    def frame(self) -> dict[str, Any]:
        """What every chart of days draws."""
        grid = [Tick(_n(self.y(v)), f"{v:,}") for v in range(0, self.top + 1, self.step)]
        every = math.ceil(len(self.days) / MOST_LABELS)
        labels = [
            Tick(_n(LEFT + self.slot * (place + 0.5)), date_format(day.date, "j M"))
            for place, day in enumerate(self.days)
            if place % every == 0
        ]
        size = {"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": WIDTH - RIGHT}
        return size | {"grid": grid, "labels": labels, "below": HEIGHT - 8, "floor": self.floor}


def flow(days: Sequence[Day]) -> dict[str, Any]:
    """Return the chart of what arrived and what was settled each day."""
    plot = Plot(days, max((max(d.arrived, d.settled) for d in days), default=0))

    def bars(values: Sequence[int], part: int) -> Iterator[Box]:
        width = max(plot.slot * 0.36, 1)
        for place, (day, value) in enumerate(zip(days, values, strict=True)):
            x = LEFT + plot.slot * (place + 0.5) - width + part * width
            label = f"{date_format(day.date, 'j M')}: {value:,}"
            y = plot.y(value)
            yield Box(_n(x), _n(y), _n(width), _n(plot.floor - y), label)

    return plot.frame | {
        "arrived": list(bars([day.arrived for day in days], 0)),
        "settled": list(bars([day.settled for day in days], 1)),
    }


def backlog(days: Sequence[Day]) -> dict[str, Any]:
    """Return the chart of what was open at the end of each day."""
    plot = Plot(days, max((day.open for day in days), default=0))
    points = [
        (LEFT + plot.slot * (place + 0.5), plot.y(day.open)) for place, day in enumerate(days)
    ]
    line = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
    first, last = (points[0][0], points[-1][0]) if points else (LEFT, LEFT)
    floor = _n(plot.floor)
    dots = [
        Box(_n(x), _n(y), "", "", f"{date_format(day.date, 'j M')}: {day.open:,}")
        for day, (x, y) in zip(days, points, strict=True)
    ]
    return plot.frame | {
        "line": line,
        "area": f"{_n(first)},{floor} {line} {_n(last)},{floor}",
        "dots": dots,
        "few": len(days) <= 31,
    }


def week(cells: Sequence[Cell], weekdays: Sequence[str]) -> dict[str, Any]:
    """Return the chart of the hours of the week; a cell of fewer than SMALL has no share."""
    squares = []
    for cell in cells:
        x, y = CELL_LEFT + cell.hour * CELL_WIDTH, CELL_TOP + (cell.weekday - 1) * CELL_HEIGHT
        share, n = cell.share.value or 0.0, cell.share.n
        label = f"{weekdays[cell.weekday - 1]} {cell.hour:02}:00: {cell.share.hits:,} / {n:,}"
        box = Box(str(x), str(y), str(CELL_WIDTH - 2), str(CELL_HEIGHT - 2), label)
        few = n < SMALL
        tone = "few" if few else f"q{sum(share >= step for step in STEPS)}"
        squares.append(Square(box, tone, "" if few else f"{math.floor(100 * share)}", n))
    return {
        "squares": squares,
        "width": CELL_LEFT + 24 * CELL_WIDTH,
        "height": CELL_TOP + 7 * CELL_HEIGHT,
        "hours": [Tick(str(CELL_LEFT + h * CELL_WIDTH), f"{h:02}") for h in range(0, 24, 2)],
        "weekdays": [
            Tick(str(CELL_TOP + place * CELL_HEIGHT + 19), name)
            for place, name in enumerate(weekdays)
        ],
        "legend": ["q0", "q1", "q2", "q3", "q4"],
    }
