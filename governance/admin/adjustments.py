"""Changes that people sign, as records; which signatures they take is configuration.

Nobody signs, activates or edits here, administrators included: the acts have pages of their own.
"""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from governance.admin import rendering
from governance.admin.base import ReadOnlyAdmin, acting, administers
from governance.admin.configuration import ConfigurationAdmin
from governance.admin.filters import PipelineFilter
from governance.admin.forms import ReasonForm, WordsField, now
from governance.models import (
    Adjustment,
    AdjustmentActivation,
    Signature,
    SignaturePolicy,
    Stop,
)
from governance.selectors import adjustments, bindings
from governance.services import signature_policies


@admin.register(Adjustment)
class AdjustmentAdmin(ReadOnlyAdmin):
    """What was proposed, what it does and undoes, and who signed it."""

    reach = "pipeline"
    stream = "adjustment"
    list_display = ("id", "pipeline", "kind", "state", "risk", "author", "created_at")
    list_select_related = ("pipeline", "author")
    unlisted = ("before", "after", "steps", "inverse", "approving_roles")
    date_hierarchy = "created_at"
    ordering = ("-created_at", "-id")
    ids = ("id",)
    words = ("digest",)
    search_help_text = "The id or the whole digest of a change."
    fields = (
        ("pipeline", "kind", "state"),
        ("author", "risk", "revision"),
        "page",
        "summary",
        ("created_at", "submitted_at"),
        "digest_shown",
        "steps_shown",
        "inverse_shown",
        "evidence_shown",
        "signatures_shown",
        ("approvals_needed", "validations_needed"),
        "superseded_by",
        "activations",
        "ledger",
    )

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Return the filters, each offering only pipelines within reach."""
        return ("state", "kind", PipelineFilter)

    @admin.display(description=gettext_lazy("Page of the change"))
    def page(self, row: Adjustment) -> SafeString:
        """Link to the page on which it is signed, activated and rolled back."""
        return format_html('<a href="{}">{}</a>', reverse("change", args=[row.pk]), row.pk)

    @admin.display(description=gettext_lazy("Summary"))
    def summary(self, row: Adjustment) -> str:
        """Return what its author says of it."""
        return adjustments.revision_of(row).summary

    @admin.display(description=gettext_lazy("What is signed (SHA-256)"))
    def digest_shown(self, row: Adjustment) -> SafeString:
        """Return the whole digest."""
        return rendering.as_code(row.digest)

    @admin.display(description=gettext_lazy("What it changes"))
    def steps_shown(self, row: Adjustment) -> SafeString:
        """Return the steps, path by path."""
        return rendering.as_changes(row.steps)

    @admin.display(description=gettext_lazy("How it is taken back"))
    def inverse_shown(self, row: Adjustment) -> SafeString:
        """Return the inverse, path by path."""
        return rendering.as_changes(row.inverse)

    @admin.display(description=gettext_lazy("Evidence"))
    def evidence_shown(self, row: Adjustment) -> SafeString:
        """Return the evidence with the digests of what it refers to."""
        revision = adjustments.revision_of(row)
        return rendering.as_json({"evidence": revision.evidence, "bound": revision.bound})

    @admin.display(description=gettext_lazy("Signatures"))
    def signatures_shown(self, row: Adjustment) -> SafeString:
        """Return name, time and meaning of each signature, and whether it holds."""
        return format_html_join(
            SafeString("<br>"),
            "{}, {}, {} ({})",
            (
                (each.printed_name, rendering_time(each), each.get_meaning_display(),
                 "valid" if bindings.holds(each, row) else "INVALID")
                for each in row.signatures.order_by("at")
            ),
        )  # fmt: skip

    @admin.display(description=gettext_lazy("In force"))
    def activations(self, row: Adjustment) -> SafeString:
        """Link to when it came into force and was rolled back."""
        return rendering.list_link(AdjustmentActivation, "Activations", adjustment=row.pk)


def rendering_time(row: Signature) -> str:
    """Return when something was signed, in UTC."""
    return f"{row.at:%Y-%m-%d %H:%M:%S} UTC"


@admin.register(AdjustmentActivation)
class AdjustmentActivationAdmin(ReadOnlyAdmin):
    """When which change came into force and was rolled back."""

    reach = "pipeline"
    list_display = ("at", "pipeline", "number", "act", "adjustment", "actor", "reason")
    list_select_related = ("pipeline", "adjustment", "actor")
    unlisted = (
        "model_before", "model", "adjustment__before", "adjustment__after", "adjustment__steps",
        "adjustment__inverse", "adjustment__approving_roles",
    )  # fmt: skip
    date_hierarchy = "at"
    ordering = ("-at", "-id")
    lookups = ("adjustment",)
    fields = (
        ("pipeline", "number", "act"),
        "adjustment",
        ("actor", "at"),
        "reason",
        ("config_before", "config"),
        ("model_before", "model"),
        "digest_before",
        "digest",
    )

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Return the filters, each offering only pipelines within reach."""
        return ("act", PipelineFilter)


