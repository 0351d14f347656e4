"""What pages of configuration have in common: a reason for each change, and a history to read."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import flatten, unquote
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from governance.admin import history
from governance.admin.base import GuardedAdmin, ReadAccess, acting, administers
from governance.admin.forms import ActForm, PrettyJSONField, ReasonForm, now
from governance.exceptions import DomainError
from governance.services import configuration

if TYPE_CHECKING:
    Tabular = admin.TabularInline[Any, Any]
    Stacked = admin.StackedInline[Any, Any]
else:
    Tabular, Stacked = admin.TabularInline, admin.StackedInline

T = TypeVar("T")


def posted(request: HttpRequest) -> Any:
    """Return what a form was sent, even if nothing; None while it is only shown."""
    return request.POST if request.method == "POST" else None


WHY = ("Why", {"fields": ("reason",), "classes": ("why",)})


class Acts(GuardedAdmin):
    """A page some of whose acts have pages of their own."""

    def found(self, request: HttpRequest, object_id: str) -> Any:
        """Return the row at an address, or raise Http404 where it is not within reach."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        return row

    def act_page(
        self, request: HttpRequest, row: Any, form: forms.Form, *, title: str, **context: Any
    ) -> TemplateResponse:
        """Return the page that asks for what one act needs."""
        return TemplateResponse(
            request,
            "admin/configuration/act.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts, "original": row, "form": form, "title": title,
                "media": self.media, **context,
            },
        )  # fmt: skip

    def tried(self, form: forms.Form, act: Callable[[], T]) -> T | None:
        """Return what an act gives; where it is refused the form says why, and None comes back."""
        try:
            return act()
        except DomainError as refusal:
            form.add_error(None, refusal.detail)
            return None

    def list_address(self) -> str:
        """Return the address of the list."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def row_address(self, row: models.Model) -> str:
        """Return the address of a row's page."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])

    def shown_once(
        self, request: HttpRequest, row: Any, *, title: str, lead: str, secret: str
    ) -> TemplateResponse:
        """Return the page that shows a secret the only time."""
        return TemplateResponse(
            request,
            "admin/configuration/shown_once.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts, "original": row, "title": title, "lead": lead,
                "secret": secret, "done": self.row_address(row), "media": self.media,
            },
        )  # fmt: skip


class ConfigurationAdmin(Acts):
    """A page that administrators change and auditors read.

    Subclasses write in `write` and, where `removable`, in `remove`, through a service; the page
    itself saves nothing. `parts` are the models whose rows belong to a row, with the field that
    points at it: their changes are told in its history. `read_fields` are what auditors see, where
    it is not what the form shows.
    """

    form = ReasonForm
    # What a field was is read from the row, never from the form, which anybody can send.
    formfield_overrides = {
        models.JSONField: {"form_class": PrettyJSONField, "show_hidden_initial": False}
    }
    change_form_template = "admin/configuration/change_form.html"
    removable: ClassVar[bool] = False
    parts: ClassVar[Mapping[type[models.Model], str]] = {}
    read_fields: ClassVar[tuple[Any, ...]] = ()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether an administrator asks."""
        return administers(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether an administrator asks."""
        return administers(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether an administrator asks, of something that can be taken away at all."""
        return self.removable and administers(request)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the fieldsets, with the reason last for whoever may change something."""
        if self.read_fields and not administers(request):
            return [(None, {"fields": self.read_fields})]
        shown = [entry for entry in super().get_fieldsets(request, obj) if entry[0] != WHY[0]]
        return [*shown, WHY] if administers(request) else shown

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return what is shown as text: for auditors, all of it."""
        if self.read_fields and not administers(request):
            return flatten(self.read_fields)
        return super().get_readonly_fields(request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Wait for the parts: they are one act with the row."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """Write the row and its parts as one act."""
        self.write(request, form, formsets)

    def write(self, request: HttpRequest, form: Any, formsets: Any) -> None:
        """Write what the form says, through a service."""
        raise NotImplementedError

    def remove(self, request: HttpRequest, row: Any, reason: str) -> None:
        """Take a row away, through a service."""
        raise NotImplementedError

    def in_the_way(self, row: Any) -> list[str]:
        """Return what refers to a row and so keeps it from being taken away, in words."""
        return []

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show or take the form; what a service refuses is told in its own words."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except DomainError as refusal:
            messages.error(request, refusal.detail)
            return HttpResponseRedirect(request.get_full_path())

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask why, then take the row away."""
        row = self.found(request, object_id)
        if not self.has_delete_permission(request, row):
            raise PermissionDenied
        form = ActForm(posted(request))
        if form.is_valid():
            try:
                self.remove(request, row, form.cleaned_data["reason"])
            except DomainError as refusal:
                form.add_error(None, refusal.detail)
            else:
                messages.success(request, f"{row} is gone; its history stays.")
                return HttpResponseRedirect(self.list_address())
        return self.act_page(
            request, row, form, title=f"Delete {row}", label="Delete", danger=True,
            lead="The row goes; its history, published versions and ledger events stay.",
            blocks=self.in_the_way(row),
        )  # fmt: skip

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show each change of a row and its parts, or two of their versions side by side."""
        row = self.found(request, object_id)
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request, row):
            raise PermissionDenied
        return history.page(self, request, row, self.parts)


class DocumentAdmin(ConfigurationAdmin):
    """A page whose form stands for a document; it is written as the document would be."""

    def write(self, request: HttpRequest, form: Any, formsets: Any) -> None:
        """Apply the document."""
        configuration.apply(
            sources=[{"kind": form.kind, **form.source()}],
            actor=acting(request),
            reason=form.cleaned_data["reason"],
            now=now(),
        )
        form.instance.pk = self.model._default_manager.get(**form.key()).pk


class _Part(ReadAccess):
    """Rows on the page of what they belong to: administrators change them, auditors read them."""

    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether an administrator asks."""
        return administers(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether an administrator asks."""
        return administers(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether an administrator asks."""
        return administers(request)


class TabularPart(_Part, Tabular):
    """Parts as the rows of a table."""


class StackedPart(_Part, Stacked):
    """Parts one below the other."""
