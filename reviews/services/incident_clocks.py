"""The clock of an incident: from when one was aware of it until it is reported.

At half of the time and at most of it those who approve are told; when it is used up, they are told
again, and a day later the administrators.
"""

import uuid

from django.db import transaction

from governance.domain.incidents import DAYS
from governance.enums import Permission
from governance.models import Incident, IncidentStep, Pipeline
from reviews.models import SLAClock
from reviews.selectors import clock_terms
from reviews.services import clocks, own_policies

REASON = "Incidents are reported within the days that the law gives."


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
    return own_policies.ensure(
        f"incident-{incident.severity}", target=f"P{DAYS[incident.severity]}D",
        permission=Permission.APPROVE, reason=REASON, now=incident.opened_at,
    )  # fmt: skip


@transaction.atomic
def end(*, step_id: uuid.UUID) -> None:
    """Stop the clock of an incident at its report."""
    row = IncidentStep.objects.select_related("incident").get(pk=step_id)
    Pipeline.objects.select_for_update(of=("self",)).get(pk=row.incident.pipeline_id)
    _stop(row)


def _stop(row: IncidentStep) -> None:
    clocks.signed(subject=subject_of(row.incident_id), actor=row.actor, now=row.at)
