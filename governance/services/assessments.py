"""Assessing the impact of a pipeline: one person writes, another signs; a later one follows."""

import uuid
from datetime import date, datetime, timedelta

from django.db import transaction

from governance.domain import assessing
from governance.domain.assessing import Said
from governance.domain.canonical import digest
from governance.domain.principal import Principal
from governance.enums import PolicyKind, UserKind
from governance.exceptions import (
    Conflict,
    InvalidInput,
    NotFound,
    NotPermitted,
)
from governance.models import AssessmentSignature, ImpactAssessment, Pipeline, User
from governance.selectors import adjustments, assessments, persons
from governance.services import ledger
from governance.services.signatures import require_proof

LONGEST = timedelta(days=366)


@transaction.atomic
def write(
    *,
    principal: Principal,
    actor: User,
    pipeline: str,
    said: Said,
    review_on: date,
    reason: str,
    now: datetime,
) -> ImpactAssessment:
    """Write the next assessment of a pipeline; it is relied on once somebody else has signed it."""
    home = adjustments.pipeline_in_reach(principal, pipeline)
    _require(principal)
    said = assessing.trimmed(said)
    if faults := assessing.faults(said):
        raise InvalidInput(faults[0].detail, faults=tuple(faults))
    if not now.date() < review_on <= now.date() + LONGEST:
        detail = "It is looked at again within a year, on a day to come."
        raise InvalidInput.at("/review_on", detail, code="range")
    if not reason.strip():
        raise InvalidInput.at("/reason", "Say why it is written now.", code="required")
    Pipeline.objects.select_for_update(of=("self",)).get(pk=home.pk)
    last = ImpactAssessment.objects.filter(pipeline=home).order_by("-number").first()
    row = ImpactAssessment(
        pipeline=home, number=last.number + 1 if last else 1, content=said.as_fact(),
        review_on=review_on, reason=reason.strip(), written_by=actor, written_at=now,
    )  # fmt: skip
    row.digest = digest_of(row)
    row.save()
    ledger.append(
        stream=_stream(home), action="impact.assessed", actor=actor, now=now, reason=row.reason,
        detail={
            "assessment": str(row.pk), "number": row.number, "digest": row.digest,
            "review_on": review_on.isoformat(),
        },
    )  # fmt: skip
    return row


@transaction.atomic
def sign(
    *,
    principal: Principal,
    actor: User,
    assessment_id: uuid.UUID,
    proven_at: datetime | None,
    now: datetime,
) -> AssessmentSignature:
    """Sign the newest assessment of a pipeline, written by another person.

    `proven_at` is when the password was given, a few minutes ago at most.
    """
    found = assessments.within(principal).filter(pk=assessment_id).first()
    if found is None:
        raise NotFound("There is no such assessment.")
    _require(principal)
    Pipeline.objects.select_for_update(of=("self",)).get(pk=found.pipeline_id)
    if AssessmentSignature.objects.filter(assessment=found).exists():
        raise Conflict("This assessment was signed already.")
    if ImpactAssessment.objects.filter(
        pipeline=found.pipeline_id, number__gt=found.number
    ).exists():
        raise Conflict("A later assessment was written: sign that one.")
    if actor.kind != UserKind.HUMAN:
        raise NotPermitted("People sign; a service does not.")
    if persons.person_of(found.written_by) in persons.linked(actor):
        raise NotPermitted("You wrote it: somebody else signs.")
    proven = require_proof(proven_at, now)
    row = AssessmentSignature(
        assessment=found, signer=actor, author=found.written_by,
        printed_name=persons.printed_name(actor), digest=digest_of(found),
        reauthenticated_at=proven, at=now,
    )  # fmt: skip
    row.save()
    ledger.append(
        stream=_stream(found.pipeline), action="impact.signed", actor=actor, now=now,
        detail={"assessment": str(found.pk), "signature": str(row.pk), "digest": row.digest},
    )  # fmt: skip
    return row


def digest_of(row: ImpactAssessment) -> str:
    """Return the SHA-256 of the RFC 8785 JSON of what an assessment says."""
    return digest(
        {
            "pipeline": row.pipeline.slug, "number": row.number, "content": row.content,
            "review_on": row.review_on.isoformat(),
        }
    )  # fmt: skip


def _stream(pipeline: Pipeline) -> str:
    return f"{PolicyKind.PIPELINE}:{pipeline.slug}"


def _require(principal: Principal) -> None:
    if not assessments.may_write(principal):
        raise NotPermitted("Assessing impact needs a role with the permission approve.")
