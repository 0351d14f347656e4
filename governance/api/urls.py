"""Addresses of the governance API."""

from django.urls import path

from governance.api import calendars, configuration, jobs, lineage, privacy

urlpatterns = [
    path("apply", configuration.Apply.as_view()),
    path("pipelines/<slug:slug>/config", configuration.Config.as_view()),
    path("pipelines/<slug:slug>/config/versions", configuration.ConfigVersions.as_view()),
    path(
        "pipelines/<slug:slug>/config/versions/<int:number>",
        configuration.OneConfigVersion.as_view(),
    ),
    path("calendars/<slug:slug>/preview", calendars.CalendarPreview.as_view()),
    path("jobs/<uuid:job_id>", jobs.OneJob.as_view()),
    path("lineage", lineage.Lineage.as_view()),
    path("data-sources", privacy.DataSources.as_view()),
    path("holds", privacy.LegalHolds.as_view()),
    path("holds/<uuid:hold_id>/lift", privacy.HoldLifting.as_view()),
]
