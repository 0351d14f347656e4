"""Versions of models, what was seen of them, and how gates judged them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from feedback.models import (
    Evaluation,
    EvaluationFinish,
    Gate,
    GatePlan,
    GateRun,
    ModelTraining,
    ModelVersion,
)
from feedback.selectors import registry
from governance.admin import rendering
from governance.admin.base import ReadOnlyAdmin, ReadOnlyInline
from governance.admin.filters import of_pipeline
from governance.domain.principal import Principal

SET = "dataset_version__dataset__pipeline"


class TrainingInline(ReadOnlyInline):
    """What a version was trained on."""

    model = ModelTraining
    fields = ("dataset_version",)


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    """Versions of models, as they were registered."""

    stream = "model"
    list_display = ("__str__", "registered_at", "registered_by", "parent")
    list_select_related = ("registered_by", "parent")
    ordering = ("-id",)
    ids = ("id",)
    words = ("name", "version", "digest")
    search_help_text = gettext_lazy("The name of a model, a version, or a whole digest.")
    inlines = (TrainingInline,)
    fields = (
        ("name", "version", "parent"), "digest", "artifact_uri", ("registered_by", "registered_at"),
        "card_shown", "ledger", "id",
    )  # fmt: skip

    def readable(self, rows: "QuerySet[Any]", principal: Principal) -> "QuerySet[Any]":
        """Return the versions of which all training data is within reach."""
        return rows.filter(pk__in=registry.within(principal).values("pk"))

    @admin.display(description=gettext_lazy("System card"))
    def card_shown(self, row: ModelVersion) -> SafeString:
        """Link to the card."""
        address = reverse("model", args=[row.name, row.version])
        words = _("What it is for, and how well it does")
        return format_html('<a href="{}">{}</a>', address, words)


class FinishInline(ReadOnlyInline):
    """What came of it."""

    model = EvaluationFinish
    fields = ("rows", "correct", "figures_shown", "digest", "finished_by", "finished_at")
    readonly_fields = ("figures_shown",)

    @admin.display(description=gettext_lazy("Figures"))
    def figures_shown(self, row: EvaluationFinish) -> SafeString:
        """Return the figures by slice."""
        return rendering.as_json(row.figures)


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnlyAdmin):
    """Each look of a version at a held-out set."""

    reach = SET
    stream = "evaluation"
    list_display = ("__str__", "started_at", "started_by")
    list_filter = (of_pipeline(SET),)
    list_select_related = ("model", "dataset_version__dataset", "started_by")
    unlisted = tuple(f"dataset_version__{name}" for name in ("recipe", "card", "consent"))
    ordering = ("-id",)
    ids = ("id", "model", "dataset_version")
    search_help_text = gettext_lazy("The id of an evaluation, a version or a set.")
    inlines = (FinishInline,)
    fields = ("model", "dataset_version", ("started_by", "started_at"), "ledger", "id")


class PlanInline(ReadOnlyInline):
    """How it judges: the last plan is in force."""

    model = GatePlan
    fields = ("number", "document_shown", "digest", "frozen_by", "frozen_at")
    readonly_fields = ("document_shown",)
    ordering = ("number",)

    @admin.display(description=gettext_lazy("Plan"))
    def document_shown(self, row: GatePlan) -> SafeString:
        """Return the plan as it was frozen."""
        return rendering.as_json(row.document)


@admin.register(Gate)
class GateAdmin(ReadOnlyAdmin):
    """What versions of a model pass before they are released."""

    reach = "pipeline"
    stream = "gate"
    list_display = ("slug", "pipeline", "model_name", "created_by", "created_at")
    list_filter = (of_pipeline("pipeline"),)
    list_select_related = ("pipeline", "created_by")
    ordering = ("-id",)
    ids = ("id",)
    words = ("slug",)
    search_help_text = gettext_lazy("The name of a gate, or its id.")
    inlines = (PlanInline,)
    fields = (
        ("slug", "pipeline", "model_name"), ("created_by", "created_at"), "runs_shown", "ledger",
        "id",
    )  # fmt: skip

    @admin.display(description=gettext_lazy("Runs"))
    def runs_shown(self, row: Gate) -> SafeString:
        """Link to the runs."""
        return rendering.list_link(GateRun, _("All its runs"), plan__gate=row.pk)


@admin.register(GateRun)
class GateRunAdmin(ReadOnlyAdmin):
    """How candidates were judged."""

    reach = "plan__gate__pipeline"
    list_display = ("__str__", "plan", "verdict", "started_at", "run_by")
    list_filter = ("verdict", of_pipeline("plan__gate__pipeline"))
    list_select_related = ("plan__gate", "baseline", "candidate", "run_by")
    unlisted = ("result", "plan__document")
    ordering = ("-id",)
    ids = ("id",)
    lookups = ("plan__gate",)
    words = ("digest",)
    search_help_text = gettext_lazy("The id of a run, or a whole digest.")
    fields = (
        ("verdict", "plan"), ("baseline", "candidate"), "report_shown",
        ("candidate_evaluated_at", "plan_frozen_at", "started_at"), "run_by", "digest",
        "result_shown", "id",
    )  # fmt: skip

    @admin.display(description=gettext_lazy("In words"))
    def report_shown(self, row: GateRun) -> SafeString:
        """Return the report, and link to the page that draws it."""
        address = reverse("gate-run", args=[row.plan.gate.slug, row.pk])
        text = rendering.as_text("\n".join(row.result["report"]))
        return format_html('{}<p><a href="{}">{}</a></p>', text, address, _("As a drawing"))

    @admin.display(description=gettext_lazy("Figures"))
    def result_shown(self, row: GateRun) -> SafeString:
        """Return each check."""
        return rendering.as_json(row.result["checks"])
