"""Predictions as they came, how they were routed, and what became known of them later."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from governance.admin import rendering
from governance.admin.base import ReadOnlyAdmin, ReadOnlyInline, as_uuid
from governance.admin.dates import COUNTED
from governance.admin.filters import PipelineFilter, of_pipeline
from governance.models import AuditEvent, Pipeline
from reviews.admin.filters import ModelFilter, SampledFilter, TierFilter
from reviews.models import Outcome, Prediction, ReviewItem, ShadowRoute, Withdrawal
from reviews.selectors import restrictions

LONG = ("input", "output", "scores", "characteristics", "trace", "skills")
LONG_OF_PREDICTION = tuple(f"prediction__{name}" for name in LONG)
LONG_OF_VERSION = ("config_version__document", "config_version__diff")


def restriction_of(row: Prediction) -> SafeString:
    """Return why a prediction is restricted, with links to what says so."""
    found = restrictions.on(row)
    if found is None:
        return rendering.as_text("No")
    return format_html(
        "Only who reads all on record sees it: {} is asked for, and {} keeps it.",
        rendering.link(found.request, "its erasure"),
        format_html_join(", ", "{}", ((rendering.link(hold),) for hold in found.holds)),
    )


class ShadowRouteInline(ReadOnlyInline):
    """How shadow versions would have routed it."""

    model = ShadowRoute
    fields = ("config_version", "disposition", "tier", "rule", "queue", "sampled", "propensity")


class OutcomeInline(ReadOnlyInline):
    """What production showed later."""

    model = Outcome
    fields = ("outcome", "cost", "observed_at", "actor", "recorded_at")


@admin.register(Prediction)
class PredictionAdmin(ReadOnlyAdmin):
    """What pipelines sent, with the first routing of each."""

    reach = "pipeline"
    stream = "prediction"
    list_display = (
        "external_id", "pipeline", "received_at", "tier", "disposition", "rule", "confidence",
        "model_shown", "scenario_type", "sampled",
    )  # fmt: skip
    list_filter = (PipelineFilter, "disposition", TierFilter, SampledFilter, ModelFilter)
    list_select_related = ("pipeline",)
    unlisted = LONG
    date_hierarchy = "received_at"
    ordering = ("-received_at", "-id")
    ids = ("id",)
    lookups = ("intake",)
    search_help_text = "The id of a prediction or its item, or how its external id begins."
    inlines = (ShadowRouteInline, OutcomeInline)
    fieldsets = (
        (None, {"fields": (("external_id", "pipeline"), ("received_at", "sender"), "item_shown",
                           "restricted")}),
        ("What came", {"fields": ("input_shown", "output_shown", ("confidence", "model_shown"),
                                  "scores_shown", ("scenario_type", "occurred_at"),
                                  "characteristics_shown", ("subject_ref", "subject_basis"))}),
        ("How it was routed", {"fields": (("tier", "disposition"), ("rule", "queue", "priority"),
                                          "skills_shown", ("sampled", "propensity"),
                                          "config_version", "trace_shown")}),
        ("In the ledger", {"fields": ("event", "position", "digest_shown", "id", "ledger",
                                     "case_file")}),
    )  # fmt: skip

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Return the fields that are searched."""
        return ("id", "external_id")

    def matching(self, term: str) -> Q:
        """Return the condition for a term: ids exactly, an external id by how it begins."""
        # The pipelines are named, for they come first in the index of external ids.
        everywhere = list(Pipeline.objects.values_list("pk", flat=True))
        begins = Q(pipeline__in=everywhere, external_id__startswith=term)
        known = as_uuid(term)
        if known is None:
            return begins
        # Looked up one by one: joined by OR, no index would serve them.
        found = [*_keys(begins), *_keys(Q(item=known)), known]
        return Q(pk__in=found)

    @admin.display(description="Model")
    def model_shown(self, row: Prediction) -> str:
        """Return the name and version of the model."""
        return f"{row.model_name} {row.model_version}"

    @admin.display(description="Review")
    def item_shown(self, row: Prediction) -> SafeString:
        """Link to the work that it made for people."""
        item = ReviewItem.objects.filter(prediction=row).first()
        if item is None:
            return rendering.as_text("Approved by rule; nobody was asked.")
        return rendering.link(item, f"{item.get_status_display()} in {item.queue}")

    @admin.display(description="Restricted")
    def restricted(self, row: Prediction) -> SafeString:
        """Say whether it is hidden from others, and why."""
        return restriction_of(row)

    @admin.display(description="Input")
    def input_shown(self, row: Prediction) -> SafeString:
        """Return the input as it came."""
        return rendering.as_json(row.input)

    @admin.display(description="Output")
    def output_shown(self, row: Prediction) -> SafeString:
        """Return the output of the model."""
        return rendering.as_json(row.output)

    @admin.display(description="Scores")
    def scores_shown(self, row: Prediction) -> SafeString:
        """Return the scores of the model."""
        return rendering.as_json(row.scores)

    @admin.display(description="Characteristics")
    def characteristics_shown(self, row: Prediction) -> SafeString:
        """Return the characteristics that came with it."""
        return rendering.as_json(row.characteristics)

    @admin.display(description="Skills")
    def skills_shown(self, row: Prediction) -> str:
        """Return the skills that its rule asks for."""
        return ", ".join(row.skills) or rendering.NOTHING

    @admin.display(description="Trace")
    def trace_shown(self, row: Prediction) -> SafeString:
        """Return what each rule said."""
        return rendering.as_json(row.trace)

    @admin.display(description="Brought by")
    def event(self, row: Prediction) -> SafeString:
        """Link to the ledger event of the call that brought it."""
        return rendering.link(AuditEvent.objects.filter(pk=row.intake).first())

    @admin.display(description="Case file")
    def case_file(self, row: Prediction) -> SafeString:
        """Link to all that is known of it on one page, with the proof."""
        address = reverse("case", args=[row.pk])
        return format_html('<a href="{}">All of it on one page, with the proof</a>', address)

    @admin.display(description="Digest (SHA-256)")
    def digest_shown(self, row: Prediction) -> SafeString:
        """Return the digest of its content."""
        return rendering.as_code(row.digest)


