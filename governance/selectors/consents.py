"""Who agreed to what, and who no longer does."""

import uuid
from collections.abc import Iterable
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


def in_force(records: Iterable[ConsentRecord]) -> set[uuid.UUID]:
    """Return the ids of those consents that were given and are not followed by a refusal."""
    given = [record for record in records if record.given]
    who = Q(subject__in={r.subject_id for r in given if r.subject_id}) | Q(
        person__in={r.person_id for r in given if r.person_id}
    )
    refusals = list(ConsentRecord.objects.filter(who, given=False).defer("sealed"))
    return {r.pk for r in given if not any(_ends(refusal, r) for refusal in refusals)}


def _ends(refusal: ConsentRecord, given: ConsentRecord) -> bool:
    """Return whether a refusal came after a consent, of the same person and about the same use."""
    alike = ("subject_id", "person_id", "purpose")
    if any(getattr(refusal, name) != getattr(given, name) for name in alike):
        return False
    covers = None in (refusal.pipeline_id, given.pipeline_id) or (
        refusal.pipeline_id == given.pipeline_id
    )
    return covers and (refusal.recorded_at, refusal.pk) > (given.recorded_at, given.pk)


def last_of(person_id: int, purpose: str) -> ConsentRecord | None:
    """Return what a reviewer said last about a purpose, in all pipelines."""
    rows = ConsentRecord.objects.filter(person=person_id, purpose=purpose, pipeline=None)
    return rows.order_by("recorded_at", "pk").last()


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
