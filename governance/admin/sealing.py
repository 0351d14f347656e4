"""The proof of the ledger, read: checkpoints, the keys that signed them, and copies outside."""

from typing import Any

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from governance.admin import rendering
from governance.admin.base import ReadOnlyAdmin
from governance.models import Anchor, Checkpoint, LedgerKey


@admin.register(Checkpoint)
class CheckpointAdmin(ReadOnlyAdmin):
    """What the ledger was, as it was signed."""

    list_display = ("sealed_at", "size", "short_root", "key", "copies")
    list_display_links = ("sealed_at",)
    list_select_related = ("key",)
    unlisted = ("note",)
    date_hierarchy = "sealed_at"
    ordering = ("-sealed_at", "-id")
    fields = ("sealed_at", "size", "root_shown", "key", "note_shown", "copies", "how")

    def get_queryset(self, request: Any) -> Any:
        """Return checkpoints with their copies."""
        return super().get_queryset(request).prefetch_related("anchors")

    @admin.display(description="Root")
    def short_root(self, row: Checkpoint) -> SafeString:
        """Return how the root begins."""
        return rendering.as_code(row.root[:12])

    @admin.display(description="Root (SHA-256)")
    def root_shown(self, row: Checkpoint) -> SafeString:
        """Return the whole root."""
        return rendering.as_code(row.root)

    @admin.display(description="Signed note")
    def note_shown(self, row: Checkpoint) -> SafeString:
        """Return the note as it stands in copies."""
        return format_html("<pre>{}</pre>", row.note)

    @admin.display(description="Copies outside")
    def copies(self, row: Checkpoint) -> str:
        """Return where copies lie that nobody here can take back."""
        places = [f"{each.get_kind_display()}: {each.place}" for each in row.anchors.all()]
        return ", ".join(places) or "None"

    @admin.display(description="How to check it")
    def how(self, row: Checkpoint) -> SafeString:
        """Return what an examiner does with it."""
        return format_html(
            "Compare the note with the copy that you keep, and run {}. "
            "It reads every event and says which first is not what was sealed.",
            rendering.as_code("manage.py verify_ledger"),
        )


@admin.register(LedgerKey)
class LedgerKeyAdmin(ReadOnlyAdmin):
    """The public keys that have signed checkpoints."""

    list_display = ("id", "verifier", "first_used_at")
    ordering = ("-first_used_at",)
    fields = ("id", "verifier", "first_used_at")


@admin.register(Anchor)
class AnchorAdmin(ReadOnlyAdmin):
    """Copies of checkpoints outside of the database."""

    list_display = ("at", "kind", "place", "checkpoint")
    list_display_links = ("at",)
    list_filter = ("kind",)
    list_select_related = ("checkpoint",)
    unlisted = ("checkpoint__note",)
    date_hierarchy = "at"
    ordering = ("-at", "-id")
    fields = ("at", "kind", "place", "checkpoint")
