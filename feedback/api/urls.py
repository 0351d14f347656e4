"""Addresses of the feedback API."""

from django.urls import path

from feedback.api import (
    agreement,
    audit_packs,
    case_files,
    datasets,
    evaluations,
    figures,
    gates,
    impact,
    models,
    privacy,
    quality,
    retrospectives,
    signals,
    stakeholders,
    thresholds,
    versions,
)

urlpatterns = [
    path("predictions/<uuid:prediction_id>/case-file", case_files.CaseFile.as_view()),
    path("audit/packs", audit_packs.AuditPacks.as_view()),
    path("audit/packs/<uuid:pack_id>", audit_packs.OneAuditPack.as_view()),
    path("audit/packs/<uuid:pack_id>/download", audit_packs.PackDownload.as_view()),
    path("pipelines/<slug:slug>/reviewers", figures.Reviewers.as_view()),
    path("pipelines/<slug:slug>/quality", quality.Quality.as_view()),
    path("pipelines/<slug:slug>/thresholds", thresholds.Thresholds.as_view()),
    path("pipelines/<slug:slug>/agreement", agreement.AgreementOfReviewers.as_view()),
    path("pipelines/<slug:slug>/about", stakeholders.StakeholderEditions.as_view()),
    path("pipelines/<slug:slug>/impact", impact.Impact.as_view()),
    path("figure-disputes", figures.FigureDisputes.as_view()),
    path("figure-disputes/<uuid:dispute_id>/answer", figures.FigureDisputeAnswering.as_view()),
    path("signals", signals.Signals.as_view()),
    path("retrospectives", retrospectives.Retrospectives.as_view()),
    path("retrospectives/<uuid:retrospective_id>", retrospectives.OneRetrospective.as_view()),
    path(
        "retrospectives/<uuid:retrospective_id>/suggestions",
        retrospectives.RetrospectiveSuggestions.as_view(),
    ),
    path(
        "retrospectives/<uuid:retrospective_id>/items", retrospectives.RetrospectiveItems.as_view()
    ),
    path(
        "retrospectives/<uuid:retrospective_id>/findings",
        retrospectives.RetrospectiveFindings.as_view(),
    ),
    path(
        "retrospectives/<uuid:retrospective_id>/hold", retrospectives.RetrospectiveHolding.as_view()
    ),
    path(
        "retrospectives/<uuid:retrospective_id>/close",
        retrospectives.RetrospectiveClosing.as_view(),
    ),
    path("findings/<uuid:finding_id>/conclude", retrospectives.FindingConclusion.as_view()),
    path("consents", privacy.Consents.as_view()),
    path("consents/<uuid:consent_id>/withdraw", privacy.ConsentWithdrawal.as_view()),
    path("erasures", privacy.Erasures.as_view()),
    path("erasures/<uuid:erasure_id>", privacy.OneErasure.as_view()),
    path("erasures/<uuid:erasure_id>/execute", privacy.ErasureExecution.as_view()),
    path("erasures/<uuid:erasure_id>/reject", privacy.ErasureRejection.as_view()),
    path("datasets", datasets.Datasets.as_view()),
    path("datasets/<slug:slug>", datasets.OneDataset.as_view()),
    path("datasets/<slug:slug>/versions", versions.Versions.as_view()),
    path("datasets/<slug:slug>/versions/<int:number>", versions.OneVersion.as_view()),
    path("datasets/<slug:slug>/versions/<int:number>/download", versions.Download.as_view()),
    path("datasets/<slug:slug>/versions/<int:before>/diff/<int:after>", versions.Diff.as_view()),
    path("models", models.Models.as_view()),
    path("models/<str:name>/versions", models.ModelVersions.as_view()),
    path("models/<str:name>/versions/<str:version>", models.OneModelVersion.as_view()),
    path("models/<str:name>/versions/<str:version>/card", models.ModelCard.as_view()),
    path("evaluations", evaluations.Evaluations.as_view()),
    path("evaluations/<uuid:evaluation_id>", evaluations.OneEvaluation.as_view()),
    path(
        "evaluations/<uuid:evaluation_id>/predictions", evaluations.EvaluationPredictions.as_view()
    ),
    path("evaluations/<uuid:evaluation_id>/finish", evaluations.EvaluationFinishing.as_view()),
    path("gates", gates.Gates.as_view()),
    path("gates/<slug:slug>", gates.OneGate.as_view()),
    path("gates/<slug:slug>/runs", gates.GateRuns.as_view()),
    path("gates/<slug:slug>/runs/<uuid:run_id>", gates.OneGateRun.as_view()),
]
