"""Legal holds that are in force, and what they cover."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from governance.domain.principal import Principal
from governance.models import LegalHold, SubjectKey


def in_force() -> "QuerySet[LegalHold]":
    """Return the holds that nobody has lifted."""
    return LegalHold.objects.filter(lifts=None).select_related("pipeline", "subject", "placed_by")


def covering(
    subject: SubjectKey, pipelines: frozenset[int] | None, *, having: "QuerySet[Any, Any]"
) -> "QuerySet[LegalHold]":
    """Return the holds that cover some of what is about a subject in `pipelines` (None: in all).

    Those are on the person, or on a pipeline among `having`, the ids of those with data of theirs.
    """
    of_person = Q(subject=subject)
    if pipelines is not None:
        of_person &= Q(pipeline=None) | Q(pipeline__in=pipelines)
    return in_force().filter(of_person | Q(subject=None, pipeline__in=having)).order_by("pk")


def visible(principal: Principal) -> "QuerySet[LegalHold]":
    """Return the holds within reach, lifted ones too; those on a subject are everybody's."""
    rows = LegalHold.objects.select_related("pipeline", "subject", "placed_by")
    if principal.pipelines is None:
        return rows
    return rows.filter(Q(pipeline=None) | Q(pipeline__in=principal.pipelines))


@dataclass(frozen=True)
class Cover:
    """What holds keep from being purged: all of some pipelines, and what is about some people.

    `subjects` pairs the key of a person with the pipeline, or None for all of them.
    """

    pipelines: frozenset[int]
    subjects: tuple[LegalHold, ...]


def cover() -> Cover:
    """Return what is held now. A hold on a pipeline and a subject covers what is in both."""
    rows = list(in_force())
    return Cover(
        pipelines=frozenset(
            row.pipeline_id for row in rows if row.subject_id is None and row.pipeline_id
        ),
        subjects=tuple(row for row in rows if row.subject_id is not None),
    )
