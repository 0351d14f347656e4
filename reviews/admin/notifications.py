"""What people were told. For administrators alone: it is the mail of others."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from governance.admin import rendering
from governance.admin.base import ReadOnlyAdmin, administers
from reviews.models import Notification, ReviewItem


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    """One thing one person was told, and whether it was read and mailed."""

    list_display = ("created_at", "person", "kind", "count", "read_at", "mail_due_at", "mailed_at")
    list_filter = ("kind",)
    list_select_related = ("person",)
    unlisted = ("detail",)
    ordering = ("-id",)
    ids = ("id",)
    lookups = ("person",)
    search_help_text = gettext_lazy("The id of a notification.")
    fieldsets = (
        (None, {"fields": (("person", "kind", "count"), "source", "item_shown", "escalation")}),
        (gettext_lazy("What it says"), {"fields": ("detail_shown",)}),
        (gettext_lazy("When"), {"fields": (("created_at", "read_at"),
                                           ("mail_due_at", "mailed_at"))}),
        (gettext_lazy("On record"), {"fields": ("id",)}),
    )  # fmt: skip

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Return whether an administrator asks."""
        return administers(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether an administrator asks."""
        return administers(request)

    @admin.display(description=gettext_lazy("Item"))
    def item_shown(self, row: Notification) -> SafeString | str:
        """Link to the item."""
        return rendering.key_link(ReviewItem, row.item_id) if row.item_id else rendering.NOTHING

    @admin.display(description=gettext_lazy("Detail"))
    def detail_shown(self, row: Notification) -> SafeString:
        """Return what, why and how late."""
        return rendering.as_json(row.detail)
