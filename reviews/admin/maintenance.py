"""Declared maintenance: when it was and why, with what begins and ends it."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.admin import rendering
from governance.admin.base import ReadOnlyAdmin, acting, principal_of
from governance.admin.configuration import Acts, posted
from governance.admin.forms import ActForm
from governance.exceptions import DomainError
from governance.models import User
from governance.selectors import clock
from reviews.models import Maintenance
from reviews.selectors import standstills
from reviews.services import maintenance


@admin.register(Maintenance)
class MaintenanceAdmin(Acts, ReadOnlyAdmin):
    """The times for which all clocks stood still; one may go on."""

    change_list_template = "admin/reviews/maintenance/change_list.html"
    stream = "maintenance"
    list_display = ("began_at", "ended_at_shown", "reason", "began_by_shown", "ended_by_shown")
    list_select_related = ("began_by", "ended_by")
    ordering = ("-began_at", "-id")
    ids = ("id",)
    search_help_text = gettext_lazy("The id of a maintenance.")
    fields = (
        "reason", ("began_at", "began_by_shown"), ("ended_at_shown", "ended_by_shown"), "ledger",
        "id",
    )  # fmt: skip

    def get_urls(self) -> Any:
        """Return the addresses, with those of the pages that begin and end."""
        acts: tuple[tuple[str, Callable[..., HttpResponse]], ...] = (
            ("begin", self.begin_view),
            ("end", self.end_view),
        )
        own = [
            path(f"{name}/", self.admin_site.admin_view(view), name=f"reviews_maintenance_{name}")
            for name, view in acts
        ]
        return [*own, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list; who may is offered to begin one, or to end the one that goes on."""
        shown = {
            "may": maintenance.may(principal_of(request)),
            "goes_on": standstills.current() is not None,
        }
        return super().changelist_view(request, shown | (extra_context or {}))

    def begin_view(self, request: HttpRequest) -> HttpResponse:
        """Ask why, then declare that the system is in maintenance."""
        form = ActForm(posted(request))
        return self._act_view(
            request, form, self._begin, done=_("Clocks stand still from now on."),
            title=_("Begin maintenance"), label=_("Begin"),
            lead=_(
                "All clocks stand still from now until it ends: nothing is late, nobody is warned, "
                "and nothing escalates. Items stay where they are, and may be worked on."
            ),
        )  # fmt: skip

    def end_view(self, request: HttpRequest) -> HttpResponse:
        """Ask once more, then end the maintenance."""
        form = forms.Form(posted(request))
        return self._act_view(
            request, form, self._end, done=_("Clocks run on from now."),
            title=_("End maintenance"), label=_("End"),
            lead=_("All clocks run on from now, but for those that people have paused."),
        )  # fmt: skip

    def _begin(self, request: HttpRequest, form: forms.Form) -> None:
        maintenance.begin(
            principal=principal_of(request),
            actor=acting(request),
            reason=form.cleaned_data["reason"],
            now=clock.now,
        )

    def _end(self, request: HttpRequest, form: forms.Form) -> None:
        maintenance.end(principal=principal_of(request), actor=acting(request), now=clock.now)

    def _act_view(
        self, request: HttpRequest, form: forms.Form, act: Callable[..., None], *, done: str,
        **page: Any,
    ) -> HttpResponse:  # fmt: skip
        if not maintenance.may(principal_of(request)):
            raise PermissionDenied
        if form.is_valid():
            try:
                act(request, form)
            except DomainError as refusal:
                form.add_error(None, refusal.detail)
            else:
                messages.success(request, done)
                return HttpResponseRedirect(self.list_address())
        return self.act_page(request, None, form, **page)

    @admin.display(description=gettext_lazy("Ended at"))
    def ended_at_shown(self, row: Maintenance) -> Any:
        """Return when it ended."""
        return row.ended_at or _("goes on")

    @admin.display(description=gettext_lazy("Begun by"))
    def began_by_shown(self, row: Maintenance) -> SafeString | str:
        """Return who declared it."""
        return _who(row.began_by)

    @admin.display(description=gettext_lazy("Ended by"))
    def ended_by_shown(self, row: Maintenance) -> SafeString | str:
        """Return who ended it."""
        return _who(row.ended_by) if row.ended_at else rendering.NOTHING


def _who(person: User | None) -> str:
    return person.username if person else _("the server's console")
