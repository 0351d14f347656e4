"""The ledger, read; it stands here because who may read an event depends on items."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from governance.admin import rendering
from governance.admin.base import ReadOnlyAdmin, as_uuid
from governance.admin.filters import PersonFilter
from governance.domain.principal import Principal
from governance.models import AuditEvent, OutboxMessage, Pipeline, User
from governance.selectors import proving
from reviews.enums import ItemAction
from reviews.models import Prediction, ReviewItem
from reviews.selectors import ledger

MOMENT = timedelta(microseconds=1)
# Streams whose name ends in the key of a row that has a page here.
SUBJECTS: dict[str, tuple[type[Model], str]] = {
    "item": (ReviewItem, "pk"),
    "outbox": (OutboxMessage, "pk"),
    "pipeline": (Pipeline, "slug"),
    "user": (User, "pk"),
}


def in_words(action: str) -> str:
    """Return what an act on an item is called, before the word it is recorded under."""
    known = action in ItemAction.values
    return f"{ItemAction(action).label} ({action})" if known else action


class ActionFilter(admin.SimpleListFilter):
    """The action, of the words that are on record."""

    title = "action"
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the actions that were ever written."""
        return [(action, in_words(action)) for action in ledger.actions()]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """Return the events of the chosen action."""
        return queryset.filter(action=self.value()) if self.value() else queryset


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """Who did what, when and why; one row for each act."""

    list_display = ("at", "told", "stream", "actor", "why", "short_digest")
    list_display_links = ("at",)
    list_filter = (ActionFilter, PersonFilter)
    list_select_related = ("actor",)
    date_hierarchy = "at"
    ordering = ("-at", "-id")
    ids = ("id",)
    words = ("stream",)
    lookups = ("actor",)
    search_help_text = (
        "The id of an event, item or prediction, or a stream such as item:…, user:7 or "
        "pipeline:slug."
    )
    fields = (
        ("at", "told"),
        ("stream", "sequence"),
        "subject",
        "actor",
        "reason",
        "detail_shown",
        "commitments_shown",
        "digest_shown",
        "seal",
        "request_id",
        "id",
    )

    def readable(self, rows: "QuerySet[Any]", principal: Principal) -> "QuerySet[Any]":
        """Return the events within reach."""
        return ledger.events(principal, rows)

    def matching(self, term: str) -> Q:
        """Return the condition for a term; an id finds what happened to the item it belongs to."""
        found = super().matching(term)
        wanted = as_uuid(term)
        return found if wanted is None else found | Q(stream__in=ledger.streams_of(wanted))

    @admin.display(description="Action", ordering="action")
    def told(self, row: AuditEvent) -> str:
        """Return what happened."""
        return in_words(row.action)

    @admin.display(description="Reason")
    def why(self, row: AuditEvent) -> str:
        """Return the reason on one line."""
        return rendering.short(row.reason)

    @admin.display(description="Digest")
    def short_digest(self, row: AuditEvent) -> SafeString:
        """Return how the digest begins."""
        return rendering.as_code(row.digest[:12])

    @admin.display(description="Subject")
    def subject(self, row: AuditEvent) -> SafeString:
        """Link to what the event tells of, or to the predictions that a call brought."""
        kind, _, name = row.stream.partition(":")
        if kind == "intake":
            # Only the time of arrival has an index, so it goes with the id of the call.
            arrived = {"received_at__gte": row.at, "received_at__lt": row.at + MOMENT}
            return rendering.list_link(
                Prediction, "The predictions it brought", intake=row.pk, **arrived
            )
        if kind not in SUBJECTS:
            return rendering.as_code(name)
        model, field = SUBJECTS[kind]
        return rendering.link(model._default_manager.filter(**{field: name}).first())

    @admin.display(description="Detail")
    def detail_shown(self, row: AuditEvent) -> SafeString:
        """Return what was recorded of the act."""
        return rendering.as_json(row.detail)

    @admin.display(description="Commitments")
    def commitments_shown(self, row: AuditEvent) -> SafeString:
        """Return what binds the texts that the event does not hold itself."""
        return rendering.as_json(row.commitments)

    @admin.display(description="Sealed")
    def seal(self, row: AuditEvent) -> SafeString | str:
        """Return its place in the tree, and link to the first checkpoint that covers it."""
        place = proving.place_of(row.pk)
        if place is None:
            return "Not yet: within a minute of the act."
        return format_html("Leaf {} under {}", place.position, rendering.link(place.checkpoint))

    @admin.display(description="Digest (SHA-256)")
    def digest_shown(self, row: AuditEvent) -> SafeString:
        """Return the leaf hash."""
        return rendering.as_code(row.digest)
