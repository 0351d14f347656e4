"""What adjustments are in lineage: what their evidence refers to belongs to upper layers."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from django.db.models import F

from governance.domain.lineage import UUID, Node, Ref
from governance.domain.principal import Principal
from governance.models import AdjustmentRevision
from governance.selectors import adjustments, lineage
from governance.selectors.lineage import Kind, Pair

ADJUSTMENT = "adjustment"
# Returns the names of nodes of one kind that an adjustment refers to, by its change and evidence.
Named = Callable[[Mapping[str, Any], Mapping[str, Any]], Collection[str]]


def nodes(principal: Principal, names: Sequence[str]) -> Iterator[Node]:
    """Yield adjustments within reach."""
    found = (
        adjustments.visible(principal)
        .filter(pk__in=names)
        .values_list("pk", "kind", "state", "pipeline__slug", "created_at")
    )
    for pk, kind, state, slug, created_at in found:
        facts = {"changes": kind, "state": state}
        yield Node(Ref(ADJUSTMENT, str(pk)), kind.replace("_", " "), slug, created_at, facts)


def named_by(named: Named) -> Callable[[Sequence[str]], Iterator[Pair]]:
    """Return the way up: from adjustments to what they refer to as they read now."""

    def up(names: Sequence[str]) -> Iterator[Pair]:
        for pk, change, evidence in _said().filter(adjustment__in=names):
            for name in sorted(named(change, evidence)):
                yield name, str(pk)

    return up


def naming(named: Named) -> Callable[[Sequence[str]], Iterator[Pair]]:
    """Return the way down: from what is referred to, to the adjustments that do.

    All adjustments are read: there are as many as people have proposed.
    """

    def down(names: Sequence[str]) -> Iterator[Pair]:
        wanted = set(names)
        for pk, change, evidence in _said().iterator(1_000):
            for name in sorted(wanted.intersection(named(change, evidence))):
                yield name, str(pk)

    return down


def _said() -> Any:
    rows = AdjustmentRevision.objects.filter(number=F("adjustment__revision"))
    return rows.order_by("adjustment").values_list("adjustment", "change", "evidence")


def register() -> None:
    """Make adjustments known to the graph."""
    lineage.register(Kind(ADJUSTMENT, "Change", UUID, nodes, single=True))
