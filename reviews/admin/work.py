"""The work that predictions make for people, and what people decided."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from governance.admin import rendering
from governance.admin.base import ReadOnlyAdmin, ReadOnlyInline
from governance.admin.filters import PipelineFilter, of_person, of_pipeline
from reviews.admin.filters import QueueFilter, TierFilter, of_model, of_tier
from reviews.admin.intake import LONG_OF_PREDICTION, LONG_OF_VERSION, restriction_of
from reviews.enums import ChallengeState, Evidence
from reviews.models import (
    Assignment,
    Challenge,
    ChallengeOutcome,
    Decision,
    Lane,
    Note,
    Resolution,
    ReviewItem,
    SLAClock,
)


class AssignmentInline(ReadOnlyInline):
    """Who had which slot."""

    model = Assignment
    fields = ("slot", "reviewer", "state", "claimed_at", "lease_expires_at", "ended_at", "reason")


class DecisionInline(ReadOnlyInline):
    """What each reviewer decided."""

    model = Decision
    fields = ("decided_at", "reviewer", "verdict", "answer_shown", "rationale", "undoes")

    @admin.display(description="Answer")
    def answer_shown(self, row: Decision) -> str:
        """Return the answer on one line."""
        return rendering.NOTHING if row.answer is None else rendering.short(row.answer)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Return every field there is."""
        return list(self.fields)


class ResolutionInline(ReadOnlyInline):
    """What stood, one after the other."""

    model = Resolution
    fk_name = "item"
    fields = ("resolved_at", "kind", "verdict", "answer", "agreement", "actor", "supersedes")


class NoteInline(ReadOnlyInline):
    """What people wrote beside it."""

    model = Note
    fields = ("created_at", "author", "text")


@admin.register(ReviewItem)
class ReviewItemAdmin(ReadOnlyAdmin):
    """What waits, waited or was settled; an auditor sees blind items whole."""

    reach = "pipeline"
    stream = "item"
    list_display = (
        "id", "created_at", "prediction", "pipeline", "queue", "tier", "status", "blind", "due_at",
    )  # fmt: skip
    list_filter = (PipelineFilter, "status", TierFilter, QueueFilter, of_model("prediction"))
    list_select_related = ("prediction", "pipeline")
    unlisted = LONG_OF_PREDICTION
    date_hierarchy = "created_at"
    ordering = ("-created_at", "-id")
    ids = ("id", "prediction")
    search_help_text = "The id of an item or of its prediction."
    inlines = (AssignmentInline, DecisionInline, ResolutionInline, NoteInline)
    fieldsets = (
        (None, {"fields": ("prediction", ("pipeline", "queue", "tier"), ("status", "blind"),
                           "blind_first", ("slots", "open_slots"), ("priority", "lane"),
                           "restricted")}),
        ("Times", {"fields": (("created_at", "due_at"), "urgent_at", ("resolved_at", "left_at"),
                              "clocks_shown")}),
        ("What stands", {"fields": ("resolution",)}),
        ("What was asked", {"fields": ("input_shown", "output_shown")}),
        ("Under which policy", {"fields": (("config_version", "sla_version"), "revision")}),
        ("In the ledger", {"fields": ("id", "ledger")}),
    )  # fmt: skip

    @admin.display(description="Clocks")
    def clocks_shown(self, row: ReviewItem) -> SafeString:
        """Link to what is measured on it."""
        return rendering.list_link(SLAClock, "Its clocks", item=row.pk)

    @admin.display(description="Restricted")
    def restricted(self, row: ReviewItem) -> SafeString:
        """Say whether it is hidden from others, and why."""
        return restriction_of(row.prediction)

    @admin.display(description="Input")
    def input_shown(self, row: ReviewItem) -> SafeString:
        """Return the input of its prediction."""
        return rendering.as_json(row.prediction.input)

    @admin.display(description="Output of the model")
    def output_shown(self, row: ReviewItem) -> SafeString:
        """Return the output of its prediction."""
        return rendering.as_json(row.prediction.output)