@admin.register(Stop)
class StopAdmin(ReadOnlyAdmin):
    """When approving unseen was stopped, by whom, and who agreed to resume."""

    reach = "pipeline"
    stream = "stop"
    list_display = (
        "effective_at", "pipeline", "tier", "model_name", "model_version", "actor", "reason",
    )  # fmt: skip
    list_select_related = ("pipeline", "actor")
    date_hierarchy = "effective_at"
    ordering = ("-effective_at", "-id")
    ids = ("id",)
    search_help_text = "The id of a stop."
    fields = (
        ("pipeline", "tier"),
        ("model_name", "model_version"),
        ("actor", "effective_at"),
        "reason",
        "resumed",
        "ledger",
    )

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Return the filters, each offering only pipelines within reach."""
        return (PipelineFilter,)

    @admin.display(description=gettext_lazy("Agreed to resume"))
    def resumed(self, row: Stop) -> SafeString:
        """Return who agreed to resume, and why."""
        agreed = row.resumptions.select_related("actor").order_by("position")
        return format_html_join(
            SafeString("<br>"), "{}: {}", ((each.actor.username, each.reason) for each in agreed)
        )


class SignaturePolicyForm(ReasonForm):
    """A policy; roles are words with commas."""

    roles = WordsField(
        required=False,
        label=gettext_lazy("Roles that may approve"),
        help_text=gettext_lazy("With commas between them; empty: all who may sign."),
    )

    class Meta:
        model = SignaturePolicy
        fields = ("pipeline", "risk", "approvals", "validations", "roles", "assessed")


@admin.register(SignaturePolicy)
class SignaturePolicyAdmin(ConfigurationAdmin):
    """Which signatures the changes of a pipeline take, by risk."""

    form = SignaturePolicyForm
    reach = "pipeline"
    list_display = ("pipeline", "risk", "approvals", "validations", "assessed")
    list_select_related = ("pipeline",)
    ordering = ("pipeline__slug", "risk")
    fields = ("pipeline", "risk", ("approvals", "validations"), "roles", "assessed")
    read_fields = ("pipeline", "risk", ("approvals", "validations"), "roles", "assessed")

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Return the filters, each offering only pipelines within reach."""
        return (PipelineFilter,)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep a policy at its pipeline and risk."""
        if not administers(request):
            return super().get_readonly_fields(request, obj)
        return ("pipeline", "risk") if obj else ()

    def write(self, request: HttpRequest, form: Any, formsets: Any) -> None:
        """Write the policy through its service."""
        said = form.cleaned_data
        row = signature_policies.set_policy(
            pipeline=said.get("pipeline") or form.instance.pipeline,
            risk=said.get("risk") or form.instance.risk,
            approvals=said["approvals"],
            validations=said["validations"],
            roles=said["roles"],
            assessed=said["assessed"],
            actor=acting(request),
            reason=said["reason"],
            now=now(),
        )
        form.instance.pk = row.pk
