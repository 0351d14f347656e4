"""Addresses of the review API."""

from django.urls import path

from reviews.api import aftermath, audit, claims, clocks, items, operations, predictions

urlpatterns = [
    path("audit/events", audit.Events.as_view()),
    path("audit/checkpoints", audit.Checkpoints.as_view()),
    path("audit/checkpoints/<int:old>/consistency/<int:new>", audit.Consistency.as_view()),
    path("predictions", predictions.Predictions.as_view()),
    path("predictions/<uuid:prediction_id>", predictions.OnePrediction.as_view()),
    path("predictions/<uuid:prediction_id>/trace", predictions.PredictionTrace.as_view()),
    path("predictions/<uuid:prediction_id>/withdraw", predictions.Withdraw.as_view()),
    path("predictions/<uuid:prediction_id>/outcome", predictions.Outcomes.as_view()),
    path("claim", claims.Claims.as_view()),
    path("assignments/<uuid:assignment_id>/extend", claims.Extend.as_view()),
    path("assignments/<uuid:assignment_id>/release", claims.Release.as_view()),
    path("assignments/<uuid:assignment_id>/decline", claims.Decline.as_view()),
    path("assignments/<uuid:assignment_id>/decision", claims.Decide.as_view()),
    path("decisions", items.Decisions.as_view()),
    path("decisions/<uuid:decision_id>/undo", claims.Undo.as_view()),
    path("resolutions", items.Resolutions.as_view()),
    path("items", items.Items.as_view()),
    path("items/<uuid:item_id>", items.OneItem.as_view()),
    path("items/<uuid:item_id>/adjudicate", items.Adjudicate.as_view()),
    path("items/<uuid:item_id>/notes", items.Notes.as_view()),
    path("items/<uuid:item_id>/escalate", items.Escalate.as_view()),
    path("items/<uuid:item_id>/clocks", clocks.ItemClocks.as_view()),
    path("items/<uuid:item_id>/pause", clocks.Pause.as_view()),
    path("items/<uuid:item_id>/resume", clocks.Resume.as_view()),
    path("items/<uuid:item_id>/reassign", clocks.Reassign.as_view()),
    path("items/<uuid:item_id>/reopen", clocks.Reopen.as_view()),
    path("adjustments/<uuid:adjustment_id>/affected", aftermath.Affected.as_view()),
    path("adjustments/<uuid:adjustment_id>/dispositions", aftermath.Dispositions.as_view()),
    path("operations", operations.Operations.as_view()),
    path("escalations", clocks.Escalations.as_view()),
    path("escalations/<uuid:escalation_id>/ack", clocks.Acknowledge.as_view()),
]
