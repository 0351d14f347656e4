"""Addresses of the pages of feedback."""

from django.urls import path

from feedback.web import (
    cases,
    consent,
    figures,
    lessons,
    lineage,
    models,
    quality,
    retrospectives,
    stakeholders,
)

urlpatterns = [
    path("my-consent", consent.mine, name="my-consent"),
    path("me/figures", figures.mine, name="my-figures"),
    path("figures", figures.of_others, name="figures"),
    path("figures/disputes/<uuid:dispute_id>", figures.answer, name="figure-answer"),
    path("predictions/<uuid:prediction_id>/case", cases.page, name="case"),
    path("predictions/<uuid:prediction_id>/case.json", cases.download, name="case-file"),
    path("case_verifier.py", cases.verifier, name="case-verifier"),
    path("lessons", lessons.listed, name="lessons"),
    path("lessons/new", lessons.new, name="lesson-new"),
    path("lessons/<uuid:lesson_id>", lessons.one, name="lesson"),
    path("lessons/<uuid:lesson_id>/confirm", lessons.confirm, name="lesson-confirm"),
    path("retrospectives", retrospectives.listed, name="retrospectives"),
    path("retrospectives/<uuid:retrospective_id>", retrospectives.one, name="retrospective"),
    *(
        path(
            f"retrospectives/<uuid:retrospective_id>/{verb}",
            retrospectives.act,
            {"verb": verb},
            name=f"retrospective-{verb}",
        )
        for verb in retrospectives.ACTS
    ),
    path("quality", quality.page, name="quality"),
    path("quality/propose", quality.propose, name="quality-propose"),
    path("quality/certify", quality.certify, name="quality-certify"),
    path("about", stakeholders.listed, name="told-index"),
    path("about/<slug:pipeline>", stakeholders.told, name="told"),
    path("pipelines/<slug:pipeline>/about", stakeholders.page, name="stakeholders"),
    path("models", models.listed, name="models"),
    path("models/<str:name>/<str:version>", models.card, name="model"),
    path("gates/<slug:slug>/runs/<uuid:run_id>", models.run, name="gate-run"),
    path("lineage", lineage.index, name="lineage-index"),
    path("lineage/<path:ref>", lineage.page, name="lineage"),
]
