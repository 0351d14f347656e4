"""What the events of the ledger tell other systems: each app says it of its own."""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from governance.domain.webhooks import Telling
from governance.models import Adjustment, AuditEvent, Pipeline, PolicyVersion


@dataclass(frozen=True)
class News:
    """What one event tells: its kind, pipeline and facts; `part` where it tells several things."""

    event: AuditEvent
    kind: str
    pipeline_id: int
    data: Mapping[str, Any]
    part: str = ""


Teller = Callable[[Sequence[AuditEvent]], Iterable[News]]


@dataclass
class _Tellers:
    """Who knows what events of an action tell."""

    by_action: dict[str, Teller] = field(default_factory=dict)


_tellers = _Tellers()


def register(*actions: str, teller: Teller) -> None:
    """Let `teller` say what events of these actions tell other systems."""
    _tellers.by_action.update(dict.fromkeys(actions, teller))


def of_events(places: Mapping[uuid.UUID, int]) -> Iterator[Telling]:
    """Yield what events tell, given their places in the ledger."""
    known = _tellers.by_action
    events = AuditEvent.objects.filter(pk__in=list(places), action__in=list(known))
    by_teller: dict[Teller, list[AuditEvent]] = {}
    for event in events.order_by("pk"):
        by_teller.setdefault(known[event.action], []).append(event)
    for teller, told in by_teller.items():
        for news in teller(told):
            yield Telling(
                news.event.pk, places[news.event.pk], news.kind, news.pipeline_id, news.data,
                news.event.at, news.part,
            )  # fmt: skip


def register_own() -> None:
    """Register what this app's events tell."""
    register("policy.live", teller=_policies)
    register("adjustment.activated", "adjustment.rolled_back", teller=_adjustments)


def _policies(events: Sequence[AuditEvent]) -> Iterator[News]:
    versions = PolicyVersion.objects.in_bulk([event.detail["version"] for event in events])
    by_id = {str(pk): version for pk, version in versions.items()}
    pipelines = {row.slug: row.pk for row in Pipeline.objects.all()}
    for event in events:
        version = by_id[event.detail["version"]]
        data = {
            "pipeline": version.slug, "config_version": version.number, "digest": version.digest,
        }  # fmt: skip
        yield News(event, "policy.changed", pipelines[version.slug], data)


def _adjustments(events: Sequence[AuditEvent]) -> Iterator[News]:
    ids = [event.stream.partition(":")[2] for event in events]
    rows = Adjustment.objects.select_related("pipeline").in_bulk([uuid.UUID(pk) for pk in ids])
    for event, pk in zip(events, ids, strict=True):
        row = rows[uuid.UUID(pk)]
        data = {"pipeline": row.pipeline.slug, "adjustment": pk, "kind": str(row.kind)}
        yield News(event, event.action, row.pipeline_id, data)
