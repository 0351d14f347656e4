"""What reviews know of lineage: predictions, and the decisions that people made on them."""

import uuid
from collections.abc import Iterable, Iterator, Sequence

from governance.domain.lineage import UUID, Node, Ref
from governance.domain.principal import Principal
from governance.selectors import audit, lineage
from governance.selectors.lineage import Kind, Pair, Relation
from reviews.models import Decision, Prediction
from reviews.selectors import records, restrictions

PREDICTION, DECISION = "prediction", "decision"


def predictions(principal: Principal, names: Sequence[str]) -> Iterator[Node]:
    """Yield predictions within reach, without what a blind reviewer must not see of them."""
    rows = audit.within(Prediction.objects.filter(pk__in=names), principal, "pipeline")
    found = restrictions.shown(principal, rows, "").values_list(
        "pk", "external_id", "pipeline__slug", "received_at", "model_name", "model_version"
    )
    for pk, external_id, slug, received_at, model, version in found:
        facts = {"external_id": external_id, "model": f"{model}@{version}"}
        yield Node(Ref(PREDICTION, str(pk)), external_id, slug, received_at, facts)


def decisions(principal: Principal, names: Sequence[str]) -> Iterator[Node]:
    """Yield decisions that a principal may see; undone ones say so."""
    rows = records.decisions(principal).filter(pk__in=names)
    found = rows.values_list(
        "pk", "verdict", "item__pipeline__slug", "decided_at", "blind", "undone_by",
        "config_version__number",
    )  # fmt: skip
    for pk, verdict, slug, decided_at, blind, undone_by, number in found:
        facts = {
            "verdict": verdict, "blind": blind, "undone": undone_by is not None,
            "config_version": number,
        }  # fmt: skip
        yield Node(Ref(DECISION, str(pk)), verdict, slug, decided_at, facts)


def _decided(names: Sequence[str]) -> Iterator[Pair]:
    rows = Decision.objects.filter(item__prediction__in=list(map(uuid.UUID, names)), undoes=None)
    return _texts(rows.values_list("item__prediction", "pk"))


def _decided_on(names: Sequence[str]) -> Iterator[Pair]:
    return _texts(
        Decision.objects.filter(pk__in=names, undoes=None).values_list("item__prediction", "pk")
    )


def _texts(pairs: Iterable[tuple[uuid.UUID, uuid.UUID]]) -> Iterator[Pair]:
    for source, target in pairs:
        yield str(source), str(target)


def register() -> None:
    """Make them known to the graph."""
    lineage.register(
        Kind(PREDICTION, "Prediction", UUID, predictions),
        Kind(DECISION, "Decision", UUID, decisions),
        Relation(PREDICTION, DECISION, "decided", _decided, _decided_on),
    )
