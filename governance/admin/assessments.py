"""Impact assessments: written here by one person, signed by another, and read."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.admin import rendering
from governance.admin.access import SignForm
from governance.admin.base import ReadOnlyAdmin, acting, principal_of
from governance.admin.configuration import Acts, posted
from governance.admin.filters import of_person, of_pipeline
from governance.admin.forms import ReasonField, now
from governance.admin.privacy import complies, pipelines_of
from governance.domain.assessing import LONGEST, LONGEST_MEMBER, Said
from governance.enums import PolicyKind, Risk
from governance.models import AuditEvent, ImpactAssessment, Pipeline
from governance.rest import reauthentication
from governance.services import assessments

ROWS = 5
PARTS = {
    "harm": gettext_lazy("Harm %(n)d"),
    "who": gettext_lazy("Harm %(n)d: whom it hurts"),
    "likelihood": gettext_lazy("Harm %(n)d: how likely"),
    "severity": gettext_lazy("Harm %(n)d: how severe"),
    "measure": gettext_lazy("Harm %(n)d: what is done against it"),
    "remains": gettext_lazy("Harm %(n)d: what remains"),
}


class AssessmentForm(forms.Form):
    """What an assessment says; the harms that are left empty are not said."""

    pipeline = forms.ModelChoiceField(Pipeline.objects.none(), to_field_name="slug")
    purpose = forms.CharField(
        label=gettext_lazy("What it is for"), max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip
    affected = forms.CharField(
        label=gettext_lazy("Who is affected"), max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip
    oversight = forms.CharField(
        label=gettext_lazy("How people watch over it"), max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip
    review_on = forms.DateField(
        label=gettext_lazy("Looked at again on"), widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("Within a year; after this day it is not relied on."),
    )  # fmt: skip
    reason = ReasonField()

    def __init__(self, data: Any, rows: int) -> None:
        super().__init__(data)
        self.rows = rows
        for number in range(rows):
            for name, label in PARTS.items():
                self.fields[f"{name}-{number}"] = _part(name, str(label) % {"n": number + 1})

    def said(self) -> Said:
        """Return what was written, without the harms of which nothing was said."""
        given = self.cleaned_data
        return Said(given["purpose"], given["affected"], given["oversight"], self._harms())

    def _harms(self) -> list[dict[str, str]]:
        harms = [
            {name: self.cleaned_data[f"{name}-{number}"] for name in PARTS}
            for number in range(self.rows)
        ]
        return [harm for harm in harms if any(harm.values())]


def _part(name: str, label: str) -> forms.Field:
    if name in ("likelihood", "severity"):
        choices = [("", _("not said")), *Risk.choices]
        return forms.ChoiceField(choices=choices, required=False, label=label)
    return forms.CharField(max_length=LONGEST_MEMBER, required=False, label=label)


@admin.register(ImpactAssessment)
class ImpactAssessmentAdmin(Acts, ReadOnlyAdmin):
    """What could go wrong in each pipeline, what is done about it, and who signed that."""

    reach = "pipeline"
    change_form_template = "admin/configuration/change_form.html"
    list_display = ("__str__", "pipeline", "written_at", "written_by", "review_on", "signed")
    list_select_related = ("pipeline", "written_by", "signature")
    unlisted = ("content",)
    list_filter = (of_pipeline("pipeline"), of_person("written_by"))
    date_hierarchy = "written_at"
    ordering = ("-id",)
    ids = ("id",)
    words = ("digest",)
    search_help_text = gettext_lazy("The id of an assessment, or a whole digest.")
    fields = (
        ("pipeline", "number"), "purpose", "affected", "oversight", "harms", "review_on", "reason",
        ("written_by", "written_at"), "digest", "signed", "told", "id",
    )  # fmt: skip

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether compliance asks."""
        return complies(request)

    def get_urls(self) -> Any:
        """Return the addresses, with that of signing."""
        name = "governance_impactassessment_sign"
        sign = self.admin_site.admin_view(self.sign_view)
        return [path("<path:object_id>/sign/", sign, name=name), *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Write an assessment."""
        if not complies(request):
            raise PermissionDenied
        form = AssessmentForm(posted(request), ROWS)
        form.fields["pipeline"].queryset = pipelines_of(request)  # type: ignore[attr-defined]
        if form.is_valid() and (row := self._written(request, form)):
            messages.success(request, _("It is on record; somebody else signs it."))
            return HttpResponseRedirect(self.row_address(row))
        return self.act_page(
            request, None, form, title=_("Assess the impact of a pipeline"), label=_("Write it"),
            lead=_("What could go wrong, for whom, and what is done. Another person signs it."),
        )  # fmt: skip

    def _written(self, request: HttpRequest, form: AssessmentForm) -> ImpactAssessment | None:
        given = form.cleaned_data
        return self.tried(
            form,
            lambda: assessments.write(
                principal=principal_of(request), actor=acting(request), said=form.said(),
                pipeline=given["pipeline"].slug, review_on=given["review_on"],
                reason=given["reason"], now=now(),
            ),
        )  # fmt: skip

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Show an assessment, with a way to sign it."""
        row = self.found(request, object_id)
        link = reverse("admin:governance_impactassessment_sign", args=[row.pk])
        waits = complies(request) and not hasattr(row, "signature")
        tools = [{"link": link, "title": _("Sign")}] if waits else []
        shown = {"tools": tools, "no_history": True}
        return super().change_view(request, object_id, form_url, shown | (extra_context or {}))

    def sign_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for the password, then sign the assessment."""
        if not complies(request):
            raise PermissionDenied
        row, form = self.found(request, object_id), SignForm(posted(request))
        if form.is_valid() and self._signed(request, row, form):
            messages.success(request, _("The assessment is signed."))
            return HttpResponseRedirect(self.row_address(row))
        return self.act_page(
            request, row, form, title=_("Sign the impact assessment"), label=_("Sign"),
            lead=_("Your name, the time and the digest of what it says are put on record."),
        )  # fmt: skip

    def _signed(self, request: HttpRequest, row: ImpactAssessment, form: forms.Form) -> Any:
        moment = now()
        proven = reauthentication.proven_at(
            request, acting(request), form.cleaned_data["password"], now=moment
        )
        return self.tried(
            form,
            lambda: assessments.sign(
                principal=principal_of(request), actor=acting(request), assessment_id=row.pk,
                proven_at=proven, now=moment,
            ),
        )  # fmt: skip

    @admin.display(description=gettext_lazy("What it is for"))
    def purpose(self, row: ImpactAssessment) -> SafeString:
        """Return what it is for."""
        return rendering.as_text(row.content["purpose"])

    @admin.display(description=gettext_lazy("Who is affected"))
    def affected(self, row: ImpactAssessment) -> SafeString:
        """Return who is affected."""
        return rendering.as_text(row.content["affected"])

    @admin.display(description=gettext_lazy("How people watch over it"))
    def oversight(self, row: ImpactAssessment) -> SafeString:
        """Return how people watch over it."""
        return rendering.as_text(row.content["oversight"])

    @admin.display(description=gettext_lazy("Harms"))
    def harms(self, row: ImpactAssessment) -> SafeString:
        """Return each harm in a line."""
        levels = dict(Risk.choices)
        lines = (
            (
                harm["harm"], harm["who"], levels[harm["likelihood"]], levels[harm["severity"]],
                harm["measure"], harm["remains"],
            )
            for harm in row.content["harms"]
        )  # fmt: skip
        said = _("likely: {}, severe: {}; against it: {}; what remains: {}")
        return format_html_join(SafeString("<br>"), "{} ({}), " + said, lines)

    @admin.display(description=gettext_lazy("Signed"))
    def signed(self, row: ImpactAssessment) -> str:
        """Return who signed it, when, and what the signature binds."""
        signature = getattr(row, "signature", None)
        if signature is None:
            return rendering.NOTHING
        valid = signature.digest == assessments.digest_of(row)
        mark = "" if valid else _(" INVALID: it says something else now.")
        when = f"{signature.at:%Y-%m-%d %H:%M} UTC"
        return f"{signature.printed_name}, {when}, {signature.digest[:12]}…{mark}"

    @admin.display(description=gettext_lazy("In the ledger"))
    def told(self, row: ImpactAssessment) -> SafeString:
        """Return where the ledger tells of it."""
        stream = f"{PolicyKind.PIPELINE}:{row.pipeline.slug}"
        return rendering.list_link(AuditEvent, "All that happened to its pipeline", q=stream)
