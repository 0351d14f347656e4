"""Incidents within reach, and those that hold a pipeline as it is."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from governance.domain.principal import Principal
from governance.enums import IncidentStepKind
from governance.models import Incident, IncidentStep
from governance.selectors import audit


def visible(principal: Principal) -> "QuerySet[Incident]":
    """Return the incidents within reach."""
    return audit.within(Incident.objects.select_related("pipeline"), principal, "pipeline")


def open_ones(rows: "QuerySet[Incident]") -> "QuerySet[Incident]":
    """Return those of `rows` that nobody has closed."""
    return rows.exclude(_has(IncidentStepKind.CLOSED))


def unreported(rows: "QuerySet[Incident]") -> "QuerySet[Incident]":
    """Return those of `rows` that are to be reported and are not."""
    return rows.filter(due_at__isnull=False).exclude(_has(IncidentStepKind.REPORTED))


def freezing(pipeline_id: int) -> Incident | None:
    """Return the incident for which a pipeline stays as it is, if there is one."""
    rows = unreported(Incident.objects.filter(pipeline=pipeline_id))
    return rows.exclude(_has(IncidentStepKind.THAWED)).order_by("opened_at").first()


def open_in(pipeline_id: int) -> int:
    """Return how many incidents are open in a pipeline."""
    return open_ones(Incident.objects.filter(pipeline=pipeline_id)).count()


def _has(kind: IncidentStepKind) -> Any:
    return Exists(IncidentStep.objects.filter(incident=OuterRef("pk"), kind=kind))
