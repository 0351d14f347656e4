"""Retrospectives as they are on record; they are kept on pages of the desk."""

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from feedback.models import (
    Retrospective,
    RetrospectiveConclusion,
    RetrospectiveFinding,
    RetrospectiveItem,
)
from governance.admin import rendering
from governance.admin.base import ReadOnlyAdmin, ReadOnlyInline
from governance.admin.filters import of_pipeline


class ItemInline(ReadOnlyInline):
    """What was looked back at."""

    model = RetrospectiveItem
    fields = ("kind", "why", "item_id", "at")


class FindingInline(ReadOnlyInline):
    """What was found, and what it came to."""

    model = RetrospectiveFinding
    fields = ("text", "came_to", "at")
    readonly_fields = ("came_to",)

    @admin.display(description=gettext_lazy("Came to"))
    def came_to(self, row: RetrospectiveFinding) -> SafeString | str:
        """Return the lesson, or why there is none."""
        found: RetrospectiveConclusion | None = getattr(row, "conclusion", None)
        if found is None:
            return rendering.NOTHING
        return format_html("{}", found.lesson or found.reason)


@admin.register(Retrospective)
class RetrospectiveAdmin(ReadOnlyAdmin):
    """A look back together; it names no reviewer."""

    reach = "pipeline"
    stream = "retrospective"
    list_display = ("opened_at", "title", "state", "pipeline", "findings", "concluded")
    list_display_links = ("title",)
    list_select_related = ("pipeline",)
    unlisted = ("salt",)
    list_filter = (of_pipeline("pipeline"), "state")
    date_hierarchy = "opened_at"
    ordering = ("-id",)
    ids = ("id",)
    search_help_text = gettext_lazy("The id of a retrospective.")
    inlines = (ItemInline, FindingInline)
    fields = (
        "title", ("pipeline", "state"), ("since", "until"), ("opened_at", "held_at", "closed_at"),
        ("findings", "concluded"), "ledger", "id",
    )  # fmt: skip
