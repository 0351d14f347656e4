"""The events of an audit pack, with their proofs and the texts that they committed to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model, Q, QuerySet

from feedback.selectors import case_files
from governance.domain.pack_scope import PackScope
from governance.domain.principal import Principal
from governance.domain.times import rfc3339
from governance.models import AuditEvent, Checkpoint, Redaction
from governance.selectors import evidence, pack_sections, proving
from reviews.models import Decision, Note, Resolution, ReviewItem
from reviews.selectors import ledger
from reviews.selectors.blindness import hidden

AT_ONCE = 500
# Events that tell of records in this way; the first that is there is what they committed to.
NAMED: tuple[tuple[str, type[Model]], ...] = (
    ("decision", Decision), ("resolution", Resolution), ("note", Note),
)  # fmt: skip
PERSONAL = ("answer", "rationale", "text")


@dataclass
class Batch:
    """Some events in order: what each file gets of them, and what stays out of it."""

    events: list[dict[str, Any]] = field(default_factory=list)
    proofs: list[dict[str, Any]] = field(default_factory=list)
    texts: list[dict[str, Any]] = field(default_factory=list)
    hidden: int = 0
    redacted: int = 0


def of_scope(rows: "QuerySet[AuditEvent]", scope: PackScope) -> "QuerySet[AuditEvent]":
    """Return those of `rows` that are within the scope."""
    rows = rows.filter(at__gte=scope.since, at__lt=scope.until)
    if scope.everything:
        return rows
    wanted = ledger.of_pipelines(scope.pipelines)
    for section in pack_sections.sections():
        if section.streams is not None:
            wanted |= section.streams(scope)
    return rows.filter(wanted)


def batches(scope: PackScope, checkpoint: Checkpoint, reader: Principal | None) -> Iterator[Batch]:
    """Return the events of a scope that `checkpoint` covers, by time, some at a time.

    What is blind to `reader` now is left out; None reads everything.
    """
    rows = of_scope(AuditEvent.objects.all(), scope).order_by("at", "pk")
    last: AuditEvent | None = None
    while True:
        page = list((rows if last is None else rows.filter(_after(last)))[:AT_ONCE])
        if page:
            yield _batch(page, scope, checkpoint, reader)
        if len(page) < AT_ONCE:
            return
        last = page[-1]


def _after(last: AuditEvent) -> Q:
    return Q(at__gte=last.at) & (Q(at__gt=last.at) | Q(pk__gt=last.pk))


def _batch(
    page: Sequence[AuditEvent], scope: PackScope, checkpoint: Checkpoint, reader: Principal | None
) -> Batch:
    batch = Batch()
    proofs = proving.inclusions([event.pk for event in page], checkpoint)
    blind = _blind(page, reader)
    records = _Records(page, scope)
    for event in page:
        if event.pk not in proofs:
            continue
        if event.stream in blind:
            batch.hidden += 1
            continue
        proof = proofs[event.pk]
        batch.events.append(evidence.leaf(event))
        batch.proofs.append({"id": str(event.pk), "position": proof.index, "path": proof.path})
        batch.texts += records.of(event)
    batch.redacted = sum(1 for text in batch.texts if text["redacted"])
    return batch


def _blind(page: Sequence[AuditEvent], reader: Principal | None) -> set[str]:
    """Return the streams of items that are blind to the reader."""
    if reader is None:
        return set()
    start = ledger.ITEM
    keys = {e.stream.removeprefix(start) for e in page if e.stream.startswith(start)}
    items = ReviewItem.objects.filter(pk__in=keys, blind=True)
    return {f"{start}{key}" for key in hidden(reader, items)}


class _Records:
    """The rows that some events tell of, read at once."""

    def __init__(self, page: Sequence[AuditEvent], scope: PackScope) -> None:
        self.scope = scope
        self.rows: dict[str, dict[str, Any]] = {}
        self.gone: dict[tuple[str, str], Redaction] = {}
        for name, model in NAMED:
            keys = {key for event in page if (key := event.detail.get(name))}
            rows = model._default_manager.filter(pk__in=keys)
            self.rows[name] = {str(row.pk): row for row in rows}
            label = model._meta.label_lower
            lost = [row.pk.hex for row in self.rows[name].values() if not row.salt]
            for each in Redaction.objects.filter(model=label, row__in=lost):
                self.gone[name, each.row] = each

    def of(self, event: AuditEvent) -> Iterator[dict[str, Any]]:
        """Return what stands for each row that an event tells of."""
        committed = dict(event.commitments)
        for name, _ in NAMED:
            row = self.rows[name].get(str(event.detail.get(name)))
            if row is None:
                continue
            opened = {field for field in committed if hasattr(row, field)}
            yield self._line(event, name, row, opened)
            for each in opened:
                del committed[each]

    def _line(self, event: AuditEvent, name: str, row: Any, opened: set[str]) -> dict[str, Any]:
        gone = self.gone.get((name, row.pk.hex))
        record = _shown(row) | {"item": str(row.item_id)}
        openings = []
        if not self.scope.texts:
            record = {key: value for key, value in record.items() if key not in PERSONAL}
        elif row.salt:
            openings = [
                {"field": each, "salt": row.salt, "value": getattr(row, each)}
                for each in sorted(opened)
            ]
        return {
            "event": str(event.pk),
            "kind": name,
            "record": record,
            "openings": openings,
            "redacted": None if gone is None else _redacted(gone),
        }


def _shown(row: Any) -> dict[str, Any]:
    if isinstance(row, Decision):
        return case_files.decision_shown(row)
    if isinstance(row, Resolution):
        return case_files.resolution_shown(row)
    return {
        "id": str(row.pk), "author": row.author_id, "text": row.text,
        "created_at": rfc3339(row.created_at),
    }  # fmt: skip


def _redacted(row: Redaction) -> dict[str, Any]:
    return {
        "cause": str(row.cause),
        "erasure": str(row.erasure_id) if row.erasure_id else None,
        "event": str(row.event),
        "at": rfc3339(row.at),
    }
