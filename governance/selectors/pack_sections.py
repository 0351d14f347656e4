"""The sections of an audit pack; each app registers, when it starts, those that it can fill.

A section is a file of lines, one JSON object each. What it yields must follow from the scope alone:
rows that are written once, whose acts the checkpoint covers (`Sealed`), in the order of their keys.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from governance.domain.pack_scope import PackScope
from governance.models import AuditEvent, LedgerLeaf

Lines = Callable[[PackScope], Iterable[dict[str, Any]]]
AT_ONCE = 500


@dataclass(frozen=True)
class Section:
    """One file of a pack, `<name>.jsonl`, with what a reader is told of it.

    `streams` gives the condition on events of the ledger that belong to it and to a pipeline, where
    reviews.selectors.ledger does not know them.
    """

    name: str
    title: str
    says: str
    lines: Lines
    streams: Callable[[PackScope], Q] | None = None


_sections: dict[str, Section] = {}


def register(section: Section) -> None:
    """Let `section` be in every pack from now on."""
    _sections[section.name] = section


def sections() -> list[Section]:
    """Return all sections by name."""
    return [_sections[name] for name in sorted(_sections)]


def of_scope(rows: "QuerySet[Any]", scope: PackScope, path: str) -> "QuerySet[Any]":
    """Return those of `rows` whose pipeline, which `path` leads to, is in the scope.

    What has no pipeline belongs to a pack of everything.
    """
    within = Q(**{f"{path}__in": list(scope.pipelines)})
    return rows.filter(within | Q(**{path: None}) if scope.everything else within)


def pages(rows: "QuerySet[Any]") -> Iterator[list[Any]]:
    """Return rows in the order of their keys, a page at a time, in queries that an index serves."""
    last = None
    rows = rows.order_by("pk")
    while True:
        page = list((rows if last is None else rows.filter(pk__gt=last))[:AT_ONCE])
        if page:
            yield page
        if len(page) < AT_ONCE:
            return
        last = page[-1].pk


class Sealed:
    """Which acts of some streams the checkpoint of a pack covers.

    A row says by its time only when an act began; another that began earlier may have been sealed
    later. So a row is in a pack because the event of its act is: the one of its stream and time.
    """

    def __init__(self, streams: Iterable[str], scope: PackScope) -> None:
        rows = AuditEvent.objects.filter(stream__in=set(streams), at__lt=scope.until)
        told = list(rows.values_list("pk", "stream", "at"))
        leaves = LedgerLeaf.objects.filter(
            event__in=[key for key, _, _ in told], position__lt=scope.checkpoint
        )
        known = set(leaves.values_list("event", flat=True))
        self._acts = {(stream, at) for key, stream, at in told if key in known}

    def has(self, stream: str, at: datetime | None) -> bool:
        """Return whether an act of `stream` at this time is in the pack's ledger."""
        return (stream, at) in self._acts


def streams_named(kind: str, rows: "QuerySet[Any]") -> Q:
    """Return the condition that an event is of the stream `<kind>:<key>` of one of `rows`."""
    return Q(stream__in=[f"{kind}:{key}" for key in rows.values_list("pk", flat=True)])
