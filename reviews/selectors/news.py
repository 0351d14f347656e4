"""What happens to predictions and items, as other systems are told of it: ids and states alone.

Whoever is told asks for the rest with a token: a message holds nothing that is erased later.
"""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from governance.models import AuditEvent
from governance.selectors.news import News, register
from reviews.enums import ResolutionKind
from reviews.models import Resolution, ReviewItem

RESOLVING = ("decision.made", "decision.revised", "item.adjudicated")
OF_ITEMS = {
    "item.escalated": "item.escalated",
    "item.reopened": "item.reopened",
    "sla.at_risk": "sla.at_risk",
    "sla.breached": "sla.breached",
    "sla.escalated": "item.escalated",
    "sla.expired": "item.expired",
}


def register_own() -> None:
    """Register what this app's events tell."""
    register("predictions.received", teller=_received)
    register(*RESOLVING, teller=_resolved)
    register("challenge.overturned", "resolution.overridden", teller=_overturned)
    register("decision.undone", teller=_undone)
    register(*OF_ITEMS, teller=_of_items)


def _received(events: Sequence[AuditEvent]) -> Iterator[News]:
    by_id = {event.pk: event for event in events}
    items = ReviewItem.objects.filter(prediction__intake__in=list(by_id))
    for item in items.select_related("prediction", "pipeline").order_by("pk"):
        event = by_id[item.prediction.intake]
        yield News(event, "item.created", item.pipeline_id, _facts(item), part=item.pk.hex)


def _resolved(events: Sequence[AuditEvent]) -> Iterator[News]:
    resolving = [event for event in events if event.detail.get("resolution")]
    return _with_resolutions(resolving, "prediction.resolved")


def _overturned(events: Sequence[AuditEvent]) -> Iterator[News]:
    return _with_resolutions(events, "resolution.overturned")


def _with_resolutions(events: Sequence[AuditEvent], kind: str) -> Iterator[News]:
    keys = [uuid.UUID(event.detail["resolution"]) for event in events]
    rows = Resolution.objects.select_related("item__prediction", "item__pipeline").in_bulk(keys)
    for event, key in zip(events, keys, strict=True):
        row = rows[key]
        told = {"id": str(row.pk), "kind": str(ResolutionKind(row.kind)), "verdict": row.verdict}
        if before := event.detail.get("supersedes"):
            told["supersedes"] = before
        yield News(event, kind, row.item.pipeline_id, _facts(row.item) | {"resolution": told})


def _undone(events: Sequence[AuditEvent]) -> Iterator[News]:
    """Tell that what was resolved is open again, where an undo took the outcome back."""
    return _of_items([event for event in events if event.detail.get("resolution")])


def _of_items(events: Sequence[AuditEvent]) -> Iterator[News]:
    items = _items(events)
    for event in events:
        item = items.get(event.stream)
        if item is None:
            continue
        kind = OF_ITEMS.get(event.action, "item.reopened")
        clock = {"clock": event.detail["kind"]} if event.action.startswith("sla.") else {}
        yield News(event, kind, item.pipeline_id, _facts(item) | clock)


def _items(events: Iterable[AuditEvent]) -> dict[str, ReviewItem]:
    keys = [event.stream.removeprefix("item:") for event in events if event.stream[:5] == "item:"]
    rows = ReviewItem.objects.select_related("prediction", "pipeline").in_bulk(
        [uuid.UUID(key) for key in keys]
    )
    return {f"item:{key}": row for key, row in rows.items()}


def _facts(item: ReviewItem) -> dict[str, Any]:
    return {
        "pipeline": item.pipeline.slug,
        "prediction": str(item.prediction_id),
        "external_id": item.prediction.external_id,
        "item": str(item.pk),
    }