@admin.register(Assignment)
class AssignmentAdmin(ReadOnlyAdmin):
    """Slots of items that reviewers hold or held."""

    reach = "item__pipeline"
    list_display = ("claimed_at", "item", "slot", "reviewer", "state", "ended_at", "reason")
    list_filter = (of_pipeline("item__pipeline"), "state", of_person("reviewer"))
    list_select_related = ("item", "reviewer")
    ordering = ("-id",)
    ids = ("id", "item")
    lookups = ("reviewer", "item")
    search_help_text = "The id of an assignment or of an item."
    fields = (
        "item", ("slot", "reviewer"), "state", ("claimed_at", "lease_expires_at", "ended_at"),
        "reason", "id",
    )  # fmt: skip


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    """Judgements as they were given; an undo is a row of its own."""

    reach = "item__pipeline"
    list_display = (
        "decided_at", "item", "reviewer", "verdict", "answer_line", "blind", "config_version",
        "undoes",
    )  # fmt: skip
    list_filter = (
        of_pipeline("item__pipeline"), "verdict", of_tier("item__tier"), of_person("reviewer"),
        of_model("item__prediction"),
    )  # fmt: skip
    list_select_related = ("item", "reviewer", "config_version", "undoes")
    unlisted = ("rationale", "checklist", "evidence_opened", *LONG_OF_VERSION)
    date_hierarchy = "decided_at"
    ordering = ("-decided_at", "-id")
    ids = ("id", "item")
    lookups = ("reviewer", "item")
    search_help_text = "The id of a decision or of an item."
    fields = (
        ("item", "assignment"), ("reviewer", "decided_at"), ("verdict", "blind", "certainty"),
        "answer_shown", "codes_shown", "rationale_shown", "checklist_shown", "opened_shown",
        "config_version",
        ("undoes", "revises"), "id",
    )  # fmt: skip

    @admin.display(description="Answer")
    def answer_line(self, row: Decision) -> str:
        """Return the answer on one line."""
        return rendering.NOTHING if row.answer is None else rendering.short(row.answer)

    @admin.display(description="Answer")
    def answer_shown(self, row: Decision) -> SafeString:
        """Return the answer."""
        return rendering.as_json(row.answer)

    @admin.display(description="Reason codes")
    def codes_shown(self, row: Decision) -> str:
        """Return the reason codes."""
        return ", ".join(row.reason_codes) or rendering.NOTHING

    @admin.display(description="Evidence that lay open")
    def opened_shown(self, row: Decision) -> str:
        """Return what the reviewer had opened before deciding."""
        opened = [str(Evidence(kind).label) for kind in row.evidence_opened]
        return ", ".join(opened) or rendering.NOTHING

    @admin.display(description="Rationale")
    def rationale_shown(self, row: Decision) -> SafeString:
        """Return the rationale as it was written."""
        return rendering.as_text(row.rationale)

    @admin.display(description="Checklist")
    def checklist_shown(self, row: Decision) -> SafeString:
        """Return what was ticked."""
        return rendering.as_json(row.checklist)


@admin.register(Resolution)
class ResolutionAdmin(ReadOnlyAdmin):
    """What stands, or stood, as the outcome of items."""

    reach = "item__pipeline"
    list_display = (
        "resolved_at", "item", "kind", "verdict", "answer_line", "agreement", "actor",
    )  # fmt: skip
    list_filter = (
        of_pipeline("item__pipeline"), "kind", of_tier("item__tier"), of_person("actor"),
        of_model("item__prediction"),
    )  # fmt: skip
    list_select_related = ("item", "actor")
    unlisted = ("rationale",)
    date_hierarchy = "resolved_at"
    ordering = ("-resolved_at", "-id")
    ids = ("id", "item")
    lookups = ("item",)
    search_help_text = "The id of a resolution or of an item."
    fields = (
        "item", ("kind", "verdict", "agreement"), "answer_shown", "rationale_shown",
        ("actor", "resolved_at"), "decisions_shown", "supersedes", "id",
    )  # fmt: skip

    @admin.display(description="Answer")
    def answer_line(self, row: Resolution) -> str:
        """Return the answer on one line."""
        return rendering.NOTHING if row.answer is None else rendering.short(row.answer)

    @admin.display(description="Answer")
    def answer_shown(self, row: Resolution) -> SafeString:
        """Return the answer."""
        return rendering.as_json(row.answer)

    @admin.display(description="Rationale")
    def rationale_shown(self, row: Resolution) -> SafeString:
        """Return the rationale as it was written."""
        return rendering.as_text(row.rationale)

    @admin.display(description="Rests on")
    def decisions_shown(self, row: Resolution) -> SafeString:
        """Link to the decisions that it rests on."""
        return rendering.list_link(Decision, f"{len(row.decided_on)} decisions", item=row.item_id)


