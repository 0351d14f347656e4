"""Impact assessments within reach, and which of them is relied on."""

from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet

from governance.domain.principal import Principal
from governance.enums import Permission
from governance.models import ImpactAssessment, Pipeline
from governance.selectors import audit


def may_write(principal: Principal) -> bool:
    """Return whether somebody may write or sign assessments: who signs changes."""
    return principal.may(Permission.APPROVE)


def within(principal: Principal) -> "QuerySet[ImpactAssessment]":
    """Return the assessments of the pipelines within reach."""
    rows = ImpactAssessment.objects.select_related("pipeline", "written_by", "signature__signer")
    return audit.within(rows, principal, "pipeline")


def standing(pipeline: Pipeline) -> ImpactAssessment | None:
    """Return the newest assessment of a pipeline that is signed."""
    rows = ImpactAssessment.objects.filter(pipeline=pipeline, signature__isnull=False)
    return rows.order_by("-number").first()


def relied_on(pipeline: Pipeline, today: date) -> ImpactAssessment | None:
    """Return the assessment that is relied on today: signed, and not yet to be looked at again."""
    row = standing(pipeline)
    return row if row is not None and row.review_on >= today else None


def awaiting(principal: Principal, today: date) -> "QuerySet[ImpactAssessment]":
    """Return the newest of each pipeline that nobody has signed, or that is to be looked at."""
    later = ImpactAssessment.objects.filter(
        pipeline=OuterRef("pipeline"), number__gt=OuterRef("number")
    )
    due = Q(signature=None) | Q(review_on__lt=today)
    return within(principal).filter(~Exists(later), due)
