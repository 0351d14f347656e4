"""The clock of an incident: from when one was aware of it until it is reported."""

import uuid

from django.db import transaction

from governance.domain.incidents import DAYS
from governance.models import Incident, IncidentStep, Pipeline
from governance.selectors import policies
from governance.services import configuration
from reviews.models import SLAClock
from reviews.selectors import clock_terms
from reviews.services import clocks
from reviews.services.sign_offs import CALENDAR, ROUND_THE_CLOCK

REASON = "Incidents are reported within the days that the law gives."
# Half of the time, and most of it.
WARNINGS = [0.5, 0.8]


def subject_of(incident_id: uuid.UUID) -> str:
    """Return what the clock of an incident is known by."""
    return f"incident:{incident_id}"


@transaction.atomic
def start(*, incident_id: uuid.UUID) -> SLAClock:
    """Start the clock of an incident; once, however often it is asked for.

    A report that was quicker than the promise stops it where it was made.
    """
    incident = Incident.objects.select_related("pipeline").get(pk=incident_id)
    Pipeline.objects.select_for_update(of=("self",)).get(pk=incident.pipeline_id)
    subject = subject_of(incident.pk)
    started = SLAClock.objects.filter(subject=subject).first()
    if started is not None:
        return started
    law = clock_terms.law_of(
        _policy_of(incident), version_id=incident.pipeline.live_id, queue=""
    )  # fmt: skip
    assert law is not None
    row = clocks.request_signoff(
        subject=subject, pipeline_id=incident.pipeline_id, law=law, actor=None,
        now=incident.aware_at,
    )  # fmt: skip
    reported = incident.steps.filter(kind="reported").first()
    if reported is not None:
        _stop(reported)
    return row


def _policy_of(incident: Incident) -> str:
    """Return the SLA policy of a severity, made the first time: its days, round the clock."""
    slug = f"incident-{incident.severity}"
    if policies.current_sla(slug) is None:
        policy = {
            "kind": "SLAPolicy", "slug": slug, "calendar": CALENDAR, "at_risk": WARNINGS,
            "targets": {"signoff": f"P{DAYS[incident.severity]}D"},
        }  # fmt: skip
        configuration.apply(
            sources=[ROUND_THE_CLOCK, policy], actor=None, reason=REASON, now=incident.opened_at
        )
    return slug


@transaction.atomic
def end(*, step_id: uuid.UUID) -> None:
    """Stop the clock of an incident at its report."""
    row = IncidentStep.objects.select_related("incident").get(pk=step_id)
    Pipeline.objects.select_for_update(of=("self",)).get(pk=row.incident.pipeline_id)
    _stop(row)


def _stop(row: IncidentStep) -> None:
    clocks.signed(subject=subject_of(row.incident_id), actor=row.actor, now=row.at)
