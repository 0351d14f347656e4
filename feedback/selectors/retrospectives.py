"""Retrospectives within reach, and the items that one might look back at."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from feedback.enums import CaseKind, RetrospectiveState
from feedback.models import Retrospective, RetrospectiveItem
from governance.domain.principal import Principal
from governance.exceptions import NotFound
from governance.selectors import audit
from reviews.enums import ResolutionKind, Verdict
from reviews.models import Resolution
from reviews.selectors import challenges, restrictions
from reviews.selectors.blindness import exposed

SURE, UNSURE = 0.8, 0.5
# So many are suggested for each reason, the newest first.
MOST = 10


@dataclass(frozen=True)
class Suggestion:
    """An item that might be looked back at, with its outcome, as what, and why."""

    resolution: Resolution
    kind: CaseKind
    why: str


@dataclass(frozen=True)
class _Reason:
    kind: CaseKind
    why: str
    holds: Callable[[], Q]


WRONG = ~Q(verdict=Verdict.ACCEPT)
# An item has one suggestion: the first of these that holds.
REASONS = (
    _Reason(
        CaseKind.MISCLASSIFICATION, "A challenge overturned its outcome.",
        lambda: Q(kind=ResolutionKind.OVERTURNED),
    ),
    _Reason(
        CaseKind.MISCLASSIFICATION, "The model was sure, and people did not accept what it said.",
        lambda: WRONG & Q(item__prediction__confidence__gte=SURE),
    ),
    _Reason(
        CaseKind.NEAR_MISS, "An error that nobody would have seen: a draw brought it to people.",
        lambda: WRONG & ~Q(item__prediction__sampled=""),
    ),
    _Reason(
        CaseKind.NEAR_MISS, "An error that was caught late, after the item was due.",
        lambda: WRONG & Q(item__due_at__lt=F("resolved_at")),
    ),
    _Reason(
        CaseKind.NEAR_MISS, "People who looked at it differed.",
        lambda: Q(agreement__lt=1) | Q(kind=ResolutionKind.ADJUDICATED),
    ),
    _Reason(
        CaseKind.SUCCESS, "A hard one: the model was unsure, and all who looked at it agreed.",
        lambda: Q(
            kind=ResolutionKind.AGREEMENT, agreement=1, item__prediction__confidence__lt=UNSURE
        ),
    ),
)  # fmt: skip


def within(principal: Principal) -> "QuerySet[Retrospective]":
    """Return the retrospectives of the pipelines within reach."""
    rows = Retrospective.objects.select_related("pipeline")
    return audit.within(rows, principal, "pipeline")


def one(principal: Principal, key: uuid.UUID) -> Retrospective:
    """Return one retrospective; NotFound when there is none within reach."""
    row = within(principal).filter(pk=key).first()
    if row is None:
        raise NotFound("There is no such retrospective.")
    return row


def unconcluded(principal: Principal, before: datetime) -> "QuerySet[Retrospective]":
    """Return those that were held before a time and of which something has come to nothing yet."""
    return within(principal).filter(state=RetrospectiveState.HELD, held_at__lt=before)


def outcomes(principal: Principal, row: Retrospective) -> "QuerySet[Resolution]":
    """Return the outcomes that stand and came about in the period of a retrospective.

    What is challenged now is left out, and what is blind to the principal.
    """
    doubted = challenges.open_resolutions().filter(pk=OuterRef("pk"))
    rows = Resolution.objects.filter(
        ~Exists(doubted), item__pipeline=row.pipeline_id, item__resolution=F("pk"),
        resolved_at__gte=row.since, resolved_at__lt=row.until,
    )  # fmt: skip
    seen = restrictions.shown(principal, exposed(principal, rows), "item__prediction__")
    return seen.select_related("item__prediction")


def suggested(principal: Principal, row: Retrospective) -> Iterator[Suggestion]:
    """Yield what might be looked back at and was not picked yet, each item once."""
    picked = RetrospectiveItem.objects.filter(retrospective=row, item=OuterRef("item"))
    rows = outcomes(principal, row).filter(~Exists(picked)).order_by("-resolved_at", "-pk")
    named: list[uuid.UUID] = []
    for reason in REASONS:
        found = list(rows.filter(reason.holds()).exclude(pk__in=named)[:MOST])
        named += [each.pk for each in found]
        for each in found:
            yield Suggestion(each, reason.kind, reason.why)
