"""What feedback knows of lineage: which versions hold which predictions and decisions.

A version of a hundred thousand rows is a hundred thousand edges. None is stored: an entry names its
prediction and its resolution, and a resolution its decisions. From a version the entries are read
by position; to the versions leads `external_id`, by the index that also keeps it unique. A
prediction is held by way of its decisions; only where a row rests on none, by itself.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db.models import Q, QuerySet

from feedback.models import DatasetEntry, DatasetVersion
from governance.domain.lineage import NAME_AT_VERSION, Node, Ref
from governance.domain.principal import Principal
from governance.selectors import audit, lineage
from governance.selectors.lineage import Kind, Pair, Relation
from reviews.models import Decision, Prediction, Resolution
from reviews.selectors.lineage import DECISION, PREDICTION

DATASET = "dataset"
AT_ONCE = 1_000
HELD = "held_in"
EVERY = Q()
ON_NO_DECISION = Q(resolution=None) | Q(resolution__decided_on=[])


def versions(principal: Principal, names: Sequence[str]) -> Iterator[Node]:
    """Yield sealed versions within reach, by `slug@number`."""
    rows = audit.within(versions_named(names), principal, "dataset__pipeline").order_by(
        "sealed_at", "pk"
    )
    found = rows.values_list(
        "dataset__slug", "number", "dataset__pipeline__slug", "sealed_at", "rows", "digest"
    )
    for slug, number, pipeline, sealed_at, count, digest in found:
        name = f"{slug}@{number}"
        facts = {"rows": count, "digest": digest}
        yield Node(Ref(DATASET, name), name, pipeline, sealed_at, facts)


def versions_named(names: Iterable[str]) -> "QuerySet[DatasetVersion]":
    """Return the versions of datasets with these names, `slug@number`."""
    wanted = Q(pk__in=[])
    numbers: dict[str, list[int]] = defaultdict(list)
    for name in names:
        slug, _, number = name.rpartition("@")
        # A number that the column cannot hold is that of no version.
        if number.isdecimal() and len(number) < 10 and number == str(int(number)):
            numbers[slug].append(int(number))
    for slug, held in numbers.items():
        wanted |= Q(dataset__slug=slug, number__in=held)
    return DatasetVersion.objects.filter(wanted)


def _versions_of_predictions(names: Sequence[str]) -> Iterator[Pair]:
    known = Prediction.objects.filter(pk__in=names).values_list("pk", "external_id")
    external_ids = {external_id for _, external_id in known}
    rows = DatasetEntry.objects.filter(
        ON_NO_DECISION, external_id__in=external_ids, prediction__in=[pk for pk, _ in known]
    )
    found = rows.values_list("prediction", "version__dataset__slug", "version__number")
    for prediction, slug, number in found:
        yield str(prediction), f"{slug}@{number}"


def _predictions_of_versions(names: Sequence[str]) -> Iterator[Pair]:
    for name, entries in _entries(names, "prediction", ON_NO_DECISION):
        for prediction in entries:
            yield str(prediction), name


def _versions_of_decisions(names: Sequence[str]) -> Iterator[Pair]:
    wanted = set(names)
    items = Decision.objects.filter(pk__in=names).values("item")
    resolutions = Resolution.objects.filter(item__in=items).values_list(
        "pk", "decided_on", "item__prediction__external_id"
    )
    rests_on = {
        pk: (wanted.intersection(decided_on), external_id)
        for pk, decided_on, external_id in resolutions
    }
    rows = DatasetEntry.objects.filter(
        external_id__in={external_id for _, external_id in rests_on.values()},
        resolution__in=list(rests_on),
    )
    found = rows.values_list("resolution", "version__dataset__slug", "version__number")
    for resolution, slug, number in found:
        for decision in sorted(rests_on[resolution][0]):
            yield decision, f"{slug}@{number}"


def _decisions_of_versions(names: Sequence[str]) -> Iterator[Pair]:
    for name, entries in _entries(names, "resolution__decided_on"):
        for decided_on in entries:
            for decision in decided_on or ():
                yield decision, name


def _entries(
    names: Sequence[str], field: str, condition: Q = EVERY
) -> Iterator[tuple[str, list[Any]]]:
    """Yield a column of the entries of each version, AT_ONCE of them at a time."""
    found = versions_named(names).values_list("pk", "dataset__slug", "number", "rows")
    for pk, slug, number, count in found:
        for start in range(0, count, AT_ONCE):
            rows = DatasetEntry.objects.filter(
                condition, version=pk, position__gte=start, position__lt=start + AT_ONCE
            )
            yield f"{slug}@{number}", list(rows.order_by("position").values_list(field, flat=True))


def register() -> None:
    """Make them known to the graph."""
    lineage.register(
        Kind(DATASET, "Dataset", NAME_AT_VERSION, versions, single=True),
        Relation(PREDICTION, DATASET, HELD, _versions_of_predictions, _predictions_of_versions),
        Relation(DECISION, DATASET, HELD, _versions_of_decisions, _decisions_of_versions),
    )
