"""Oversight of a small world: an access review, an incident, and figures that were disputed."""

from datetime import datetime, timedelta
from typing import Any

from feedback.models import FigureDispute, MonitoredAudit, MonitoringAlarm, MonitoringWindow
from feedback.services import disputes, monitoring
from feedback.services.disputes import Disputed
from governance.domain.assessing import Said
from governance.models import ImpactAssessment, User, WebhookAttempt, WebhookMessage
from governance.selectors import principals
from governance.services import (
    access_reviews,
    assessments,
    delegations,
    holds,
    incidents,
    notices,
    webhook_telling,
    webhooks,
)
from reviews.models import Resolution


def review_access(user: User, now: datetime) -> None:
    """Look at all that is held in the pipeline, keep it, and sign."""
    officer: dict[str, Any] = {"principal": principals.of_person(user), "actor": user, "now": now}
    review = access_reviews.begin(
        pipeline="intents", due_at=now + timedelta(days=7), reason="For a test", **officer
    )
    for grant in review.grants.all():
        access_reviews.judge(grant_id=grant.pk, keep=True, reason="For a test", **officer)
    access_reviews.close(review_id=review.pk, proven_at=now, **officer)


def assess_impact(writer: User, signer: User, now: datetime) -> ImpactAssessment:
    """Assess the pipeline and sign it, then write another that waits."""
    harm = {
        "harm": "A card stays blocked", "who": "Customers", "likelihood": "low",
        "severity": "high", "measure": "People look", "remains": "A day without a card",
    }  # fmt: skip
    said = Said("It sorts", "Customers", "People decide", [harm])
    wanted: dict[str, Any] = {
        "pipeline": "intents", "said": said, "reason": "For a test", "now": now,
        "review_on": now.date() + timedelta(days=90),
        "principal": principals.of_person(writer), "actor": writer,
    }  # fmt: skip
    first = assessments.write(**wanted)
    assessments.sign(
        principal=principals.of_person(signer), actor=signer, assessment_id=first.pk,
        proven_at=now, now=now,
    )  # fmt: skip
    return assessments.write(**wanted)


def lend(giver: User, holder: User, now: datetime) -> None:
    """Lend a role and end that."""
    row = delegations.give(
        actor=giver, holder=holder.username, role="lead", until=now + timedelta(days=2),
        reason="For a test", now=now,
    )  # fmt: skip
    delegations.end(actor=giver, delegation_id=row.pk, now=now + timedelta(seconds=1))


def have_an_incident(user: User, now: datetime) -> None:
    """Open one and report it, so that nothing stays frozen."""
    officer: dict[str, Any] = {"principal": principals.of_person(user), "actor": user, "now": now}
    row = incidents.begin(
        pipeline="intents", severity="serious", title="For a test", text="For a test",
        aware_at=now, **officer,
    )  # fmt: skip
    incidents.step(incident_id=row.pk, kind="reported", text="To nobody", **officer)
    assert row.hold is not None
    holds.lift(hold_id=row.hold.pk, reason="For a test", **officer)


def have_a_webhook(user: User, now: datetime) -> WebhookMessage:
    """Add an endpoint that was told of a policy once, and did not answer."""
    officer: dict[str, Any] = {"principal": principals.of_person(user), "actor": user, "now": now}
    row, _ = webhooks.create(
        url="https://example.org/hooks", pipeline="intents", events=["policy.changed"],
        description="For a test", **officer,
    )  # fmt: skip
    made = webhook_telling.message(row, "msg_test", "policy.changed", b"{}", now)
    made.save()
    WebhookAttempt.objects.create(message=made, at=now, fault="no connection", seconds=0.1)
    return made


def dispute_figures(reviewer: User, judge: User, now: datetime) -> FigureDispute:
    """Read what is measured, dispute one figure that is answered, and another that waits."""
    who: dict[str, Any] = {
        "principal": principals.of_person(reviewer), "actor": reviewer, "now": now,
    }  # fmt: skip
    notices.acknowledge(number=1, **who)
    answered, waiting = (
        disputes.dispute(wanted=Disputed("intents", name, "For a test"), **who)
        for name in ("agreement", "correction_precision")
    )
    disputes.answer(
        principal=principals.of_person(judge), actor=judge, dispute_id=answered.pk,
        outcome="stands", text="For a test", now=now,
    )  # fmt: skip
    return waiting


def plan_monitoring(user: User, resolution: Resolution, now: datetime) -> None:
    """Promise something, count one audit, and alarm."""
    plan = monitoring.plan(
        principal=principals.of_person(user), actor=user, pipeline="intents", tier="low",
        target=0.02, cadence=7, stop=False, owner=user.username, reason="For a test", now=now,
    )  # fmt: skip
    window = MonitoringWindow.objects.create(
        plan=plan, activation="first", floor=1, opened_at=now, audits=1, errors=1, process=[],
        detector=[],
    )  # fmt: skip
    MonitoredAudit.objects.create(
        plan=plan, window=window, position=1, prediction=resolution.item.prediction,
        resolution=resolution, wrong=True, propensity=1, at=now,
    )  # fmt: skip
    incident = incidents.begin(
        principal=principals.of_person(user), actor=user, pipeline="intents", severity="other",
        title="For a test", text="For a test", aware_at=now, now=now,
    )  # fmt: skip
    MonitoringAlarm.objects.create(window=window, incident=incident, audits=1, errors=1, at=now)
