"""Incidents: opened, reported within the days of the law, closed; nothing of one is edited."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.admin import rendering
from governance.admin.base import ReadOnlyAdmin, ReadOnlyInline, acting, principal_of
from governance.admin.configuration import Acts, posted
from governance.admin.filters import of_pipeline
from governance.admin.forms import now
from governance.admin.privacy import pipelines_of
from governance.domain.principal import Principal
from governance.enums import IncidentStepKind, Severity
from governance.models import Incident, IncidentStep, Pipeline
from governance.selectors import incidents as selector
from governance.services import incidents

ACTS = {
    IncidentStepKind.NOTE: gettext_lazy("Add a note"),
    IncidentStepKind.REPORTED: gettext_lazy("It was reported"),
    IncidentStepKind.THAWED: gettext_lazy("End the freeze"),
    IncidentStepKind.CLOSED: gettext_lazy("Close it"),
}
LEADS = {
    IncidentStepKind.NOTE: gettext_lazy("It stands beside the incident, with your name."),
    IncidentStepKind.REPORTED: gettext_lazy(
        "Say to which authority, when and under which reference. Its clock stops, and the pipeline "
        "may be changed again."
    ),
    IncidentStepKind.THAWED: gettext_lazy(
        "Say why the pipeline must change before the report. Somebody other than who opened the "
        "incident does this."
    ),
    IncidentStepKind.CLOSED: gettext_lazy("Say what was found, and what follows from it."),
}


class IncidentForm(forms.Form):
    """What went wrong, where, how bad, and since when one knows."""

    pipeline = forms.ModelChoiceField(Pipeline.objects.none(), to_field_name="slug")
    severity = forms.ChoiceField(choices=Severity.choices)
    title = forms.CharField(max_length=incidents.MAX_TITLE)
    text = forms.CharField(
        max_length=incidents.MAX_TEXT, label=gettext_lazy("What happened"),
        widget=forms.Textarea(attrs={"rows": 6}),
    )  # fmt: skip
    aware_at = forms.DateTimeField(
        label=gettext_lazy("Known since"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=gettext_lazy("From then on the law counts. UTC."),
    )


class StepForm(forms.Form):
    """What is said of a step."""

    text = forms.CharField(
        max_length=incidents.MAX_TEXT, widget=forms.Textarea(attrs={"rows": 5}),
        label=gettext_lazy("Text"),
    )  # fmt: skip


class StepInline(ReadOnlyInline):
    """What was done about it."""

    model = IncidentStep
    fields = ("at", "kind", "actor", "text")
    ordering = ("at", "id")


@admin.register(Incident)
class IncidentAdmin(Acts, ReadOnlyAdmin):
    """What went wrong, by when it is reported, and what was done."""

    change_form_template = "admin/configuration/change_form.html"
    stream = "incident"
    list_display = ("title", "pipeline", "severity", "aware_at", "due_at", "state", "opened_by")
    list_select_related = ("pipeline", "opened_by")
    list_filter = (of_pipeline("pipeline"), "severity")
    date_hierarchy = "opened_at"
    ordering = ("-opened_at", "-id")
    ids = ("id",)
    search_help_text = gettext_lazy("The id of an incident.")
    inlines = (StepInline,)
    fields = (
        ("pipeline", "severity"), "title", "text_shown", ("aware_at", "due_at"), "state",
        ("opened_by", "opened_at"), "hold", "found_shown", "ledger", "id",
    )  # fmt: skip

    def readable(self, rows: "QuerySet[Any]", principal: Principal) -> "QuerySet[Any]":
        """Return the incidents within reach."""
        seen: QuerySet[Any] = super().readable(
            rows.filter(pk__in=selector.visible(principal).values("pk")), principal
        )
        return seen.prefetch_related("steps")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether who asks may open an incident."""
        principal = principal_of(request)
        return any(principal.may(permission) for permission in incidents.TELLERS)

    def get_urls(self) -> Any:
        """Return the addresses, with those of the steps."""
        own = [
            path(
                f"<path:object_id>/{kind}/",
                self.admin_site.admin_view(self.step_view),
                {"kind": str(kind)},
                name=f"governance_incident_{kind}",
            )
            for kind in ACTS
        ]
        return [*own, *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Open an incident."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = IncidentForm(posted(request), initial={"aware_at": now()})
        form.fields["pipeline"].queryset = pipelines_of(request)  # type: ignore[attr-defined]
        if form.is_valid() and (row := self._begun(request, form)):
            messages.success(request, _("The incident is on record."))
            return HttpResponseRedirect(self.row_address(row))
        return self.act_page(
            request, None, form, title=_("Open an incident"), label=_("Open"),
            lead=_(
                "One that the law wants reported keeps the records of the pipeline, and what is in "
                "force there, as they are until it is. Stopping and rolling back stay possible."
            ),
        )  # fmt: skip

    def _begun(self, request: HttpRequest, form: forms.Form) -> Incident | None:
        said = form.cleaned_data
        return self.tried(
            form,
            lambda: incidents.begin(
                principal=principal_of(request), actor=acting(request),
                pipeline=said["pipeline"].slug, severity=said["severity"], title=said["title"],
                text=said["text"], aware_at=said["aware_at"], now=now(),
            ),
        )  # fmt: skip

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Show the incident with ways to what may be done about it."""
        row = self.found(request, object_id)
        tools = [
            {"link": reverse(f"admin:governance_incident_{kind}", args=[row.pk]), "title": title}
            for kind, title in ACTS.items()
            if self.has_add_permission(request) and kind in incidents.possible(row)
        ]
        shown = {"tools": tools, "no_history": True}
        return super().change_view(request, object_id, form_url, shown | (extra_context or {}))

    def step_view(self, request: HttpRequest, object_id: str, kind: str) -> HttpResponse:
        """Ask for the text of a step, then put it on record."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        row, form = self.found(request, object_id), StepForm(posted(request))
        if kind not in incidents.possible(row):
            raise Http404
        if form.is_valid() and self._stepped(request, row, kind, form):
            messages.success(request, _("It is on record."))
            return HttpResponseRedirect(self.row_address(row))
        known = IncidentStepKind(kind)
        return self.act_page(
            request, row, form, title=str(ACTS[known]), label=_("Put on record"), lead=LEADS[known]
        )

    def _stepped(self, request: HttpRequest, row: Incident, kind: str, form: forms.Form) -> Any:
        return self.tried(
            form,
            lambda: incidents.step(
                principal=principal_of(request), actor=acting(request), incident_id=row.pk,
                kind=kind, text=form.cleaned_data["text"], now=now(),
            ),
        )  # fmt: skip

    @admin.display(description=gettext_lazy("State"))
    def state(self, row: Incident) -> str:
        """Return what was done last, in words."""
        done = {step.kind: step.at for step in row.steps.all()}
        for kind in (IncidentStepKind.CLOSED, IncidentStepKind.REPORTED, IncidentStepKind.THAWED):
            if kind in done:
                return f"{kind.label}, {done[kind]:%Y-%m-%d %H:%M} UTC"
        return _("To be reported; frozen") if row.due_at else _("Open")

    @admin.display(description=gettext_lazy("What happened"))
    def text_shown(self, row: Incident) -> Any:
        """Return the text."""
        return rendering.as_text(row.text)

    @admin.display(description=gettext_lazy("In force then"))
    def found_shown(self, row: Incident) -> Any:
        """Return what was in force, and how far the ledger was sealed."""
        return rendering.as_json(row.found)
