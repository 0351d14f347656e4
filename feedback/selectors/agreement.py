"""How far reviewers who did not see each other's answers agree, over all of them together."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from feedback.domain import truth_inference
from feedback.domain.truth_inference import FEWEST_ITEMS, Answers, Inferred
from feedback.selectors import blind_answers
from feedback.selectors.over_reliance import SETTLED_BY_OTHERS
from governance.models import Pipeline
from reviews.domain.consensus import key
from reviews.domain.shares import Share
from reviews.models import ReviewItem
from reviews.selectors import challenges

SURE = 0.95
LARGEST = 1_500_000
"""Cells of what Dawid and Skene keeps; more are not worked out in a request."""


@dataclass(frozen=True)
class Consensus:
    """How often what is inferred is the outcome that an adjudicator settled, by each method.

    Ties infer nothing.
    `dawid_skene` is None where it would take too long; `sure` is the share of items of which it
    claims 95 % or more. `new` counts reviewers with fewer answers than it needs.
    """

    majority: Share
    dawid_skene: Share | None
    sure: Share | None
    new: int


@dataclass(frozen=True)
class Agreement:
    """The blind answers to items that several people answered.

    `alpha` is Krippendorff's with its 95 % interval, None of nothing.
    """

    items: int
    answers: int
    reviewers: int
    unanimous: Share
    alpha: float | None
    interval: tuple[float, float] | None
    disagreements: Sequence[tuple[str, str, int]]
    consensus: Consensus | None


def of_pipeline(
    pipeline: Pipeline, since: datetime | None, until: datetime, *, most: int
) -> Agreement:
    """Return how far reviewers agree in a period; `most` pairs of differing answers are told.

    First answers alone, given before the prediction and the others were seen. No person is named.
    """
    rows = _rows(pipeline, since, until)
    if not rows:
        return Agreement(0, 0, 0, Share(0, 0), None, None, (), None)
    found = Answers.of(rows)
    votes = found.votes
    same = int((votes.max(axis=1) == votes.sum(axis=1)).sum())
    pairs = truth_inference.disagreements(found)[:most]
    return Agreement(
        items=len(found.items), answers=len(rows), reviewers=len(found.reviewers),
        unanimous=Share(same, len(found.items)), alpha=truth_inference.alpha(votes),
        interval=truth_inference.alpha_interval(votes),
        disagreements=[(str(a), str(b), n) for a, b, n in pairs],
        consensus=_consensus(pipeline, found),
    )  # fmt: skip


def _rows(
    pipeline: Pipeline, since: datetime | None, until: datetime
) -> list[tuple[object, object, object]]:
    rows = blind_answers.first(pipeline, since, until)
    answered: dict[object, list[tuple[object, object, object]]] = {}
    for item, reviewer, answer in rows.values_list("item", "reviewer", "answer").order_by("pk"):
        answered.setdefault(item, []).append((item, reviewer, key(answer)))
    return [row for told in answered.values() if len(told) > 1 for row in told]


def _consensus(pipeline: Pipeline, found: Answers) -> Consensus | None:
    """Return how inferred answers compare with what somebody else settled, and nobody challenges.

    An outcome that the same answers made says nothing of them.
    """
    doubted = challenges.open_resolutions().values_list("pk", flat=True)
    settled = ReviewItem.objects.filter(
        pipeline=pipeline, blind=True, resolution__kind__in=SETTLED_BY_OTHERS
    ).exclude(resolution__in=doubted)  # fmt: skip
    kept = set(found.items)
    outcomes: dict[object, str] = {
        pk: key(answer)
        for pk, answer in settled.values_list("pk", "resolution__answer").iterator(2000)
        if pk in kept
    }
    if not outcomes:
        return None
    answered = Counter(found.reviewer.tolist())
    majority = _right(truth_inference.majority(found), outcomes)
    new = sum(n < FEWEST_ITEMS for n in answered.values())
    labels = len(found.labels)
    if labels * max(len(found.reviewers) * labels, len(found.item)) > LARGEST:
        return Consensus(majority, None, None, new)
    deep = truth_inference.dawid_skene(found)
    sure = Share(int((deep.shares.max(axis=1) >= SURE).sum()), len(found.items))
    return Consensus(majority, _right(deep, outcomes), sure, new)


def _right(found: Inferred, outcomes: dict[object, str]) -> Share:
    pairs = zip(found.answers.items, found.labels, strict=True)
    told = [
        label == outcomes[item]
        for (item, label), tied in zip(pairs, found.tied.tolist(), strict=True)
        if item in outcomes and not tied
    ]
    return Share(sum(told), len(told))
