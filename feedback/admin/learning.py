"""The pages of signals and of the lessons that people drew from them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from feedback.models import FeedbackSignal, Lesson, LessonSource
from governance.admin import rendering
from governance.admin.base import ReadOnlyAdmin, ReadOnlyInline
from governance.admin.filters import PipelineFilter
from governance.domain.principal import Principal
from reviews.selectors.blindness import exposed


def in_lineage(ref: str) -> SafeString:
    """Return a link to a record in the drawing of lineage."""
    return format_html('<a href="{}">{}</a>', reverse("lineage", args=[ref]), ref)


@admin.register(FeedbackSignal)
class FeedbackSignalAdmin(ReadOnlyAdmin):
    """What decisions taught, as it was distilled."""

    reach = "pipeline"
    list_display = ("id", "kind", "scenario_type", "confidence_band", "pipeline", "resolved_at")
    list_select_related = ("pipeline",)
    unlisted = ("statement", "reason_codes", "decisions")
    ordering = ("-id",)
    ids = ("id", "item", "resolution")
    words = ("scenario_type",)
    search_help_text = "The id of a signal, an item or a resolution, or a type of scenario."
    fields = (
        ("kind", "pipeline"), "statement", ("scenario_type", "confidence_band"),
        "reason_codes_shown", "decisions_shown", ("item", "resolution"),
        ("resolved_at", "distilled_at", "rules"), "lineage", "id",
    )  # fmt: skip

    def get_list_filter(self, request: Any) -> Any:
        """Return the filters, each offering only pipelines within reach."""
        return ("kind", PipelineFilter)

    def readable(self, rows: "QuerySet[Any]", principal: Principal) -> "QuerySet[Any]":
        """Return the signals that give nothing away."""
        return exposed(principal, super().readable(rows, principal))

    @admin.display(description="Reason codes")
    def reason_codes_shown(self, row: FeedbackSignal) -> SafeString:
        """Return the reasons that were given."""
        return rendering.as_json(row.reason_codes)

    @admin.display(description="Derived from")
    def decisions_shown(self, row: FeedbackSignal) -> SafeString:
        """Return the decisions."""
        return rendering.as_json(row.decisions)

    @admin.display(description="Lineage")
    def lineage(self, row: FeedbackSignal) -> SafeString:
        """Link to what came of it."""
        return in_lineage(f"signal:{row.pk}")


class LessonSourceInline(ReadOnlyInline):
    """What a lesson was drawn from."""

    model = LessonSource
    fields = ("signal_id",)


@admin.register(Lesson)
class LessonAdmin(ReadOnlyAdmin):
    """What people concluded; it is written on a page of its own."""

    reach = "pipeline"
    stream = "lesson"
    list_display = ("title", "state", "pipeline", "owner", "revalidate_on", "written_at")
    list_select_related = ("pipeline", "owner")
    unlisted = ("text", "salt")
    ordering = ("-id",)
    ids = ("id",)
    words = ("adjustment",)
    search_help_text = "The id of a lesson, or a whole reference to an adjustment."
    inlines = (LessonSourceInline,)
    fields = (
        "title", "text", ("state", "owner"), ("adjustment", "revalidate_on"),
        ("pipeline", "written_at"), "ledger", "lineage", "id",
    )  # fmt: skip

    def get_list_filter(self, request: Any) -> Any:
        """Return the filters, each offering only pipelines within reach."""
        return ("state", PipelineFilter)

    @admin.display(description="Lineage")
    def lineage(self, row: Lesson) -> SafeString:
        """Link to what it was drawn from."""
        return in_lineage(f"lesson:{row.pk}")
