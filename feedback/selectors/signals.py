"""Signals that a principal may see, and resolutions of which none were made yet."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from feedback.domain import signals
from feedback.domain.signals import Signal, Taught
from feedback.models import FeedbackSignal
from governance.domain.principal import Principal
from governance.selectors import audit, policies
from reviews.models import Decision, Resolution
from reviews.selectors import restrictions
from reviews.selectors.blindness import exposed

# No transaction is open for so long, so what was resolved earlier is here or never will be.
MARGIN = timedelta(hours=2)


def standing() -> Q:
    """Return the condition that a signal's resolution is the one that stands."""
    return Q(item__resolution=F("resolution"))


def within(principal: Principal) -> "QuerySet[FeedbackSignal]":
    """Return the signals of pipelines within reach; not those of items blind to the principal."""
    rows = audit.within(FeedbackSignal.objects.all(), principal, "pipeline")
    rows = restrictions.shown(principal, exposed(principal, rows), "item__prediction__")
    return rows.select_related("pipeline", "item")


def undistilled() -> "QuerySet[Resolution]":
    """Return resolutions without signals, the oldest first; looks back MARGIN from the last one."""
    none = ~Exists(FeedbackSignal.objects.filter(resolution=OuterRef("pk")))
    rows = Resolution.objects.filter(none).order_by("resolved_at", "pk")
    newest = FeedbackSignal.objects.order_by("-resolved_at").values_list("resolved_at", flat=True)
    last = newest.first()
    return rows if last is None else rows.filter(resolved_at__gte=last - MARGIN)


def taught(rows: "QuerySet[Resolution]") -> Iterator[tuple[Resolution, list[Signal]]]:
    """Yield each resolution of `rows`, with the item's prediction, and the signals of it."""
    found = list(rows.select_related("item__prediction__pipeline").order_by("pk"))
    decisions = _decisions(found)
    for row in found:
        prediction = row.item.prediction
        question = policies.document(row.item.config_version_id)["question"]
        yield (
            row,
            signals.distil(
                Taught(
                    resolution=row.pk,
                    verdict=row.verdict,
                    answer=row.answer,
                    output=prediction.output,
                    confidence=prediction.confidence,
                    sampled=prediction.sampled,
                    decisions=[decisions[uuid.UUID(pk)] for pk in row.decided_on],
                    choices=frozenset(question.get("choices") or ()),
                )
            ),
        )


def _decisions(rows: Iterable[Resolution]) -> dict[uuid.UUID, dict[str, Any]]:
    ids = [uuid.UUID(pk) for row in rows for pk in row.decided_on]
    wanted = Decision.objects.filter(pk__in=ids)
    names = ("pk", "verdict", "answer", "reason_codes")
    return {d["pk"]: {**d} for d in wanted.values(*names)}


def of_decisions(ids: Sequence[str]) -> Iterator[tuple[str, uuid.UUID]]:
    """Yield each decision of `ids` with each signal that was derived from it."""
    wanted = set(ids)
    items = Decision.objects.filter(pk__in=ids).values("item")
    rows = FeedbackSignal.objects.filter(item__in=items).values_list("pk", "decisions")
    for signal, decisions in rows:
        for decision in sorted(wanted.intersection(decisions)):
            yield decision, signal
