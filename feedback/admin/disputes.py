"""Disputes of figures, with what was answered; they are opened and answered on the desk."""

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from feedback.models import FigureDispute, FigureDisputeAnswer
from governance.admin import rendering
from governance.admin.base import ReadOnlyAdmin, ReadOnlyInline
from governance.admin.filters import of_person, of_pipeline


class AnswerInline(ReadOnlyInline):
    """What was answered."""

    model = FigureDisputeAnswer
    fields = ("at", "judge", "outcome", "text")
    # The copy of whose figure it is points at a person too.
    fk_name = "dispute"


@admin.register(FigureDispute)
class FigureDisputeAdmin(ReadOnlyAdmin):
    """What a reviewer says is wrong with a figure about them."""

    reach = "pipeline"
    stream = "figure-dispute"
    list_display = ("opened_at", "person", "pipeline", "figure", "answered")
    list_select_related = ("person", "pipeline", "answer")
    unlisted = ("reason", "salt", "shown", "answer__text", "answer__salt")
    list_filter = (of_pipeline("pipeline"), "figure", of_person("person"))
    date_hierarchy = "opened_at"
    ordering = ("-id",)
    ids = ("id",)
    search_help_text = gettext_lazy("The id of a dispute.")
    inlines = (AnswerInline,)
    fields = (
        ("person", "pipeline", "figure"), "reason_shown", "figure_shown", ("opened_at", "after"),
        "ledger", "id",
    )  # fmt: skip

    @admin.display(description=gettext_lazy("Answer"))
    def answered(self, row: FigureDispute) -> str:
        """Return what was answered, in a word."""
        answer = getattr(row, "answer", None)
        return answer.get_outcome_display() if answer else rendering.NOTHING

    @admin.display(description=gettext_lazy("Reason"))
    def reason_shown(self, row: FigureDispute) -> SafeString:
        """Return the reason as it was written."""
        return rendering.as_text(row.reason)

    @admin.display(description=gettext_lazy("As they saw it"))
    def figure_shown(self, row: FigureDispute) -> Any:
        """Return the figure as it stood when it was disputed."""
        return rendering.as_json(row.shown)
