"""Pipelines and the rows from which their policy is written; publishing has a page of its own."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.urls import path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.admin import pipeline_form, rendering
from governance.admin.base import acting, administers
from governance.admin.configuration import ConfigurationAdmin, StackedPart, TabularPart, posted
from governance.admin.filters import PipelineFilter
from governance.admin.forms import WordsField, now, offer
from governance.admin.pipeline_form import PipelineForm
from governance.admin.publishing import Publishing
from governance.models import (
    Calendar,
    ChecklistItem,
    GlossaryTerm,
    Pipeline,
    Queue,
    ReasonCode,
    Role,
    RoutingRule,
    SLAPolicy,
    Tier,
)
from governance.services import drafts

TIER_FIELDS = (
    ("slug", "position"),
    "criteria",
    ("decisions", "max_decisions", "agreement_min"),
    ("blind", "blind_first"),
    ("rationale", "monitor_rate"),
    ("adjudicate_by", "sla", "queue"),
)


def names(rows: Any, field: str = "slug") -> list[str]:
    """Return the distinct words that rows have in a field."""
    return sorted(set(rows.order_by().values_list(field, flat=True)))


def offer_references(form: Any, pipeline: Pipeline, rows: Any) -> None:
    """Let the references of a form be chosen from what exists; `rows` are those that it edits."""
    offered = {
        "tier": names(pipeline.tiers),
        "queue": names(pipeline.queues),
        "backup": names(pipeline.queues),
        "sla": names(SLAPolicy.objects),
        "calendar": names(Calendar.objects),
        "adjudicate_by": names(Role.objects),
    }
    held = {field.name for field in rows.model._meta.get_fields()}
    for field in offered.keys() & held:
        offer(form, field, offered[field], names(rows, field))


def write_draft(request: HttpRequest, pipeline: Pipeline, form: Any, formsets: Any) -> None:
    """Write what a form and its parts changed, as one act; nothing when nothing changed."""
    new = form.instance._state.adding
    saved = [form.instance] if new or set(form.changed_data) - {"reason"} else []
    deleted: list[Any] = []
    for formset in formsets:
        saved += formset.save(commit=False)
        deleted += formset.deleted_objects
    if saved or deleted:
        drafts.edit(
            pipeline=pipeline,
            saved=saved,
            deleted=deleted,
            actor=acting(request),
            reason=form.cleaned_data["reason"],
            now=now(),
        )


class _References:
    """A part whose references to tiers, queues and the like are chosen."""

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Return the formset, its references chosen from what the pipeline has."""
        formset = super().get_formset(request, obj, **kwargs)  # type: ignore[misc]
        if obj is not None:
            rows = formset.model._default_manager.filter(pipeline=obj)
            offer_references(formset.form, obj, rows)
        return formset

    def formfield_for_dbfield(
        self, db_field: "models.Field[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Return the field of a form; skills are words with commas."""
        if db_field.name == "skills":
            return WordsField(label="Skills", help_text="With commas between them.")
        return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]


class QueuePart(_References, TabularPart):
    """Where items wait."""

    model = Queue
    fields = ("slug", "skills", "backup", "calendar")
    ordering = ("id",)


class TierPart(_References, StackedPart):
    """How carefully predictions are looked at; the checklist is on the tier's own page."""

    model = Tier
    fields = TIER_FIELDS
    show_change_link = True


