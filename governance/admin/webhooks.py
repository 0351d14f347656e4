"""Webhooks: who is told of what, and what became of each message."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.admin import rendering
from governance.admin.base import ReadOnlyAdmin, ReadOnlyInline, acting, administers, principal_of
from governance.admin.configuration import Acts, posted
from governance.admin.filters import of_pipeline
from governance.admin.forms import now
from governance.domain import webhooks as form_of
from governance.domain.principal import Principal
from governance.enums import WebhookState
from governance.models import Pipeline, WebhookAttempt, WebhookEndpoint, WebhookMessage
from governance.selectors import webhooks as selector
from governance.services import webhooks


class WebhookForm(forms.Form):
    """Where to, what of, and from which pipeline."""

    url = forms.CharField(
        max_length=500, label=gettext_lazy("Address"), help_text="https://…",
        widget=forms.TextInput(attrs={"size": 60}),
    )  # fmt: skip
    pipeline = forms.ModelChoiceField(
        Pipeline.objects.order_by("slug"), required=False,
        help_text=gettext_lazy("None: all of them."),
    )  # fmt: skip
    events = forms.MultipleChoiceField(
        choices=[(kind, kind) for kind in form_of.KINDS], required=False,
        widget=forms.CheckboxSelectMultiple, help_text=gettext_lazy("None: all of them."),
    )  # fmt: skip
    description = forms.CharField(max_length=200, required=False)


class AskForm(forms.Form):
    """Nothing but the button."""


ACTS = {
    "test": (gettext_lazy("Send a test"), gettext_lazy("It is sent within seconds.")),
    "rotate": (
        gettext_lazy("New secret"),
        gettext_lazy("It is shown once; for a day the former one signs as well."),
    ),
    "pause": (
        gettext_lazy("Pause"), gettext_lazy("What it misses is kept, and sent when it goes on."),
    ),
    "resume": (gettext_lazy("Go on"), gettext_lazy("What was kept is sent now.")),
    "remove": (gettext_lazy("Remove"), gettext_lazy("It is told nothing more.")),
}  # fmt: skip


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(Acts, ReadOnlyAdmin):
    """Addresses of other systems that are told of events."""

    change_form_template = "admin/configuration/change_form.html"
    stream = "webhook"
    list_display = (
        "__str__", "pipeline", "events_shown", "state", "failing_since", "created_at",
    )  # fmt: skip
    list_select_related = ("pipeline",)
    list_filter = (of_pipeline("pipeline"), "state")
    ordering = ("-created_at", "-id")
    ids = ("id",)
    search_help_text = gettext_lazy("The id of a webhook.")
    fields = (
        "url", "description", ("pipeline", "events_shown"), ("state", "failing_since"),
        ("created_by", "created_at"), "former_until", "ledger", "id",
    )  # fmt: skip

    def readable(self, rows: "QuerySet[Any]", principal: Principal) -> "QuerySet[Any]":
        """Return the endpoints within reach."""
        return super().readable(rows, principal) if principal.pipelines is None else rows.filter(
            pipeline__in=principal.pipelines
        )  # fmt: skip

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether an administrator asks."""
        return administers(request)

    def get_urls(self) -> Any:
        """Return the addresses, with those of the acts."""
        own = [
            path(
                f"<path:object_id>/{act}/",
                self.admin_site.admin_view(self.act_view),
                {"act": act},
                name=f"governance_webhookendpoint_{act}",
            )
            for act in ACTS
        ]
        return [*own, *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Add an endpoint and show its secret once."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = WebhookForm(posted(request))
        made = self._made(request, form) if form.is_valid() else None
        if made is None:
            return self.act_page(
                request, None, form, title=_("New webhook"), label=_("Add it"),
                lead=_("It is told of what happens from now on: ids and states, no content."),
            )  # fmt: skip
        row, secret = made
        return self.shown_once(
            request, row, title=_("New webhook"), secret=secret,
            lead=_("The secret by which its receiver knows what comes from here:"),
        )  # fmt: skip

    def _made(self, request: HttpRequest, form: forms.Form) -> tuple[WebhookEndpoint, str] | None:
        said = form.cleaned_data
        return self.tried(
            form,
            lambda: webhooks.create(
                principal=principal_of(request), actor=acting(request), url=said["url"],
                pipeline=said["pipeline"].slug if said["pipeline"] else None,
                events=said["events"], description=said["description"], now=now(),
            ),
        )  # fmt: skip

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Show the endpoint with ways to what may be done with it."""
        row = self.found(request, object_id)
        tools = [
            {
                "link": reverse(f"admin:governance_webhookendpoint_{act}", args=[row.pk]),
                "title": ACTS[act][0],
            }
            for act in (_possible(row) if administers(request) else ())
        ]
        shown = {"tools": tools, "no_history": True}
        return super().change_view(request, object_id, form_url, shown | (extra_context or {}))

    def act_view(self, request: HttpRequest, object_id: str, act: str) -> HttpResponse:
        """Ask once more, then do it."""
        if not administers(request):
            raise PermissionDenied
        row, form = self.found(request, object_id), AskForm(posted(request))
        title, lead = ACTS[act]
        done = self.tried(form, lambda: self._done(request, row, act)) if form.is_valid() else None
        if done is None:
            return self.act_page(
                request, row, form, title=str(title), label=str(title), lead=lead,
                danger=act == "remove",
            )  # fmt: skip
        if act == "rotate":
            return self.shown_once(
                request, row, title=str(title), secret=done[1], lead=_("The new secret:")
            )
        messages.success(request, _("It is done."))
        return HttpResponseRedirect(self.row_address(row))

    def _done(self, request: HttpRequest, row: WebhookEndpoint, act: str) -> Any:
        who: dict[str, Any] = {
            "principal": principal_of(request), "actor": acting(request), "endpoint_id": row.pk,
            "now": now(),
        }  # fmt: skip
        if act in ("pause", "resume"):
            state = WebhookState.PAUSED if act == "pause" else WebhookState.ACTIVE
            return webhooks.change(changes={"state": state}, **who)
        return {"test": webhooks.test, "rotate": webhooks.rotate, "remove": webhooks.remove}[act](
            **who
        )

    @admin.display(description=gettext_lazy("Events"))
    def events_shown(self, row: WebhookEndpoint) -> str:
        """Return what it listens to."""
        return ", ".join(row.events) or _("all")


def _possible(row: WebhookEndpoint) -> list[str]:
    if row.state == WebhookState.REMOVED:
        return []
    turn = "pause" if row.state == WebhookState.ACTIVE else "resume"
    return ["test", "rotate", turn, "remove"]


class AttemptInline(ReadOnlyInline):
    """Each try."""

    model = WebhookAttempt
    fields = ("at", "status", "fault", "seconds")
    ordering = ("at", "id")


@admin.register(WebhookMessage)
class WebhookMessageAdmin(ReadOnlyAdmin):
    """Messages to other systems, kept for 30 days."""

    list_display = (
        "kind", "endpoint", "created_at", "delivered_at", "given_up_at", "attempts",
        "acknowledge_by", "acknowledged_at",
    )  # fmt: skip
    list_select_related = ("endpoint",)
    list_filter = (of_pipeline("endpoint__pipeline"), "kind")
    ordering = ("-created_at", "-id")
    ids = ("id",)
    words = ("message",)
    search_help_text = gettext_lazy("The id of a message.")
    inlines = (AttemptInline,)
    fields = (
        ("endpoint", "kind"), "message", "body_shown", ("created_at", "next_at"),
        ("delivered_at", "given_up_at"), ("attempts", "failures"),
        ("acknowledge_by", "acknowledged_at", "alarmed_at"), "id",
    )  # fmt: skip

    def readable(self, rows: "QuerySet[Any]", principal: Principal) -> "QuerySet[Any]":
        """Return the messages to endpoints within reach."""
        return rows.filter(endpoint__in=selector.visible(principal))

    @admin.display(description=gettext_lazy("Body"))
    def body_shown(self, row: WebhookMessage) -> Any:
        """Return what is sent."""
        return rendering.as_text(bytes(row.body).decode())
