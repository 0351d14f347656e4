"""Which sealed versions hold something of a person already."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from feedback.models import DatasetEntry, DatasetVersion
from governance.domain.principal import Principal
from reviews.enums import ResolutionKind
from reviews.models import Decision, Prediction, Resolution
from reviews.selectors import restrictions


@dataclass(frozen=True)
class Held:
    """A sealed version, and how many of its rows concern a person."""

    version: DatasetVersion
    rows: int

    def __str__(self) -> str:
        return f"{self.version} ({self.rows} rows)"


def about(reference: str, pipeline_id: int | None) -> list[Held]:
    """Return the versions with rows about a subject, in the order in which they were sealed."""
    rows = Prediction.objects.filter(subject_ref=reference)
    return _holding(_within(rows, pipeline_id))


def judged_by(person_id: int, pipeline_id: int | None) -> list[Held]:
    """Return the versions with rows of items that a person decided."""
    made = Decision.objects.filter(item__prediction=OuterRef("pk"), reviewer=person_id)
    rows = Prediction.objects.filter(
        pk__in=Decision.objects.filter(reviewer=person_id).values("item__prediction")
    )
    return _holding(_within(rows.filter(Exists(made)), pipeline_id))


def overturned(version: DatasetVersion) -> "QuerySet[DatasetEntry]":
    """Return the rows of a version whose outcome was overturned or overridden since it was sealed.

    Those that a rule had approved are among them.
    """
    made = Resolution.objects.filter(
        kind=ResolutionKind.OVERTURNED, item__pipeline=version.dataset.pipeline_id
    )
    before = Q(resolution__in=made.values("supersedes"))
    by_rule = Q(resolution=None, prediction__in=made.values("item__prediction"))
    # The index that keeps external_id unique in a version finds them.
    return DatasetEntry.objects.filter(
        before | by_rule,
        version=version,
        external_id__in=made.values("item__prediction__external_id"),
    ).order_by("position")


def restricted(principal: Principal, version: DatasetVersion) -> bool:
    """Return whether a version holds rows that are restricted, and so not there for a principal."""
    if restrictions.sees(principal):
        return False
    rows = DatasetEntry.objects.filter(version=version).exclude(content="")
    return restrictions.among(rows, "prediction__").exists()


def entries_of(predictions: "QuerySet[Prediction]") -> "QuerySet[DatasetEntry]":
    """Return the rows of sealed versions that were made of `predictions`."""
    # The unique index on external_id finds them; no index on the prediction is needed.
    return DatasetEntry.objects.filter(
        external_id__in=predictions.values("external_id"), prediction__in=predictions.values("pk")
    )


def _within(rows: "QuerySet[Prediction]", pipeline_id: int | None) -> "QuerySet[Prediction]":
    return rows if pipeline_id is None else rows.filter(pipeline=pipeline_id)


def _holding(predictions: "QuerySet[Prediction]") -> list[Held]:
    counted = entries_of(predictions).order_by().values("version").annotate(n=Count("pk"))
    return _named({row["version"]: row["n"] for row in counted})


def _named(counts: dict[uuid.UUID, int]) -> list[Held]:
    rows: Iterable[DatasetVersion] = (
        DatasetVersion.objects.filter(pk__in=counts)
        .select_related("dataset__pipeline")
        .defer("card", "recipe", "consent")
        .order_by("pk")
    )
    return [Held(row, counts[row.pk]) for row in rows]
