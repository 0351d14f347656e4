"""Each model that may hold personal data has an eraser, or says why it needs none."""

from django.apps import apps
from django.db import models

from feedback.services.erasures import STORES
from governance.models.base import personal_fields

APPS = ("governance", "reviews", "feedback", "hitlsite")
FREE = (models.TextField, models.JSONField, models.BinaryField, models.EmailField)
# Models with columns that could hold anything, and no eraser: why none of it tells of a subject.
NONE_NEEDED = {
    "governance.AccessGrant": "permissions and slugs",
    "governance.Adjustment": "a state, and reasons of the staff, who name nobody",
    "governance.AdjustmentActivation": "states by digest, and reasons of the staff",
    "governance.AdjustmentRevision": "configuration, and what the staff say of it",
    "governance.SignaturePolicy": "configuration",
    "governance.AuditEvent": "ids and digests; its reasons are of the staff, who name nobody",
    "governance.ApiToken": "scopes",
    "governance.Calendar": "configuration",
    "governance.Anchor": "the answer of a time-stamp authority over a signed root",
    "governance.Checkpoint": "signed roots",
    "governance.ConsentRecord": "sealed under the key of the subject, which is destroyed",
    "governance.DataSource": "configuration",
    "governance.ErasureRequest": "counts, and ids of holds",
    "governance.GlossaryTerm": "configuration",
    "governance.Incident": "what the staff say of it, who name nobody, and digests",
    "governance.IncidentStep": "what the staff say of it, who name nobody",
    "governance.Job": "ids and counts",
    "governance.OutboxMessage": "ids; errors are forgotten after 30 days",
    "governance.Pipeline": "configuration",
    "governance.PolicyVersion": "configuration",
    "governance.Queue": "configuration",
    "governance.Redaction": "ids and digests",
    "governance.ReviewerNotice": "what reviewers are told",
    "governance.Role": "configuration",
    "governance.RoutingRule": "configuration",
    "governance.SLAPolicy": "configuration",
    "governance.SubjectKey": "sealed under the key of the subject, which is destroyed",
    "governance.Tier": "configuration",
    "governance.WebhookEndpoint": "kinds of events, and a sealed secret",
    "governance.WebhookMessage": "ids and states, forgotten after 30 days",
    "governance.User": "reviewers, whose acts stay theirs (GDPR 17(3)(b) and (e))",
    "reviews.ClockEvent": "what a clock is counted by",
    "reviews.Escalation": "ids of people who were told",
    "reviews.Notification": "ids and figures",
    "reviews.NotificationPreference": "how a reviewer is told",
    "feedback.AuditPack": "a scope: slugs, times and the name of who asked",
    "feedback.AuditPackPart": "a copy, kept for a week and deleted by every erasure",
    "feedback.Dataset": "a recipe",
    "feedback.EvaluationFinish": "figures by slice",
    "feedback.GatePlan": "names of sets, slices and margins",
    "feedback.GateRun": "figures by slice",
    "feedback.MonitoringWindow": "figures",
    "feedback.FigureDispute": "a figure, and what a reviewer says of it",
    "feedback.FigureDisputeAnswer": "what a lead says of a figure",
    "feedback.Lesson": "written by leads over many cases, of whom they name none",
    "feedback.RetrospectiveConclusion": "written by leads over many cases, of whom they name none",
    "feedback.RetrospectiveFinding": "written by leads over many cases, of whom they name none",
    "governance.ImpactAssessment": "of harms to groups of people; it names nobody",
    "feedback.StakeholderEdition": "written for the public, and names nobody; looked at before",
    "feedback.DatasetVersion": "counts of values that no single person has",
}
# What follows from more than its own columns, and is emptied in a way of its own.
OVERWRITTEN = {"governance.IdempotencyKey"}


def ours() -> list[type[models.Model]]:
    return [
        model
        for model in apps.get_models()
        if model._meta.app_label in APPS and not hasattr(model, "history_object")
    ]


def could_hold_anything(model: type[models.Model]) -> bool:
    return any(isinstance(field, FREE) for field in model._meta.concrete_fields)


def erased() -> set[str]:
    return {model._meta.label for store in STORES for model in store.models}


def test_o19_every_model_with_personal_fields_has_an_eraser() -> None:
    declared = {model._meta.label for model in ours() if personal_fields(model)}
    assert declared | OVERWRITTEN == erased()


def test_o19_every_model_that_could_hold_personal_data_is_declared_or_says_why_not() -> None:
    risky = {model._meta.label for model in ours() if could_hold_anything(model)}
    unknown = risky - erased() - set(NONE_NEEDED)
    assert unknown == set(), "declare `personal` and a Store, or say in NONE_NEEDED why not"
    assert set(NONE_NEEDED) <= risky
    assert not erased() & set(NONE_NEEDED)


def test_histories_hold_no_personal_data_of_subjects() -> None:
    tracked = [m.instance_type for m in apps.get_models() if hasattr(m, "history_object")]
    assert {model._meta.label for model in tracked} & erased() == set()
