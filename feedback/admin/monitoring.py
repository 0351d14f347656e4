"""What is promised of a pipeline, what is seen of it, and the incidents that followed."""

import math
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from feedback.domain.monitored import WORDS
from feedback.enums import Metric
from feedback.models import MonitoringAlarm, MonitoringPlan, MonitoringWindow
from feedback.selectors import monitoring as selector
from feedback.services import monitoring
from governance.admin.base import ReadOnlyAdmin, ReadOnlyInline, acting, principal_of
from governance.admin.configuration import Acts, posted
from governance.admin.filters import of_pipeline
from governance.admin.forms import now
from governance.admin.privacy import pipelines_of
from governance.domain.principal import Principal
from governance.enums import Permission
from governance.models import Pipeline


class PlanForm(forms.Form):
    """What is promised, who answers for it, and what an alarm does."""

    pipeline = forms.ModelChoiceField(Pipeline.objects.none(), to_field_name="slug")
    metric = forms.ChoiceField(
        choices=Metric.choices, initial=Metric.AUDITED_ERROR, label=gettext_lazy("What is watched")
    )
    tier = forms.CharField(
        max_length=63, required=False, help_text=gettext_lazy("Empty: all tiers.")
    )
    target = forms.FloatField(
        label=gettext_lazy("Promised at most"), initial=0.02,
        help_text=gettext_lazy("A share: 0.02 is two in a hundred."),
    )  # fmt: skip
    cadence = forms.IntegerField(
        label=gettext_lazy("Something to count at least every … days"), initial=7, min_value=1
    )
    owner = forms.CharField(
        max_length=150, help_text=gettext_lazy("The username of who answers for it.")
    )
    stop = forms.BooleanField(
        required=False,
        label=gettext_lazy("An alarm stops approvals by rule there"),
        help_text=gettext_lazy("Of errors and of outcomes that production reports."),
    )
    ends = forms.BooleanField(required=False, label=gettext_lazy("Nothing is watched from now on"))
    reason = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class WindowInline(ReadOnlyInline):
    """What is seen, by what was in force."""

    model = MonitoringWindow
    fields = ("opened_at", "activation", "audits", "errors", "says")
    readonly_fields = ("says",)
    ordering = ("opened_at", "id")

    @admin.display(description=gettext_lazy("What that means"))
    def says(self, row: MonitoringWindow) -> str:
        """Return what the evidence of a window means, in one sentence."""
        return sentence(row)


def sentence(row: MonitoringWindow) -> str:
    """Return in one sentence what the evidence of a window means."""
    watch, words = selector.watch_of(row), WORDS[Metric(row.plan.metric)]
    if not row.audits:
        return _("Nothing was counted yet.")
    said = {
        "errors": row.errors, "audits": row.audits, "counted": words.counted, "bad": words.bad,
        "target": f"{row.plan.target:.1%}",
        "e": f"{math.exp(min(watch.log_e_value, 50)):.3g}",
    }  # fmt: skip
    if row.alarms.exists():
        return (
            _(
                "%(errors)d of %(audits)d %(counted)s %(bad)s: more than the %(target)s that was "
                "promised. It alarmed (e-value %(e)s)."
            )
            % said
        )
    return (
        _(
            "%(errors)d of %(audits)d %(counted)s %(bad)s; that does not contradict the "
            "%(target)s that was promised (e-value %(e)s; 20 would)."
        )
        % said
    )


@admin.register(MonitoringPlan)
class MonitoringPlanAdmin(Acts, ReadOnlyAdmin):
    """What is promised; the last plan of a pipeline and a metric is in force."""

    change_form_template = "admin/configuration/change_form.html"
    list_display = (
        "__str__", "pipeline", "metric", "tier", "target", "cadence", "stops", "ends", "owner",
        "made_at",
    )  # fmt: skip
    list_select_related = ("pipeline", "owner")
    list_filter = (of_pipeline("pipeline"), "metric")
    ordering = ("-made_at", "-id")
    ids = ("id",)
    search_help_text = gettext_lazy("The id of a plan.")
    inlines = (WindowInline,)
    fields = (
        ("pipeline", "number"), ("metric", "tier", "target"), ("cadence", "stops", "ends"),
        "owner", "reason", ("made_by", "made_at"), "id",
    )  # fmt: skip

    def readable(self, rows: "QuerySet[Any]", principal: Principal) -> "QuerySet[Any]":
        """Return the plans within reach."""
        return rows.filter(pk__in=selector.plans(principal).values("pk"))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether who asks may promise something."""
        return principal_of(request).may(Permission.APPROVE)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Make a plan."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = PlanForm(posted(request))
        form.fields["pipeline"].queryset = pipelines_of(request)  # type: ignore[attr-defined]
        if form.is_valid() and (row := self._made(request, form)):
            messages.success(request, _("It is promised from now on."))
            return HttpResponseRedirect(self.row_address(row))
        return self.act_page(
            request, None, form, title=_("Promise something"), label=_("Promise it"),
            lead=_(
                "What is seen of the metric from now on is counted against this. More than "
                "promised opens one incident. The plan before of the same metric ends."
            ),
        )  # fmt: skip

    def _made(self, request: HttpRequest, form: forms.Form) -> MonitoringPlan | None:
        said = form.cleaned_data | {"pipeline": form.cleaned_data["pipeline"].slug}
        return self.tried(
            form,
            lambda: monitoring.plan(
                principal=principal_of(request), actor=acting(request), now=now(), **said
            ),
        )


@admin.register(MonitoringAlarm)
class MonitoringAlarmAdmin(ReadOnlyAdmin):
    """That audits contradicted what was promised, and the incident that it opened."""

    list_display = ("at", "window", "audits", "errors", "incident")
    list_select_related = ("window", "incident")
    ordering = ("-at", "-id")
    ids = ("id",)
    search_help_text = gettext_lazy("The id of an alarm.")
    fields = ("window", ("audits", "errors"), "incident", "at", "id")

    def readable(self, rows: "QuerySet[Any]", principal: Principal) -> "QuerySet[Any]":
        """Return the alarms of plans within reach."""
        return rows.filter(window__plan__in=selector.plans(principal))
