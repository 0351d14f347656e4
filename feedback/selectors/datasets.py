"""Datasets that a principal may see, their versions, and how two versions differ."""

from dataclasses import dataclass
from typing import Any

import orjson
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from feedback.domain.rows import FIELDS
from feedback.models import Dataset, DatasetEntry, DatasetVersion
from feedback.selectors.downloads import remaining
from governance.domain.principal import Principal
from governance.exceptions import NotFound
from governance.selectors import audit
from reviews.selectors import restrictions

MOST_LISTED = 1_000


def datasets(principal: Principal) -> "QuerySet[Dataset]":
    """Return the datasets of the pipelines within reach, with the count of their versions."""
    rows = Dataset.objects.select_related("pipeline", "created_by")
    if principal.pipelines is not None:
        rows = rows.filter(pipeline__in=principal.pipelines)
    return rows.annotate(version_count=Count("versions"), latest=Max("versions__number"))


def dataset(principal: Principal, slug: str) -> Dataset:
    """Return one dataset; NotFound when there is none within reach."""
    row = datasets(principal).filter(slug=slug).first()
    if row is None:
        raise NotFound("There is no such dataset.")
    return row


def versions(principal: Principal, slug: str) -> "QuerySet[DatasetVersion]":
    """Return the versions of a dataset; NotFound when it is out of reach."""
    return (
        DatasetVersion.objects.filter(dataset=dataset(principal, slug))
        .select_related("dataset__pipeline", "parent", "sealed_by")
        .prefetch_related("files", "editions")
        .annotate(erased_rows=Coalesce(Sum("erasures__rows"), 0))
    )


def latest(principal: Principal) -> "QuerySet[DatasetVersion]":
    """Return the versions of all datasets within reach, the newest first."""
    rows = DatasetVersion.objects.select_related("dataset__pipeline").order_by("-pk")
    return audit.within(rows, principal, "dataset__pipeline")


def version(principal: Principal, slug: str, number: int) -> DatasetVersion:
    """Return one version; NotFound when there is none within reach."""
    row = versions(principal, slug).filter(number=number).first()
    if row is None:
        raise NotFound("There is no such version.")
    return row


@dataclass(frozen=True)
class Differences:
    """How one version differs from another: all of it counted, the first MOST_LISTED of each named.

    `changed` names for each row the fields that differ.
    """

    counts: dict[str, int]
    added: list[str]
    removed: list[str]
    changed: list[dict[str, Any]]


def differences(principal: Principal, before: DatasetVersion, after: DatasetVersion) -> Differences:
    """Return what `after` has that `before` has not, and the other way round, by external_id.

    A row that was erased is in neither; one that is restricted is counted and not named.
    """
    same_row = Q(external_id=OuterRef("external_id"))
    there = DatasetEntry.objects.exclude(content="")
    old = there.filter(same_row, version=before)
    new = there.filter(same_row, version=after)
    added = there.filter(~Exists(old), version=after)
    removed = there.filter(~Exists(new), version=before)
    changed = there.filter(Exists(old.exclude(content=OuterRef("content"))), version=after)
    counts = {"added": added.count(), "removed": removed.count(), "changed": changed.count()}
    counts["unchanged"] = remaining(after) - counts["added"] - counts["changed"]
    added, removed, changed = (
        restrictions.shown(principal, rows, "prediction__") for rows in (added, removed, changed)
    )
    return Differences(counts, _named(added), _named(removed), _changes(changed, before))


def _named(rows: "QuerySet[DatasetEntry]") -> list[str]:
    return list(rows.order_by("position").values_list("external_id", flat=True)[:MOST_LISTED])


def _changes(rows: "QuerySet[DatasetEntry]", before: DatasetVersion) -> list[dict[str, Any]]:
    now = dict(rows.order_by("position").values_list("external_id", "content")[:MOST_LISTED])
    then = dict(
        DatasetEntry.objects.filter(version=before, external_id__in=now).values_list(
            "external_id", "content"
        )
    )
    return [
        {"external_id": external_id, "fields": _fields_that_differ(then[external_id], content)}
        for external_id, content in now.items()
    ]


def _fields_that_differ(before: str, after: str) -> list[str]:
    old, new = orjson.loads(before), orjson.loads(after)
    return [name for name in FIELDS if old[name] != new[name]]
