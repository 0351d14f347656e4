"""For how long each class of records is kept, and what a purge would take now."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.admin.base import acting, principal_of
from governance.admin.forms import ReasonForm
from governance.admin.privacy import ComplianceAdmin
from governance.domain.retention import DEFAULT_DAYS, FLOOR_DAYS
from governance.models import Pipeline, RetentionRule
from governance.selectors import clock
from governance.services import retention
from reviews.selectors.expired import Expired
from reviews.services import purging


class RetentionForm(ReasonForm):
    """A class, and for how many days it is kept."""

    days = forms.IntegerField(
        min_value=FLOOR_DAYS,
        max_value=36_500,
        help_text=gettext_lazy("183 at least: the law asks for six months."),
    )

    class Meta:
        model = RetentionRule
        fields = ("record_class", "days")


@admin.register(RetentionRule)
class RetentionRuleAdmin(ComplianceAdmin):
    """Rules that differ from what is kept without one."""

    form = RetentionForm
    change_list_template = "admin/privacy/retention_list.html"
    list_display = ("record_class", "days")
    ordering = ("record_class",)
    fields = ("record_class", "days")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return what stays: a rule keeps its class."""
        return ("record_class",) if obj else ()

    def get_urls(self) -> Any:
        """Return the addresses, with that of the dry run."""
        own = path(
            "due/",
            self.admin_site.admin_view(self.due_view),
            name="governance_retentionrule_due",
        )
        return [own, *super().get_urls()]

    def write(self, request: HttpRequest, form: Any, formsets: Any) -> None:
        """Set the days of a class."""
        row = form.instance
        made = retention.keep_for(
            record_class=row.record_class, days=row.days, actor=acting(request),
            reason=form.cleaned_data["reason"], now=clock.now(),
        )  # fmt: skip
        row.pk = made.pk

    def due_view(self, request: HttpRequest) -> HttpResponse:
        """Show what a purge would take now: a dry run."""
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request):
            raise PermissionDenied
        now, reach = clock.now(), principal_of(request).pipelines
        names = dict(Pipeline.objects.values_list("pk", "slug"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("What would be purged now"),
            "media": self.media,
            "now": now,
            "rows": [
                _row(each, count, names)
                for each, count in purging.due(now=now)
                if reach is None or each.pipeline_id is None or each.pipeline_id in reach
            ],
            "defaults": sorted(DEFAULT_DAYS.items()),
        }
        return TemplateResponse(request, "admin/privacy/due.html", context)


def _row(each: Expired, count: int, names: dict[int, str]) -> dict[str, Any]:
    return {
        "words": each.record_class.label,
        "what": each.model._meta.verbose_name_plural,
        "pipeline": names.get(each.pipeline_id or 0, ""),
        "days": each.kept_days,
        "count": count,
        "deleted": each.deleted,
    }
