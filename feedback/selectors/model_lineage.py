"""What models are in lineage: made of datasets and of each other, and named by changes."""

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Q

from feedback.models import GateRun, ModelTraining, ModelVersion
from feedback.selectors import registry
from feedback.selectors.lesson_lineage import SIGNAL
from feedback.selectors.lineage import DATASET, versions_named
from governance.domain.lineage import NAME_AT_VERSION, Node, Ref
from governance.domain.principal import Principal
from governance.selectors import lineage
from governance.selectors.adjustment_lineage import ADJUSTMENT, named_by, naming
from governance.selectors.lineage import Kind, Pair, Relation

MODEL = "model"
EVIDENCE = "evidence_for"


def nodes(principal: Principal, names: Sequence[str]) -> Iterator[Node]:
    """Yield versions of models within reach, by `name@version`."""
    for row in registry.within(principal).filter(_named(names)).order_by("registered_at", "pk"):
        slugs = sorted({t.dataset_version.dataset.pipeline.slug for t in row.trainings.all()})
        facts = {"digest": row.digest}
        yield Node(Ref(MODEL, str(row)), str(row), ", ".join(slugs), row.registered_at, facts)


def _named(names: Sequence[str]) -> Q:
    wanted = Q(pk__in=[])
    by_name: dict[str, list[str]] = defaultdict(list)
    for each in names:
        name, _, version = each.rpartition("@")
        by_name[name].append(version)
    for name, numbers in by_name.items():
        wanted |= Q(name=name, version__in=numbers)
    return wanted


def _trained_on(names: Sequence[str]) -> Iterator[Pair]:
    rows = ModelTraining.objects.filter(dataset_version__in=versions_named(names).values("pk"))
    return _trainings(rows)


def _trained(names: Sequence[str]) -> Iterator[Pair]:
    models = ModelVersion.objects.filter(_named(names))
    return _trainings(ModelTraining.objects.filter(model__in=models.values("pk")))


def _trainings(rows: Any) -> Iterator[Pair]:
    found = rows.order_by("pk").values_list(
        "dataset_version__dataset__slug", "dataset_version__number", "model__name", "model__version"
    )
    for slug, number, name, version in found:
        yield f"{slug}@{number}", f"{name}@{version}"


def _children(names: Sequence[str]) -> Iterator[Pair]:
    parents = ModelVersion.objects.filter(_named(names))
    return _descents(ModelVersion.objects.filter(parent__in=parents.values("pk")))


def _parents(names: Sequence[str]) -> Iterator[Pair]:
    return _descents(ModelVersion.objects.filter(_named(names)).exclude(parent=None))


def _descents(rows: Any) -> Iterator[Pair]:
    for row in rows.select_related("parent").order_by("pk"):
        yield str(row.parent), str(row)


def _models_of(change: Mapping[str, Any], evidence: Mapping[str, Any]) -> set[str]:
    """Return the model that a change names, and the two that its gate run judged."""
    found = set()
    if {"name", "version"} <= change.keys():
        found.add(f"{change['name']}@{change['version']}")
    if (run := run_named(evidence.get("gate_run"))) is not None:
        found |= {str(run.baseline), str(run.candidate)}
    return found


def run_named(reference: Any) -> GateRun | None:
    """Return the gate run that a text names by its id, if there is one."""
    try:
        key = uuid.UUID(str(reference))
    except ValueError:
        return None
    return GateRun.objects.select_related("baseline", "candidate").filter(pk=key).first()


def _datasets_of(_: Mapping[str, Any], evidence: Mapping[str, Any]) -> set[str]:
    return {f"{each['dataset']}@{each['version']}" for each in evidence.get("datasets") or ()}


def _signals_of(_: Mapping[str, Any], evidence: Mapping[str, Any]) -> set[str]:
    return set(map(str, evidence.get("signals") or ()))


def register() -> None:
    """Make them known to the graph."""
    lineage.register(
        Kind(MODEL, "Model", NAME_AT_VERSION, nodes, single=True),
        Relation(DATASET, MODEL, "trained", _trained_on, _trained),
        Relation(MODEL, MODEL, "parent_of", _children, _parents),
        Relation(MODEL, ADJUSTMENT, "proposed_in", naming(_models_of), named_by(_models_of)),
        Relation(DATASET, ADJUSTMENT, EVIDENCE, naming(_datasets_of), named_by(_datasets_of)),
        Relation(SIGNAL, ADJUSTMENT, EVIDENCE, naming(_signals_of), named_by(_signals_of)),
    )
