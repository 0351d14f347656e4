"""Clocks with all that happened to them, and the escalations that they caused. Only read here."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.admin import rendering
from governance.admin.base import ReadOnlyAdmin, ReadOnlyInline
from governance.admin.dates import RecordList
from governance.admin.filters import PipelineFilter
from governance.models import User
from governance.selectors import clock as database_clock
from reviews.admin.applying import Applying
from reviews.admin.auditing import Audited
from reviews.models import Acknowledgement, ClockEvent, Escalation, ReviewItem, SLAClock
from reviews.selectors import clocks

LONG_OF_VERSIONS = tuple(
    f"{version}_version__{name}"
    for version in ("policy", "calendar")
    for name in ("document", "diff")
)


class ClockEventInline(ReadOnlyInline):
    """What happened to it, in order; all else follows from that."""

    model = ClockEvent
    ordering = ("seq",)
    fields = ("seq", "kind", "at", "recorded_at", "actor", "reason", "share", "detail_shown")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """Return the events with who acted."""
        return super().get_queryset(request).select_related("actor")

    @admin.display(description=gettext_lazy("Detail"))
    def detail_shown(self, row: ClockEvent) -> str:
        """Return what the replay needs, on one line."""
        return rendering.short(row.detail, 200) if row.detail else rendering.NOTHING


class EscalationInline(ReadOnlyInline):
    """The levels of its ladder that have fired."""

    model = Escalation
    fk_name = "clock"
    ordering = ("fired_at", "loop", "level")
    fields = ("fired_at", "loop", "level", "outcome", "overdue_shown")

    @admin.display(description=gettext_lazy("Overdue"))
    def overdue_shown(self, row: Escalation) -> str:
        """Return the business time past the target when it fired."""
        return rendering.length(row.overdue)


@admin.register(SLAClock)
class SLAClockAdmin(Applying, Audited, ReadOnlyAdmin):
    """What is measured on items: every column follows from the events below it."""

    reach = "pipeline"
    list_display = (
        "started_at", "kind", "of_which", "pipeline", "status", "outcome", "due_at", "breached_at",
    )  # fmt: skip
    list_filter = (PipelineFilter, "kind", "status", "outcome")
    list_select_related = ("pipeline",)
    ordering = ("-id",)
    ids = ("id", "item")
    words = ("subject",)
    lookups = ("item",)
    search_help_text = gettext_lazy("The id of a clock or of an item, or all of what is signed.")
    inlines = (ClockEventInline, EscalationInline)
    fieldsets = (
        (None, {"fields": ("of_what", ("pipeline", "kind", "cycle"), ("status", "outcome"))}),
        (gettext_lazy("Time"), {"fields": (
            ("target_shown", "used_shown", "left_shown"), ("started_at", "due_at", "next_at"),
            ("breached_at", "detected_at", "late_shown"),
            ("paused_at", "maintenance", "stopped_at"), "warned",
        )}),
        (gettext_lazy("Ladder"), {"fields": (
            ("loop", "level", "of_levels"), ("ladder_at", "acked_at"),
        )}),
        (gettext_lazy("Under which policy"), {"fields": ("policy_version", "calendar_version")}),
        (gettext_lazy("On record"), {"fields": ("id", "events_count")}),
    )  # fmt: skip

    @admin.display(description=gettext_lazy("Of"))
    def of_what(self, row: SLAClock) -> SafeString:
        """Link to the item, or name what is signed."""
        if row.item_id is None:
            return rendering.as_code(row.subject)
        return rendering.key_link(ReviewItem, row.item_id)

    @admin.display(description=gettext_lazy("Of"))
    def of_which(self, row: SLAClock) -> SafeString:
        """Link to the item by how its id ends, or name what is signed."""
        return rendering.as_code(row.subject) if row.item_id is None else _item_link(row.item_id)

    @admin.display(description=gettext_lazy("Target"))
    def target_shown(self, row: SLAClock) -> str:
        """Return the target in words."""
        return _("no target") if row.target is None else rendering.length(row.target)

    @admin.display(description=gettext_lazy("Used"))
    def used_shown(self, row: SLAClock) -> str:
        """Return the business time that it has used by now."""
        figures = _figures(row)
        return rendering.length(figures.used) if figures else _("cannot be worked out")

    @admin.display(description=gettext_lazy("Left"))
    def left_shown(self, row: SLAClock) -> str:
        """Return the business time that is left of the target, or by how much it is overdue."""
        figures = _figures(row)
        if figures is None or figures.left is None:
            return rendering.NOTHING
        if figures.left < timedelta(0):
            return _("overdue by %(length)s") % {"length": rendering.length(figures.left)}
        return rendering.length(figures.left)

    @admin.display(description=gettext_lazy("Noticed after"))
    def late_shown(self, row: SLAClock) -> str:
        """Return how long after the breach it was noticed."""
        if row.breached_at is None or row.detected_at is None:
            return rendering.NOTHING
        return rendering.length(row.detected_at - row.breached_at)

    @admin.display(description=gettext_lazy("Of levels"))
    def of_levels(self, row: SLAClock) -> int | str:
        """Return how many levels its ladder has."""
        figures = _figures(row)
        return figures.levels if figures else rendering.NOTHING


def _item_link(key: uuid.UUID) -> SafeString:
    """Return a short link to an item: ids of one moment begin alike, and end apart."""
    return rendering.key_link(ReviewItem, key, str(key)[-12:])


@dataclass(frozen=True)
class _Figures:
    """What follows from the events of a clock now, or when it stopped."""

    used: timedelta
    left: timedelta | None
    levels: int


def _figures(row: SLAClock) -> _Figures | None:
    """Return the figures of a clock, worked out once; None where its events make no sense."""
    if "figures" not in row.__dict__:
        row.__dict__["figures"] = _worked_out(row)
    found: _Figures | None = row.__dict__["figures"]
    return found


def _worked_out(row: SLAClock) -> _Figures | None:
    try:
        state = clocks.states([row])[row.pk]
        at = state.stopped_at or database_clock.now()
        left = state.remaining_at(at)
        return _Figures(
            _whole(state.elapsed_at(at)),
            None if left is None else _whole(left),
            len(state.terms.ladder.levels),
        )
    except (LookupError, TypeError, ValueError):
        return None


def _whole(length: timedelta) -> timedelta:
    """Return a length in whole seconds, nearer to nothing."""
    return timedelta(seconds=int(length.total_seconds()))


class EscalationList(RecordList):
    """A list in which the people who were told are looked up at once."""

    def get_results(self, request: HttpRequest) -> None:
        """Read the page, and who was told."""
        super().get_results(request)
        name_targets(self.result_list)


def name_targets(rows: Iterable[Escalation]) -> None:
    """Let escalations know the names of the people that they told."""
    rows = list(rows)
    told = {pk for row in rows for pk in row.targets}
    names = dict(User.objects.filter(pk__in=told).values_list("pk", "username"))
    for row in rows:
        row.__dict__["names"] = [names.get(pk, str(pk)) for pk in row.targets]


class AcknowledgementInline(ReadOnlyInline):
    """Who took it up."""

    model = Acknowledgement
    fields = ("at", "actor", "how")


@admin.register(Escalation)
class EscalationAdmin(ReadOnlyAdmin):
    """The levels of ladders that fired, each exactly once: whom they told and what they did."""

    reach = "pipeline"
    list_display = (
        "fired_at", "of_which", "pipeline", "kind", "loop", "level", "outcome", "overdue_shown",
        "told", "taken_up",
    )  # fmt: skip
    list_filter = (PipelineFilter, "outcome")
    list_select_related = ("clock", "pipeline")
    date_hierarchy = "fired_at"
    ordering = ("-fired_at", "-id")
    ids = ("id", "item", "clock")
    lookups = ("item", "clock")
    search_help_text = gettext_lazy("The id of an escalation, of an item or of a clock.")
    inlines = (AcknowledgementInline,)
    fieldsets = (
        (None, {"fields": ("clock", "item_shown", ("pipeline", "kind"),
                           ("cycle", "loop", "level"), "outcome")}),
        (gettext_lazy("When"), {"fields": (("planned_at", "fired_at"),
                                           ("breached_at", "overdue_shown"))}),
        (gettext_lazy("What it did"), {"fields": ("told", "actions_shown")}),
        (gettext_lazy("On record"), {"fields": ("id",)}),
    )  # fmt: skip

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[RecordList]:
        """Return the list that names people."""
        return EscalationList

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """Return the escalations within reach, with who took them up."""
        return super().get_queryset(request).prefetch_related("acknowledgements__actor")

    @admin.display(description=gettext_lazy("Item"))
    def of_which(self, row: Escalation) -> SafeString:
        """Link to the item by how its id ends, or name what is signed."""
        if row.item_id is None:
            return rendering.as_code(row.clock.subject)
        return _item_link(row.item_id)

    @admin.display(description=gettext_lazy("Item"))
    def item_shown(self, row: Escalation) -> SafeString:
        """Link to the item."""
        if row.item_id is None:
            return rendering.as_code(row.clock.subject)
        return rendering.key_link(ReviewItem, row.item_id)

    @admin.display(description=gettext_lazy("Kind"))
    def kind(self, row: Escalation) -> str:
        """Return the kind of clock."""
        return row.clock.get_kind_display()

    @admin.display(description=gettext_lazy("Overdue"))
    def overdue_shown(self, row: Escalation) -> str:
        """Return the business time past the target when it fired."""
        return rendering.length(row.overdue)

    @admin.display(description=gettext_lazy("Told"))
    def told(self, row: Escalation) -> str:
        """Return whom it told."""
        if "names" not in row.__dict__:
            name_targets([row])
        return ", ".join(row.__dict__["names"]) or rendering.NOTHING

    @admin.display(description=gettext_lazy("Taken up"))
    def taken_up(self, row: Escalation) -> str:
        """Return who took it up and when."""
        found = [f"{ack.actor} {ack.at:%Y-%m-%d %H:%M}" for ack in row.acknowledgements.all()]
        return ", ".join(found) or rendering.NOTHING

    @admin.display(description=gettext_lazy("Actions"))
    def actions_shown(self, row: Escalation) -> SafeString:
        """Return what was done, by action."""
        return rendering.as_json(row.actions)
