"""Requests for erasure: asked for by one person, executed by another who has seen the plan."""

from typing import Any

from django import forms
from django.apps import apps
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from feedback.services import erasures
from governance.admin import rendering
from governance.admin.base import ReadOnlyAdmin, acting, principal_of
from governance.admin.configuration import Acts, posted
from governance.admin.forms import ActForm, now
from governance.admin.privacy import complies, pipelines_of
from governance.domain.principal import Principal
from governance.enums import ErasureState
from governance.models import ErasureRequest, Pipeline
from governance.selectors import erasures as selector
from governance.services import subjects


class ErasureForm(ActForm):
    """Whose data is to be erased."""

    subject = forms.CharField(
        max_length=200, help_text=gettext_lazy("As predictions name the person.")
    )
    pipeline = forms.ModelChoiceField(
        Pipeline.objects.none(), required=False, to_field_name="slug",
        help_text=gettext_lazy("None: everywhere, and the person's key with it."),
    )  # fmt: skip
    field_order = ("subject", "pipeline", "reason")


@admin.register(ErasureRequest)
class ErasureRequestAdmin(Acts, ReadOnlyAdmin):
    """Requests for erasure."""

    change_form_template = "admin/configuration/change_form.html"
    stream = "erasure"
    list_display = ("requested_at", "state", "person", "pipeline", "requested_by", "ended_by")
    list_filter = ("state",)
    list_select_related = ("subject", "pipeline", "requested_by", "ended_by")
    unlisted = ("plan", "outcome")
    ordering = ("-id",)
    ids = ("id",)
    search_help_text = gettext_lazy("The id of a request.")
    fields = (
        ("state", "person", "pipeline"), "reason", ("requested_by", "requested_at"),
        ("ended_by", "ended_at"), "plan_shown", "outcome_shown", "ledger", "id",
    )  # fmt: skip

    def readable(self, rows: "QuerySet[Any]", principal: Principal) -> "QuerySet[Any]":
        """Return the requests within reach."""
        return rows.filter(pk__in=selector.visible(principal).values("pk"))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether compliance asks."""
        return complies(request)

    def get_urls(self) -> Any:
        """Return the addresses, with those of the pages that execute and reject."""
        own = [
            path(
                f"<path:object_id>/{name}/",
                self.admin_site.admin_view(view),
                name=f"governance_erasurerequest_{name}",
            )
            for name, view in (("execute", self.execute_view), ("reject", self.reject_view))
        ]
        return [*own, *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Ask for an erasure."""
        if not complies(request):
            raise PermissionDenied
        form = ErasureForm(posted(request))
        form.fields["pipeline"].queryset = pipelines_of(request)  # type: ignore[attr-defined]
        if form.is_valid() and (row := self._requested(request, form)):
            messages.success(request, _("It is asked for; somebody else executes it."))
            return HttpResponseRedirect(self._address("execute", row))
        return self.act_page(
            request, None, form, title=_("Ask for an erasure"), label=_("Show the plan"),
            lead=_("Nothing is erased yet: the plan is shown next, and somebody else executes it."),
        )  # fmt: skip

    def _requested(self, request: HttpRequest, form: forms.Form) -> ErasureRequest | None:
        said = form.cleaned_data
        return self.tried(
            form,
            lambda: erasures.request(
                principal=principal_of(request), actor=acting(request), subject=said["subject"],
                pipeline=said["pipeline"].slug if said["pipeline"] else "",
                reason=said["reason"], now=now(),
            ),
        )  # fmt: skip

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Show the request; while it is open, with what can be done about it."""
        row = self.found(request, object_id)
        tools = []
        if complies(request) and row.state == ErasureState.REQUESTED:
            tools = [
                {"link": self._address("execute", row), "title": _("Plan and execution")},
                {"link": self._address("reject", row), "title": _("Reject")},
            ]
        shown = {"tools": tools, "no_history": True}
        return super().change_view(request, object_id, form_url, shown | (extra_context or {}))

    def _address(self, name: str, row: ErasureRequest) -> str:
        return reverse(f"admin:governance_erasurerequest_{name}", args=[row.pk])

    def execute_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what goes, what stays and why, then erase."""
        if not complies(request):
            raise PermissionDenied
        row, form = self.found(request, object_id), forms.Form(posted(request))
        if form.is_valid() and self._done(request, row, form):
            messages.success(request, _("It is erased."))
            return HttpResponseRedirect(self.row_address(row))
        plan = erasures.plan(row)
        own = row.requested_by_id == acting(request).pk
        page = self.act_page(
            request, row, form, title=_("Plan of the erasure"), label=_("Erase"), danger=True,
            lead=_("It cannot be undone."),
            summary=_summary(row, plan), holds=plan.blocked, rows=_rows(plan),
            may_execute=not own and not plan.blocked and row.state == ErasureState.REQUESTED,
            why_not=_("Somebody else executes it.") if own else _("It cannot be executed now."),
        )  # fmt: skip
        page.template_name = "admin/privacy/erasure.html"
        return page

    def _done(
        self, request: HttpRequest, row: ErasureRequest, form: forms.Form
    ) -> ErasureRequest | None:
        return self.tried(
            form,
            lambda: erasures.execute(
                principal=principal_of(request), actor=acting(request), erasure_id=row.pk, now=now()
            ),
        )

    def reject_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask why, then end a request without erasing anything."""
        if not complies(request):
            raise PermissionDenied
        row, form = self.found(request, object_id), ActForm(posted(request))
        if form.is_valid() and self._rejected(request, row, form):
            messages.success(request, _("It is rejected."))
            return HttpResponseRedirect(self.row_address(row))
        return self.act_page(
            request, row, form, title=_("Reject the request"), label=_("Reject"), danger=True,
            lead=_("Nothing is erased."),
        )  # fmt: skip

    def _rejected(
        self, request: HttpRequest, row: ErasureRequest, form: forms.Form
    ) -> ErasureRequest | None:
        return self.tried(
            form,
            lambda: erasures.reject(
                principal=principal_of(request), actor=acting(request), erasure_id=row.pk,
                reason=form.cleaned_data["reason"], now=now(),
            ),
        )  # fmt: skip

    @admin.display(description=gettext_lazy("Person"))
    def person(self, row: ErasureRequest) -> str:
        """Return how pipelines name the person, until they are erased."""
        return subjects.reference_of(row.subject) or _("(erased)")

    @admin.display(description=gettext_lazy("Plan when it was asked for"))
    def plan_shown(self, row: ErasureRequest) -> SafeString:
        """Return the plan."""
        return rendering.as_json(row.plan)

    @admin.display(description=gettext_lazy("What was done"))
    def outcome_shown(self, row: ErasureRequest) -> SafeString:
        """Return what was erased."""
        return rendering.as_json(row.outcome)


def _summary(row: ErasureRequest, plan: erasures.Plan) -> str:
    named = ", ".join(f"{slug} ({count})" for slug, count in plan.pipelines.items())
    person = subjects.reference_of(row.subject) or _("(erased)")
    told = _("Predictions about %(person)s: %(pipelines)s.")
    return told % {"person": person, "pipelines": named or _("none")}


def _rows(plan: erasures.Plan) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "counts": [
                (apps.get_model(label)._meta.verbose_name_plural, count)
                for label, count in counts.items()
            ],
            "kept": plan.kept.get(name, ""),
        }
        for name, counts in plan.counts.items()
    ]
