"""Audit packs and the control matrix: what compliance and auditors take along as evidence."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from feedback.models import AuditPack
from feedback.selectors import control_evidence, packs
from feedback.services import audit_packs
from feedback.services.audit_packs import Wanted
from governance.admin import rendering
from governance.admin.base import ReadOnlyAdmin, acting, principal_of
from governance.admin.configuration import Acts, posted
from governance.admin.forms import now
from governance.admin.privacy import complies, pipelines_of
from governance.domain.principal import Principal
from governance.exceptions import NotFound
from governance.models import AuditEvent, Job, Pipeline

MOMENT = gettext_lazy("A day, or a day and a time, in UTC.")


class PackForm(forms.Form):
    """What a pack is to be about, and what for."""

    pipeline = forms.ModelChoiceField(
        Pipeline.objects.none(), required=False, to_field_name="slug",
        empty_label=gettext_lazy("All that I may read"),
    )  # fmt: skip
    since = forms.DateTimeField(required=False, help_text=MOMENT)
    until = forms.DateTimeField(
        required=False,
        help_text=gettext_lazy("Itself not in the pack. Empty: as far as the ledger is sealed."),
    )
    purpose = forms.CharField(
        max_length=60,
        initial="audit",
        help_text=gettext_lazy("A word. The sources of personal data must cover it."),
    )
    texts = forms.BooleanField(
        required=False,
        label=gettext_lazy("With what people wrote"),
        help_text=gettext_lazy("Answers, reasons and notes, with what proves them."),
    )


@admin.register(AuditPack)
class AuditPackAdmin(Acts, ReadOnlyAdmin):
    """The packs that were made; one is asked for here, and fetched by who asked for it."""

    change_form_template = "admin/configuration/change_form.html"
    change_list_template = "admin/feedback/auditpack/change_list.html"
    stream = "pack"
    list_display = ("made_at", "about", "purpose", "made_by", "size", "short_root")
    list_select_related = ("made_by",)
    date_hierarchy = "made_at"
    ordering = ("-made_at", "-id")
    ids = ("id",)
    search_help_text = gettext_lazy("The id of a pack.")
    fields = (
        "about", "purpose", "scope_shown", ("made_by", "made_at"), "size", "root_shown",
        "sha256_shown", "how", "ledger", "id",
    )  # fmt: skip

    def readable(self, rows: "QuerySet[Any]", principal: Principal) -> "QuerySet[Any]":
        """Return the packs that somebody may know of."""
        return packs.visible(principal, rows)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether compliance asks; auditors read, and ask with a token of theirs."""
        return complies(request)

    def get_urls(self) -> Any:
        """Return the addresses, with the download and the control matrix."""
        seen = self.admin_site.admin_view
        own = [
            path("controls/", seen(self.controls_view), name="feedback_auditpack_controls"),
            path(
                "<uuid:pack_id>/download/",
                seen(self.download_view),
                name="feedback_auditpack_download",
            ),
        ]
        return [*own, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the packs, with those that are being made and those that failed."""
        jobs = Job.objects.filter(user=acting(request), kind=audit_packs.KIND)
        lately = jobs.exclude(state="succeeded").order_by("-pk")[:5]
        return super().changelist_view(request, {"jobs": lately, **(extra_context or {})})

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Ask for a pack."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = PackForm(posted(request))
        form.fields["pipeline"].queryset = pipelines_of(request)  # type: ignore[attr-defined]
        if form.is_valid() and self._asked(request, form):
            messages.success(
                request, _("The pack is being made; it is listed here when it is done.")
            )
            return HttpResponseRedirect(self.list_address())
        return self.act_page(
            request, None, form, title=_("Ask for an audit pack"), label=_("Make the pack"),
            lead=_("All that is on record of a time, in one file that proves itself. That you "
                   "asked for it, what for, and its digest are on record."),
        )  # fmt: skip

    def _asked(self, request: HttpRequest, form: forms.Form) -> Job | None:
        said = form.cleaned_data
        wanted = Wanted(
            purpose=said["purpose"], pipeline=said["pipeline"].slug if said["pipeline"] else "",
            since=said["since"], until=said["until"], texts=said["texts"],
        )  # fmt: skip
        return self.tried(
            form,
            lambda: audit_packs.request(
                principal=principal_of(request), actor=acting(request), wanted=wanted, now=now()
            ),
        )

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Show a pack, with its download while there is one."""
        row = self.found(request, object_id)
        mine = row.made_by_id == acting(request).pk and packs.is_kept(row)
        link = reverse("admin:feedback_auditpack_download", args=[row.pk])
        tools = [{"link": link, "title": _("Download")}] if mine else []
        shown = {"tools": tools, "no_history": True}
        return super().change_view(request, object_id, form_url, shown | (extra_context or {}))

    def download_view(self, request: HttpRequest, pack_id: Any) -> Any:
        """Hand a pack to who asked for it."""
        try:
            row = packs.kept(packs.own(principal_of(request), pack_id))
        except NotFound as error:
            messages.error(request, error.detail)
            return HttpResponseRedirect(self.list_address())
        headers = {
            "Content-Length": row.size,
            "Content-Disposition": f'attachment; filename="{packs.file_name(row)}"',
        }
        return StreamingHttpResponse(
            packs.stream(row), content_type="application/zip", headers=headers
        )

    def controls_view(self, request: HttpRequest) -> HttpResponse:
        """Show what rules ask, what the software does, and how much evidence there is of it."""
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request):
            raise PermissionDenied
        matrix, rows = control_evidence.matrix()
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts, "title": _("Control matrix"), "media": self.media,
            "matrix": matrix, "rows": [self._linked(row) for row in rows],
        }  # fmt: skip
        return TemplateResponse(request, "admin/feedback/auditpack/controls.html", context)

    def _linked(self, row: control_evidence.Shown) -> dict[str, Any]:
        """Return a row with links to the lists of its evidence, where there is a page of them."""
        records = [
            {"link": self._list_of(model, str(model._meta.verbose_name_plural)), "count": count}
            for model, count in row.records
        ]
        told = [
            {"link": self._list_of(AuditEvent, action, action=action), "count": count}
            for action, count in row.actions
        ]
        return {"control": row.control, "evidence": records + told, "any": row.any}

    def _list_of(self, model: type[Model], text: str, **lookups: str) -> str:
        listed = self.admin_site.is_registered(model)
        return rendering.list_link(model, text, **lookups) if listed else text

    @admin.display(description=gettext_lazy("About"))
    def about(self, row: AuditPack) -> str:
        """Return the pipelines and the time."""
        scope = row.scope
        named = _("everything") if scope["everything"] else ", ".join(sorted(scope["pipelines"]))
        return f"{named}, {scope['since'][:10]} to {scope['until'][:10]}"

    @admin.display(description=gettext_lazy("Purpose"))
    def purpose(self, row: AuditPack) -> str:
        """Return what it was made for."""
        return str(row.scope["purpose"])

    @admin.display(description=gettext_lazy("Root"))
    def short_root(self, row: AuditPack) -> SafeString:
        """Return how the root over its files begins."""
        return rendering.as_code(row.root[:12])

    @admin.display(description=gettext_lazy("Root over its files (SHA-256)"))
    def root_shown(self, row: AuditPack) -> SafeString:
        """Return the root over its files."""
        return rendering.as_code(row.root)

    @admin.display(description=gettext_lazy("SHA-256 of the file"))
    def sha256_shown(self, row: AuditPack) -> SafeString:
        """Return the digest of the zip."""
        return rendering.as_code(row.sha256)

    @admin.display(description=gettext_lazy("Scope"))
    def scope_shown(self, row: AuditPack) -> SafeString:
        """Return what was asked for."""
        return rendering.as_json(row.scope)

    @admin.display(description=gettext_lazy("How to verify it"))
    def how(self, row: AuditPack) -> SafeString:
        """Return the command that an examiner runs."""
        return rendering.as_code("python -I verify.py PACK.zip")
