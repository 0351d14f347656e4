"""What those whom a pipeline concerns were told of it."""

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from feedback.models import StakeholderEdition
from governance.admin import rendering
from governance.admin.base import ReadOnlyAdmin
from governance.admin.filters import of_person, of_pipeline
from governance.admin.rendering import list_link
from governance.enums import PolicyKind
from governance.models import AuditEvent


@admin.register(StakeholderEdition)
class StakeholderEditionAdmin(ReadOnlyAdmin):
    """Editions, as they were published; they are written on the page of the pipeline."""

    reach = "pipeline"
    list_display = ("pipeline", "number", "publicity", "published_at", "published_by", "reason")
    list_select_related = ("pipeline", "published_by")
    unlisted = ("content",)
    list_filter = (of_pipeline("pipeline"), "publicity", of_person("published_by"))
    date_hierarchy = "published_at"
    ordering = ("-id",)
    ids = ("id",)
    words = ("digest",)
    search_help_text = gettext_lazy("The id of an edition, or a whole digest.")
    fields = (
        ("pipeline", "number", "publicity"), "reason", "content_shown", "digest",
        ("published_by", "published_at"), "told", "id",
    )  # fmt: skip

    @admin.display(description=gettext_lazy("What it says"))
    def content_shown(self, row: StakeholderEdition) -> Any:
        """Return what an edition says."""
        return rendering.as_json(row.content)

    @admin.display(description=gettext_lazy("In the ledger"))
    def told(self, row: StakeholderEdition) -> SafeString:
        """Return where the ledger tells of it."""
        stream = f"{PolicyKind.PIPELINE}:{row.pipeline.slug}"
        return list_link(AuditEvent, "All that happened to its pipeline", q=stream)
