"""Tokens: made and shown once, read, revoked."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse

from governance.admin import rendering
from governance.admin.base import ReadOnlyAdmin, acting, administers
from governance.admin.configuration import Acts, posted
from governance.admin.forms import ActForm, now
from governance.domain.principal import Principal
from governance.enums import Scope
from governance.exceptions import DomainError
from governance.models import ApiToken, Pipeline, User
from governance.selectors import audit
from governance.services import tokens


class TokenForm(ActForm):
    """What a token may do, where, for how long."""

    user = forms.ModelChoiceField(User.objects.filter(is_active=True).order_by("username"))
    name = forms.CharField(max_length=120, required=False, help_text="What it is used for.")
    scopes = forms.MultipleChoiceField(choices=Scope.choices, widget=forms.CheckboxSelectMultiple)
    pipelines = forms.ModelMultipleChoiceField(
        Pipeline.objects.order_by("slug"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None: all that the user is a member of.",
    )
    days = forms.IntegerField(
        min_value=1, max_value=tokens.MAX_DAYS, initial=90, help_text="After so many it expires."
    )
    field_order = ("user", "name", "scopes", "pipelines", "days", "reason")


@admin.register(ApiToken)
class ApiTokenAdmin(Acts, ReadOnlyAdmin):
    """Keys of users; only their digests are stored, and not even those are shown."""

    change_form_template = "admin/configuration/change_form.html"
    stream = "token"
    list_display = (
        "start", "user", "name", "scopes_shown", "created_at", "expires_at", "revoked_at",
        "last_used_at",
    )  # fmt: skip
    list_select_related = ("user",)
    ordering = ("-created_at", "-id")
    ids = ("id",)
    words = ("start", "user__username")
    search_help_text = "How a token begins (ten characters), its id, or a username."
    fields = (
        ("user", "name"), "start", "scopes_shown", "pipelines_shown", ("created_at", "created_by"),
        "expires_at", "revoked_at", "last_used_at", "ledger",
    )  # fmt: skip

    def readable(self, rows: "QuerySet[Any]", principal: Principal) -> "QuerySet[Any]":
        """Return the tokens of people within reach."""
        return audit.tokens(principal, rows)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether an administrator asks."""
        return administers(request)

    def get_urls(self) -> Any:
        """Return the addresses, with that of the page that revokes."""
        own = path(
            "<path:object_id>/revoke/",
            self.admin_site.admin_view(self.revoke_view),
            name="governance_apitoken_revoke",
        )
        return [own, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Show the token with a way to revoke it."""
        link = reverse("admin:governance_apitoken_revoke", args=[object_id])
        tools = [{"link": link, "title": "Revoke"}] if administers(request) else []
        shown = {"tools": tools, "no_history": True}
        return super().change_view(request, object_id, form_url, shown | (extra_context or {}))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Make a token and show it once."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = TokenForm(posted(request))
        made = self._made(request, form) if form.is_valid() else None
        if made is None:
            return self.act_page(request, None, form, title="New token", label="Make the token")
        row, token = made
        return self.shown_once(
            request, row, title="New token", secret=token,
            lead=f"The token of {row.user}, until {row.expires_at:%Y-%m-%d}:",
        )  # fmt: skip

    def _made(self, request: HttpRequest, form: forms.Form) -> tuple[ApiToken, str] | None:
        said = form.cleaned_data
        try:
            return tokens.create(
                user=said["user"],
                name=said["name"],
                scopes=said["scopes"],
                pipelines=[pipeline.slug for pipeline in said["pipelines"]],
                days=said["days"],
                actor=acting(request),
                reason=said["reason"],
                now=now(),
            )
        except DomainError as refusal:
            form.add_error(None, refusal.detail)
            return None

    def revoke_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask why, then end a token at once."""
        if not administers(request):
            raise PermissionDenied
        row = self.found(request, object_id)
        form = ActForm(posted(request))
        if form.is_valid():
            tokens.revoke(
                token_id=str(row.pk),
                actor=acting(request),
                reason=form.cleaned_data["reason"],
                now=now(),
            )
            messages.success(request, f"{row} is revoked.")
            return HttpResponseRedirect(self.row_address(row))
        return self.act_page(
            request, row, form, title=f"Revoke {row}", label="Revoke", danger=True,
            lead="Whatever uses it is refused from now on; it cannot be brought back.",
        )  # fmt: skip

    @admin.display(description="Scopes")
    def scopes_shown(self, row: ApiToken) -> str:
        """Return the scopes."""
        return ", ".join(row.scopes)

    @admin.display(description="Pipelines")
    def pipelines_shown(self, row: ApiToken) -> str:
        """Return the pipelines it is cut to."""
        if row.all_pipelines:
            return "all that its user is a member of"
        slugs = row.pipelines.order_by("slug").values_list("slug", flat=True)
        return ", ".join(slugs) or rendering.NOTHING
