"""The answers of a pipeline by the draw that hides the prediction from some reviewers."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from django.db.models import Q

from feedback.domain import over_reliance
from feedback.domain.over_reliance import Answered, Sway
from governance.models import Pipeline
from reviews.enums import ResolutionKind, Verdict
from reviews.models import Decision
from reviews.selectors import challenges
from reviews.selectors.desk import ANSWERS

SETTLED_BY_OTHERS = (ResolutionKind.ADJUDICATED, ResolutionKind.OVERTURNED)


def answers(pipeline: Pipeline, since: datetime, until: datetime) -> Iterator[tuple[str, Answered]]:
    """Yield the tier and first answer of each item of the draw that was answered in the period.

    A first answer stays one when its reviewer revised it; one that was taken back is none. Whether
    the model was wrong is said by who settled the item, else by the other reviewers, all of them.
    """
    rows = Decision.objects.filter(
        Q(undone_by=None) | Q(revised_by__isnull=False), undoes=None, revises=None,
        item__pipeline=pipeline, item__blind_first__gt=0, item__blind_first__lt=1,
        verdict__in=ANSWERS, decided_at__gt=since, decided_at__lte=until,
    ).order_by("item", "pk")  # fmt: skip
    doubted = set(challenges.open_resolutions().values_list("pk", flat=True))
    found: dict[object, list[Decision]] = defaultdict(list)
    for row in rows.select_related("item__resolution").iterator(1000):
        found[row.item_id].append(row)
    for first, *others in found.values():
        item = first.item
        settled = item.resolution if item.resolution_id not in doubted else None
        wrong = None
        if settled is not None and settled.kind in SETTLED_BY_OTHERS:
            wrong = settled.verdict != Verdict.ACCEPT
        elif others and len({row.verdict == Verdict.ACCEPT for row in others}) == 1:
            wrong = others[0].verdict != Verdict.ACCEPT
        assert item.blind_first is not None
        same = first.verdict == Verdict.ACCEPT
        yield item.tier, Answered(item.blind, item.blind_first, same, wrong)


def of_pipeline(pipeline: Pipeline, since: datetime, until: datetime) -> list[tuple[str, Sway]]:
    """Return how much the prediction sways the reviewers of a pipeline.

    First over all tiers, under an empty name, then for each tier by its slug.
    """
    by_tier: dict[str, list[Answered]] = defaultdict(list)
    for tier, each in answers(pipeline, since, until):
        by_tier[tier].append(each)
    everything = [each for rows in by_tier.values() for each in rows]
    tiers = [(tier, over_reliance.of(rows)) for tier, rows in sorted(by_tier.items())]
    return [("", over_reliance.of(everything)), *(tiers if len(tiers) > 1 else [])]
