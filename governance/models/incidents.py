"""Incidents: what went wrong, what was in force then, and what was done about it."""

from django.db import models
from django.db.models import F, Q

from governance.enums import IncidentStepKind, Severity
from governance.models.base import AppendOnlyModel, one_of, uuid7


class Incident(AppendOnlyModel):
    """What went wrong in a pipeline, from when one became aware of it.

    `due_at` is by when the law wants it reported; such an incident holds the records of its
    pipeline (`hold`). `found` is what was in force and how far the ledger was sealed.
    Constraints: incident_severity_valid, incident_titled, incident_has_text,
    incident_known_before_opened, incident_due_iff_legal, incident_held_iff_legal.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    pipeline = models.ForeignKey(
        "governance.Pipeline", on_delete=models.PROTECT, related_name="incidents"
    )
    severity = models.CharField(max_length=10, choices=Severity)
    title = models.CharField(max_length=200)
    text = models.TextField(max_length=4000)
    aware_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    opened_by = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    hold = models.ForeignKey(
        "governance.LegalHold", on_delete=models.PROTECT, null=True, related_name="incidents"
    )
    found = models.JSONField()
    salt = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=one_of("severity", Severity.values), name="incident_severity_valid"
            ),
            models.CheckConstraint(condition=~Q(title=""), name="incident_titled"),
            models.CheckConstraint(condition=~Q(text=""), name="incident_has_text"),
            models.CheckConstraint(
                condition=Q(aware_at__lte=F("opened_at")), name="incident_known_before_opened"
            ),
            models.CheckConstraint(
                condition=Q(severity=Severity.OTHER, due_at=None)
                | ~Q(severity=Severity.OTHER) & Q(due_at__isnull=False),
                name="incident_due_iff_legal",
            ),
            models.CheckConstraint(
                condition=Q(due_at=None, hold=None) | Q(due_at__isnull=False, hold__isnull=False),
                name="incident_held_iff_legal",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class IncidentStep(AppendOnlyModel):
    """What was done about an incident: a note, the report, the end of the freeze, its closing.

    `opener` is copied from the incident: another person ends the freeze before the report.
    Constraints: incidentstep_kind_valid, incidentstep_has_text, incidentstep_once,
    incidentstep_thawed_by_another.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=8, choices=IncidentStepKind)
    text = models.TextField(max_length=4000)
    opener = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    actor = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    salt = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=one_of("kind", IncidentStepKind.values), name="incidentstep_kind_valid"
            ),
            models.CheckConstraint(condition=~Q(text=""), name="incidentstep_has_text"),
            models.UniqueConstraint(
                fields=["incident", "kind"], condition=~Q(kind=IncidentStepKind.NOTE),
                name="incidentstep_once",
            ),
            models.CheckConstraint(
                condition=~Q(kind=IncidentStepKind.THAWED) | ~Q(actor=F("opener")),
                name="incidentstep_thawed_by_another",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.kind}, {self.at:%Y-%m-%d}"
