"""Who agreed to what, and who no longer does."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from governance.domain.principal import Principal
from governance.models import ConsentRecord

RELATED = ("subject", "person", "pipeline", "recorded_by")


@dataclass(frozen=True)
class Refused:
    """Who refuses a purpose: keyed hashes of subjects' references, and ids of reviewers."""

    subjects: frozenset[str]
    people: frozenset[int]


def refused(purpose: str, pipeline_id: int) -> Refused:
    """Return who refuses that their data in a pipeline, or their judgement, serves a purpose.

    The latest record of a person counts, be it about this pipeline or about all.
    """
    said = ConsentRecord.objects.filter(_covering(pipeline_id), purpose=purpose)
    ever = said.filter(given=False)
    latest: dict[tuple[str, Any], bool] = {}
    rows = said.filter(
        Q(subject__in=ever.values("subject")) | Q(person__in=ever.values("person"))
    ).order_by("recorded_at", "pk")
    for token, person, given in rows.values_list("subject__token", "person", "given"):
        latest[("person", person) if person else ("subject", token)] = given
    gone = [who for who, given in latest.items() if not given]
    return Refused(
        subjects=frozenset(who for kind, who in gone if kind == "subject" and who),
        people=frozenset(who for kind, who in gone if kind == "person"),
    )


def in_force(record: ConsentRecord) -> bool:
    """Return whether a consent was given and neither withdrawn nor followed by a refusal."""
    if not record.given:
        return False
    later = ConsentRecord.objects.filter(
        subject=record.subject_id, person=record.person_id, purpose=record.purpose, given=False,
        recorded_at__gte=record.recorded_at, pk__gt=record.pk,
    )  # fmt: skip
    if record.pipeline_id is None:
        return not later.exists()
    return not later.filter(_covering(record.pipeline_id)).exists()


def visible(principal: Principal) -> "QuerySet[ConsentRecord]":
    """Return the records within reach: of its pipelines, its own, and those about all pipelines."""
    rows = ConsentRecord.objects.select_related(*RELATED)
    if principal.pipelines is None:
        return rows
    return rows.filter(
        Q(pipeline__in=principal.pipelines) | Q(person=principal.user_id)
        | Q(pipeline=None, person=None)
    )  # fmt: skip


def _covering(pipeline_id: int) -> Q:
    return Q(pipeline=None) | Q(pipeline=pipeline_id)
