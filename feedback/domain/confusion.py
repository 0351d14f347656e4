"""Precision and recall of each answer over all traffic, and what is taken for what."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from feedback.domain.estimators import Figure
from feedback.domain.sampled_groups import Stratum
from reviews.domain.shares import wilson


@dataclass(frozen=True, slots=True)
class Judged:
    """`n` settled predictions of a stratum: what the model said, and what people.

    `actual` is empty where people rejected it and gave no answer of their own.
    """

    stratum: Stratum
    predicted: str
    actual: str
    n: int
    part: str = ""


@dataclass(frozen=True)
class ClassFigure:
    """Precision or recall of one answer, None where no case bears on it."""

    label: str
    n: int
    naive: Figure | None
    figure: Figure | None


def precision(judged: Sequence[Judged], weights: Mapping[Stratum, float]) -> list[ClassFigure]:
    """Return for each predicted answer how often it is right, over all traffic."""
    rows: dict[str, list[Judged]] = defaultdict(list)
    for row in judged:
        rows[row.predicted].append(row)
    return _figures(rows, weights)


def recall(judged: Sequence[Judged], weights: Mapping[Stratum, float]) -> list[ClassFigure]:
    """Return for each right answer how often the model gives it, over all traffic.

    What is approved unseen counts as the draw of it says; an answer that only the unseen holds is
    not known of.
    """
    rows: dict[str, list[Judged]] = defaultdict(list)
    for row in judged:
        rows[row.actual].append(row)
    return _figures(rows, weights)


def mean(figures: Sequence[ClassFigure]) -> tuple[Figure | None, Figure | None]:
    """Return the plain mean over the answers, as it stands in the sample and over all traffic.

    Its interval joins theirs by the squares of their arms, as of independent shares.
    """
    told = [each for each in figures if each.figure and each.naive]
    if not told:
        return None, None
    return (
        _mean([each.naive for each in told if each.naive]),
        _mean([each.figure for each in told if each.figure]),
    )


def _mean(figures: Sequence[Figure]) -> Figure:
    count = len(figures)
    value = sum(f.value for f in figures) / count
    below = math.sqrt(sum((f.value - f.interval[0]) ** 2 for f in figures)) / count
    above = math.sqrt(sum((f.interval[1] - f.value) ** 2 for f in figures)) / count
    return Figure(value, (max(value - below, 0.0), min(value + above, 1.0)))


def _figures(
    rows: Mapping[str, Sequence[Judged]], weights: Mapping[Stratum, float]
) -> list[ClassFigure]:
    return [_figure(label, of, weights) for label, of in sorted(rows.items()) if label]


def _figure(label: str, rows: Sequence[Judged], weights: Mapping[Stratum, float]) -> ClassFigure:
    """Return a weighted share; its interval is Wilson's with the cases that it is worth.

    As of a ratio in a survey (Korn and Graubard 1998): the variance is linearised, and where all
    or none are right, the size is that of the weights alone.
    """
    n = sum(row.n for row in rows)
    right = sum(row.n for row in rows if row.predicted == row.actual)
    size = sum(row.n * weights[row.stratum] for row in rows)
    share = sum(row.n * weights[row.stratum] for row in rows if row.predicted == row.actual) / size
    free = sum(row.n * weights[row.stratum] * (weights[row.stratum] - 1) for row in rows)
    spread = sum(
        row.n * weights[row.stratum] * (weights[row.stratum] - 1)
        * ((row.predicted == row.actual) - share) ** 2
        for row in rows
    )  # fmt: skip
    worth = size**2 / free if free else math.inf
    if spread:
        worth = min(worth, share * (1 - share) * size**2 / spread)
    interval = (share, share) if math.isinf(worth) else wilson(share, worth)
    return ClassFigure(label, n, Figure(right / n, wilson(right / n, n)), Figure(share, interval))


def mistaken(
    judged: Sequence[Judged], weights: Mapping[Stratum, float], *, most: int
) -> list[tuple[str, str, float, int]]:
    """Return what is most often taken for what: predicted, actual, share of all traffic, cases."""
    size = sum(row.n * weights[row.stratum] for row in judged)
    found: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0])
    for row in judged:
        if row.actual and row.predicted != row.actual:
            kept = found[row.predicted, row.actual]
            kept[0] += row.n * weights[row.stratum] / size
            kept[1] += row.n
    ordered = sorted(found.items(), key=lambda each: (-each[1][0], each[0]))
    return [(*pair, share, int(cases)) for pair, (share, cases) in ordered[:most]]
