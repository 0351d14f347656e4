"""Blind answers to items whose truth others told, beside what the model said."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from feedback.domain import complementarity
from feedback.domain.complementarity import Complement, Judged
from feedback.selectors import blind_answers
from feedback.selectors.over_reliance import SETTLED_BY_OTHERS
from governance.models import Pipeline
from reviews.domain.consensus import key
from reviews.models import Decision
from reviews.selectors import challenges


def judged(pipeline: Pipeline, since: datetime | None, until: datetime) -> Iterator[Judged]:
    """Yield the first blind answer to each item of which others tell the truth.

    The truth is the outcome that somebody else settled, else what all other reviewers answered:
    never the answer that is judged. Items of one reviewer, and challenged ones, are left out.
    """
    rows = blind_answers.first(pipeline, since, until).order_by("item", "pk")
    doubted = set(challenges.open_resolutions().values_list("pk", flat=True))
    found: dict[object, list[Decision]] = defaultdict(list)
    for row in rows.select_related("item__resolution", "item__prediction").iterator(1000):
        found[row.item_id].append(row)
    for first, *others in found.values():
        item = first.item
        if item.resolution_id in doubted:
            continue
        truth = None
        if item.resolution is not None and item.resolution.kind in SETTLED_BY_OTHERS:
            truth = key(item.resolution.answer)
        elif others and len({key(row.answer) for row in others}) == 1:
            truth = key(others[0].answer)
        if truth is not None:
            yield Judged(
                key(item.prediction.output) == truth, key(first.answer) == truth,
                item.prediction.scenario_type,
            )  # fmt: skip


def of_pipeline(pipeline: Pipeline, since: datetime | None, until: datetime) -> list[Complement]:
    """Return what people add to the model: over all (part None), then by scenario."""
    parts: dict[str, list[Judged]] = defaultdict(list)
    for each in judged(pipeline, since, until):
        parts[each.part].append(each)
    everything = [each for rows in parts.values() for each in rows]
    slices = [complementarity.of(rows, part) for part, rows in sorted(parts.items())]
    return [complementarity.of(everything), *slices]