def _keys(condition: Q) -> "QuerySet[Any, Any]":
    return Prediction.objects.filter(condition).values_list("pk", flat=True)[:COUNTED]


@admin.register(ShadowRoute)
class ShadowRouteAdmin(ReadOnlyAdmin):
    """How shadow versions would have routed predictions."""

    reach = "prediction__pipeline"
    list_display = (
        "id", "prediction", "config_version", "tier", "disposition", "rule", "differs",
    )  # fmt: skip
    list_filter = (of_pipeline("prediction__pipeline"), "disposition")
    list_select_related = ("prediction", "config_version")
    unlisted = ("trace", *LONG_OF_PREDICTION, *LONG_OF_VERSION)
    ordering = ("-id",)
    ids = ("id", "prediction")
    search_help_text = "The id of a shadow route or of a prediction."
    fields = (
        "prediction", "config_version", ("tier", "disposition"), ("rule", "queue"),
        ("sampled", "propensity"), "differs", "trace_shown",
    )  # fmt: skip

    @admin.display(description="Other tier than live", boolean=True)
    def differs(self, row: ShadowRoute) -> bool:
        """Return whether it would have gone to another tier."""
        return row.tier != row.prediction.tier

    @admin.display(description="Trace")
    def trace_shown(self, row: ShadowRoute) -> SafeString:
        """Return what each rule said."""
        return rendering.as_json(row.trace)


@admin.register(Withdrawal)
class WithdrawalAdmin(ReadOnlyAdmin):
    """Predictions that their pipeline took back."""

    reach = "prediction__pipeline"
    list_display = ("at", "prediction", "reason", "actor")
    list_filter = (of_pipeline("prediction__pipeline"),)
    list_select_related = ("prediction", "actor")
    unlisted = LONG_OF_PREDICTION
    ordering = ("-id",)
    ids = ("id", "prediction")
    search_help_text = "The id of a withdrawal or of a prediction."
    fields = ("prediction", "reason", "actor", "at")


@admin.register(Outcome)
class OutcomeAdmin(ReadOnlyAdmin):
    """What production showed later of predictions."""

    reach = "prediction__pipeline"
    list_display = ("observed_at", "prediction", "cost", "actor", "recorded_at")
    list_filter = (of_pipeline("prediction__pipeline"),)
    list_select_related = ("prediction", "actor")
    unlisted = LONG_OF_PREDICTION
    ordering = ("-id",)
    ids = ("id", "prediction")
    search_help_text = "The id of an outcome or of a prediction."
    fields = ("prediction", "outcome_shown", "cost", "observed_at", "actor", "recorded_at")

    @admin.display(description="Outcome")
    def outcome_shown(self, row: Outcome) -> SafeString:
        """Return what was observed."""
        return rendering.as_json(row.outcome)
