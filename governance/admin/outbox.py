"""The outbox: what waits, what runs, and what failed so often that a person must act."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.admin import rendering
from governance.admin.base import ReadOnlyAdmin, acting, administers
from governance.admin.configuration import Acts, posted
from governance.admin.forms import ActForm
from governance.exceptions import DomainError
from governance.models import OutboxMessage, User
from governance.selectors import clock, outbox
from governance.selectors.outbox import State
from governance.services import dispatch


class StateFilter(admin.SimpleListFilter):
    """Where a message is."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """Return the states."""
        return State.choices

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """Return the messages in the chosen state."""
        chosen = self.value()
        if not chosen:
            return queryset
        if chosen not in State.values:
            return queryset.none()
        return outbox.in_state(queryset, State(chosen), now=clock.now())


class Act(Protocol):
    """What is done with one dead message."""

    def __call__(
        self, *, message_id: str, actor: User | None, reason: str, now: datetime
    ) -> OutboxMessage:
        """Do it."""


@admin.register(OutboxMessage)
class OutboxMessageAdmin(Acts, ReadOnlyAdmin):
    """Promises of work: what was promised, how often it was tried, and what went wrong."""

    change_form_template = "admin/configuration/change_form.html"
    stream = "outbox"
    list_display = ("task", "state", "attempts", "next_at_shown", "age", "went_wrong")
    list_filter = (StateFilter,)
    ordering = ("-id",)
    ids = ("id",)
    words = ("dedupe",)
    unlisted = ("arguments",)
    search_help_text = gettext_lazy("The id of a message, or its whole dedupe key.")
    fields = (
        ("task", "state", "attempts"),
        ("created_at", "age"),
        ("started_at", "next_at_shown"),
        ("done_at", "dead_at", "discarded_at"),
        "dedupe",
        "arguments_shown",
        "error_shown",
        "ledger",
        "id",
    )

    def get_urls(self) -> Any:
        """Return the addresses, with those of the pages that retry and discard."""
        acts: tuple[tuple[str, Callable[..., HttpResponse]], ...] = (
            ("retry", self.retry_view),
            ("discard", self.discard_view),
        )
        own = [
            path(
                f"<path:object_id>/{name}/",
                self.admin_site.admin_view(view),
                name=f"governance_outboxmessage_{name}",
            )
            for name, view in acts
        ]
        return [*own, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Show the message; administrators are offered what can be done about a dead one."""
        row = self.found(request, object_id)
        tools = []
        if administers(request) and outbox.state_of(row, now=clock.now()) == State.DEAD:
            tools = [
                {"link": self._address("retry", row), "title": _("Retry")},
                {"link": self._address("discard", row), "title": _("Discard")},
            ]
        shown = {"tools": tools, "no_history": True}
        return super().change_view(request, object_id, form_url, shown | (extra_context or {}))

    def _address(self, name: str, row: OutboxMessage) -> str:
        return reverse(f"admin:governance_outboxmessage_{name}", args=[row.pk])

    def retry_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask why, then let a dead message be tried again."""
        return self._act_view(
            request, object_id, dispatch.retry, done=_("It is tried again."),
            title=_("Retry"), label=_("Retry"),
            lead=_("It is tried again as often as a new one. Mend first what made it fail."),
        )  # fmt: skip

    def discard_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask why, then give a dead message up."""
        return self._act_view(
            request, object_id, dispatch.discard, done=_("It is discarded."),
            title=_("Discard"), label=_("Discard"), danger=True,
            lead=_("What was promised is never done. The message stays here, marked as discarded."),
        )  # fmt: skip

    def _act_view(
        self, request: HttpRequest, object_id: str, act: Act, *, done: str, **page: Any
    ) -> HttpResponse:
        if not administers(request):
            raise PermissionDenied
        row = self.found(request, object_id)
        form = ActForm(posted(request))
        if form.is_valid() and self._acted(request, row, act, form):
            messages.success(request, done)
            return HttpResponseRedirect(self.row_address(row))
        return self.act_page(request, row, form, **page)

    def _acted(self, request: HttpRequest, row: OutboxMessage, act: Act, form: forms.Form) -> bool:
        try:
            act(
                message_id=str(row.pk),
                actor=acting(request),
                reason=form.cleaned_data["reason"],
                now=clock.now(),
            )
        except DomainError as refusal:
            form.add_error(None, refusal.detail)
            return False
        return True

    @admin.display(description=gettext_lazy("State"))
    def state(self, row: OutboxMessage) -> str:
        """Return where it is."""
        return str(outbox.state_of(row, now=clock.now()).label)

    @admin.display(description=gettext_lazy("Next attempt"))
    def next_at_shown(self, row: OutboxMessage) -> datetime | str:
        """Return when it is tried next, or, while it runs, when it may be taken from its runner."""
        return rendering.NOTHING if row.done_at or row.dead_at else row.next_at

    @admin.display(description=gettext_lazy("Age"))
    def age(self, row: OutboxMessage) -> str:
        """Return how long ago it was promised."""
        return timesince(row.created_at, clock.now())

    @admin.display(description=gettext_lazy("Last error"))
    def went_wrong(self, row: OutboxMessage) -> str:
        """Return the last line of what went wrong."""
        lines = row.last_error.strip().splitlines()
        return rendering.short(lines[-1]) if lines else rendering.NOTHING

    @admin.display(description=gettext_lazy("Arguments"))
    def arguments_shown(self, row: OutboxMessage) -> SafeString:
        """Return the ids that the task takes."""
        return rendering.as_json(row.arguments)

    @admin.display(description=gettext_lazy("Last error"))
    def error_shown(self, row: OutboxMessage) -> SafeString:
        """Return the traceback of the last attempt that failed."""
        return rendering.as_lines(row.last_error)