class RoutingRulePart(_References, TabularPart):
    """Rules in their order; the first whose expression holds decides."""

    model = RoutingRule
    fields = ("position", "name", "when", "tier", "queue", "skills", "priority")

    def formfield_for_dbfield(
        self, db_field: "models.Field[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Return the field of a form; an expression is two lines high."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "when":
            field.widget.attrs.update({"rows": 2, "cols": 34, "class": "expression"})
        return field


class ReasonCodePart(TabularPart):
    """Words for why a prediction was not accepted."""

    model = ReasonCode
    fields = ("position", "code")


class GlossaryTermPart(TabularPart):
    """Words of the trade, and what they mean here."""

    model = GlossaryTerm
    fields = ("term", "meaning", "see")

    def formfield_for_dbfield(
        self, db_field: "models.Field[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Return the field of a form; a meaning is two lines high."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name == "meaning":
            field.widget.attrs.update({"rows": 2, "cols": 50})
        return field


@admin.register(Pipeline)
class PipelineAdmin(Publishing, ConfigurationAdmin):
    """The working copy of a pipeline's policy; what is in force is the live version."""

    form = PipelineForm
    reach = "pk"
    list_display = ("slug", "name", "enabled", "live", "shadow", "example")
    list_select_related = ("live", "shadow")
    unlisted = ("live__document", "live__diff", "shadow__document", "shadow__diff")
    ordering = ("slug",)
    search_fields = ("slug", "name")
    lookups = ("slug",)
    inlines = (QueuePart, TierPart, RoutingRulePart, ReasonCodePart, GlossaryTermPart)
    parts = {
        Queue: "pipeline_id",
        Tier: "pipeline_id",
        RoutingRule: "pipeline_id",
        ReasonCode: "pipeline_id",
        GlossaryTerm: "pipeline_id",
    }
    readonly_fields = ("live", "shadow", "example")
    fieldsets = (
        (None, {"fields": ("slug", "name", "enabled", ("live", "shadow", "example"))}),
        ("What reviewers are asked", {"fields": ("question", "guideline")}),
        ("Where predictions go", {"fields": (("default_tier", "default_queue"), "random_slice")}),
        ("Gold and privacy", {"fields": ("settings",)}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the fieldsets; what stands in `settings` is asked for, or shown, part by part."""
        given = list(super().get_fieldsets(request, obj))
        if not administers(request):
            return [*given[:-1], (_("SLA policies"), {"fields": ("slas_shown", "safe_shown")}),
                    (given[-1][0], {"fields": ("sections_shown",)})]  # fmt: skip
        entries = (obj.settings or {}).get("slas", []) if obj else []
        offered = pipeline_form.offered(entries, posted(request))
        policies = (
            _("SLA policies of tiers that name none"),
            {
                "fields": pipeline_form.fields(offered),
                "description": _("The first whose condition holds is followed, else the default."),
            },
        )
        return [*given[:-2], policies, *given[-2:]]

    @admin.display(description=gettext_lazy("Of tiers that name none"))
    def slas_shown(self, row: Pipeline) -> SafeString:
        """Return the SLA policies in their order, each with its condition."""
        return pipeline_form.listed(row)

    @admin.display(description=gettext_lazy("Unreviewed"))
    def safe_shown(self, row: Pipeline) -> str:
        """Return what the pipeline is told of what nobody reviewed."""
        return str(pipeline_form.SAFE_WORDS[row.settings.get("safe_default", "hold")])

    @admin.display(description=gettext_lazy("Settings"))
    def sections_shown(self, row: Pipeline) -> SafeString:
        """Return the sections gold and privacy."""
        return rendering.as_json(pipeline_form.sections(row))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep the slug of a pipeline that exists: versions and the ledger name it."""
        return (*self.readonly_fields, "slug") if obj else self.readonly_fields

    def get_form(self, request: HttpRequest, obj: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Return the form; the default tier and queue are chosen from those that exist."""
        form = super().get_form(request, obj, *args, **kwargs)
        if obj is not None and administers(request):
            offer(form, "default_tier", names(obj.tiers), [obj.default_tier])
            offer(form, "default_queue", names(obj.queues), [obj.default_queue])
        return form

    def write(self, request: HttpRequest, form: Any, formsets: Any) -> None:
        """Write the working rows as one act."""
        write_draft(request, form.instance, form, formsets)

    def get_urls(self) -> Any:
        """Return the addresses, with that of the page that publishes."""
        own = path(
            "<path:object_id>/publish/",
            self.admin_site.admin_view(self.publish_view),
            name="governance_pipeline_publish",
        )
        return [own, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Show the form with a way to the page that publishes."""
        link = reverse("admin:governance_pipeline_publish", args=[object_id])
        title = "Publish and versions" if administers(request) else "Versions"
        shown = self.found(request, object_id)
        switch = {"link": reverse("stops", args=[shown.slug]), "title": _("Stop switch")}
        words = {"link": reverse("glossary", args=[shown.slug]), "title": _("Glossary")}
        tools = {"tools": [{"link": link, "title": title}, switch, words]}
        return super().change_view(request, object_id, form_url, tools | (extra_context or {}))


class ChecklistItemPart(TabularPart):
    """Questions that a tier wants answered with each decision."""

    model = ChecklistItem
    fields = ("position", "key", "text")


@admin.register(Tier)
class TierAdmin(ConfigurationAdmin):
    """One tier with its checklist."""

    reach = "pipeline"
    removable = True
    list_display = ("slug", "pipeline", "position", "decisions", "blind", "sla", "rationale")
    list_filter = (PipelineFilter,)
    list_select_related = ("pipeline",)
    ordering = ("pipeline__slug", "position", "id")
    inlines = (ChecklistItemPart,)
    parts = {ChecklistItem: "tier_id"}
    fields = ("pipeline", *TIER_FIELDS)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep a tier in its pipeline."""
        return ("pipeline",) if obj else ()

    def get_form(self, request: HttpRequest, obj: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Return the form, its references chosen from what exists."""
        form = super().get_form(request, obj, *args, **kwargs)
        if obj is not None and administers(request):
            offer_references(form, obj.pipeline, Tier.objects.filter(pk=obj.pk))
        return form

    def write(self, request: HttpRequest, form: Any, formsets: Any) -> None:
        """Write the tier and its checklist as one act."""
        write_draft(request, form.instance.pipeline, form, formsets)

    def remove(self, request: HttpRequest, row: Any, reason: str) -> None:
        """Take the tier and its questions away."""
        drafts.edit(
            pipeline=row.pipeline,
            saved=[],
            deleted=[row],
            actor=acting(request),
            reason=reason,
            now=now(),
        )