class ChallengeOutcomeInline(ReadOnlyInline):
    """How it was judged."""

    model = ChallengeOutcome
    fields = ("at", "state", "judge", "rationale", "resolution")


@admin.register(Challenge)
class ChallengeAdmin(ReadOnlyAdmin):
    """Outcomes that somebody doubted. Who stays unnamed is unnamed here too."""

    reach = "item__pipeline"
    list_display = ("opened_at", "item", "state_shown", "opened_by_shown", "start")
    list_filter = (of_pipeline("item__pipeline"), "anonymous")
    list_select_related = ("item", "opened_by", "outcome")
    unlisted = ("outcome__rationale",)
    ordering = ("-id",)
    ids = ("id", "item", "resolution")
    search_help_text = "The id of a challenge, an item or a resolution."
    inlines = (ChallengeOutcomeInline,)
    fields = (
        ("item", "resolution"), ("opened_at", "opened_by_shown"), "reason_shown", "state_shown",
        "page", "id",
    )  # fmt: skip

    @admin.display(description="State")
    def state_shown(self, row: Challenge) -> str:
        """Return where it is."""
        return str(ChallengeState(row.state).label)

    @admin.display(description="Opened by")
    def opened_by_shown(self, row: Challenge) -> str:
        """Return who opened it by name; the others are read on its page, which is on record."""
        return "unnamed" if row.anonymous else row.opened_by.username

    @admin.display(description="Reason")
    def start(self, row: Challenge) -> str:
        """Return how the reason begins."""
        return rendering.short(row.reason)

    @admin.display(description="Reason")
    def reason_shown(self, row: Challenge) -> SafeString:
        """Return the reason as it was written."""
        return rendering.as_text(row.reason)

    @admin.display(description="Its page")
    def page(self, row: Challenge) -> SafeString:
        """Link to where it is judged, and who opened it is read."""
        return format_html('<a href="{}">Its page</a>', reverse("challenge", args=[row.pk]))


@admin.register(Note)
class NoteAdmin(ReadOnlyAdmin):
    """Remarks beside items."""

    reach = "item__pipeline"
    list_display = ("created_at", "item", "author", "start")
    list_filter = (of_pipeline("item__pipeline"), of_person("author"))
    list_select_related = ("item", "author")
    ordering = ("-id",)
    ids = ("id", "item")
    search_help_text = "The id of a note or of an item."
    fields = ("item", ("author", "created_at"), "text_shown", "id")

    @admin.display(description="Text")
    def start(self, row: Note) -> str:
        """Return how the text begins."""
        return rendering.short(row.text)

    @admin.display(description="Text")
    def text_shown(self, row: Note) -> SafeString:
        """Return the text as it was written."""
        return rendering.as_text(row.text)


@admin.register(Lane)
class LaneAdmin(ReadOnlyAdmin):
    """The parts of queues that ask for the same skills."""

    reach = "pipeline"
    list_display = ("__str__", "pipeline", "queue", "key")
    list_filter = (PipelineFilter, QueueFilter)
    list_select_related = ("pipeline",)
    ordering = ("pipeline", "queue", "key")
    fields = ("pipeline", "queue", "key", "id")
