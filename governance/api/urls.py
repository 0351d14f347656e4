"""Addresses of the governance API."""

from django.urls import path

from governance.api import (
    adjustments,
    assessments,
    calendars,
    configuration,
    incidents,
    jobs,
    lineage,
    privacy,
    stops,
    webhooks,
)

urlpatterns = [
    path("apply", configuration.Apply.as_view()),
    path("pipelines/<slug:slug>/config", configuration.Config.as_view()),
    path("pipelines/<slug:slug>/config/versions", configuration.ConfigVersions.as_view()),
    path(
        "pipelines/<slug:slug>/config/versions/<int:number>",
        configuration.OneConfigVersion.as_view(),
    ),
    path("calendars/<slug:slug>/preview", calendars.CalendarPreview.as_view()),
    path("adjustments", adjustments.Adjustments.as_view()),
    path("adjustments/<uuid:adjustment_id>", adjustments.OneAdjustment.as_view()),
    path("adjustments/<uuid:adjustment_id>/submit", adjustments.Submit.as_view()),
    path("adjustments/<uuid:adjustment_id>/sign", adjustments.Sign.as_view()),
    path("adjustments/<uuid:adjustment_id>/activate", adjustments.Activate.as_view()),
    path("adjustments/<uuid:adjustment_id>/roll-back", adjustments.RollBack.as_view()),
    path("adjustments/<uuid:adjustment_id>/withdraw", adjustments.Withdraw.as_view()),
    path("adjustments/<uuid:adjustment_id>/reject", adjustments.Reject.as_view()),
    path("adjustments/<uuid:adjustment_id>/challenges", adjustments.Challenges.as_view()),
    path(
        "adjustments/<uuid:adjustment_id>/challenges/<uuid:challenge_id>/answer",
        adjustments.AnswerChallenge.as_view(),
    ),
    path("pipelines/<slug:slug>/effective", adjustments.InForce.as_view()),
    path("pipelines/<slug:slug>/impact-assessments", assessments.ImpactAssessments.as_view()),
    path(
        "impact-assessments/<uuid:assessment_id>/sign",
        assessments.ImpactAssessmentSigning.as_view(),
    ),
    path("pipelines/<slug:slug>/stops", stops.Stops.as_view()),
    path("stops/<uuid:stop_id>", stops.OneStop.as_view()),
    path("stops/<uuid:stop_id>/resume", stops.Resume.as_view()),
    path("jobs/<uuid:job_id>", jobs.OneJob.as_view()),
    path("incidents", incidents.Incidents.as_view()),
    path("incidents/<uuid:incident_id>", incidents.OneIncident.as_view()),
    path("incidents/<uuid:incident_id>/steps", incidents.IncidentSteps.as_view()),
    path("lineage", lineage.Lineage.as_view()),
    path("data-sources", privacy.DataSources.as_view()),
    path("holds", privacy.LegalHolds.as_view()),
    path("holds/<uuid:hold_id>/lift", privacy.HoldLifting.as_view()),
    path("webhooks", webhooks.Webhooks.as_view()),
    path("webhooks/<uuid:webhook_id>", webhooks.OneWebhook.as_view()),
    path("webhooks/<uuid:webhook_id>/test", webhooks.Test.as_view()),
    path("webhooks/<uuid:webhook_id>/deliveries", webhooks.Deliveries.as_view()),
    path("webhooks/<uuid:webhook_id>/replay", webhooks.Replay.as_view()),
    path("webhooks/<uuid:webhook_id>/rotate", webhooks.Rotate.as_view()),
    path("webhooks/<uuid:webhook_id>/acknowledge", webhooks.Acknowledge.as_view()),
]
