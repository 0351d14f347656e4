"""Data sources and legal holds, kept by compliance: who may approve, and reads the records."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.admin import rendering
from governance.admin.base import ReadOnlyAdmin, acting, principal_of
from governance.admin.configuration import WHY, Acts, ConfigurationAdmin, posted
from governance.admin.forms import ActForm, ReasonForm, WordsField, now
from governance.domain import purposes
from governance.domain.principal import Principal
from governance.enums import Permission
from governance.models import DataSource, HoldLift, LegalHold, Pipeline
from governance.selectors import audit, holds
from governance.services import holds as holding
from governance.services import sources, subjects


def complies(request: HttpRequest) -> bool:
    """Return whether who is signed in answers for compliance: they may approve."""
    return principal_of(request).may(Permission.APPROVE)


def pipelines_of(request: HttpRequest) -> "QuerySet[Pipeline]":
    """Return the pipelines that somebody may choose from."""
    return audit.within(Pipeline.objects.order_by("slug"), principal_of(request), "pk")


class ComplianceAdmin(ConfigurationAdmin):
    """A page of configuration that compliance changes; nothing is deleted."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether compliance asks."""
        return complies(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether compliance asks."""
        return complies(request)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the fields, with the reason last for whoever may change something."""
        shown = [(None, {"fields": self.fields or ()})]
        return [*shown, WHY] if complies(request) else shown


class DataSourceForm(ReasonForm):
    """A data source, with its purposes as words."""

    purposes = WordsField(
        required=True,
        help_text=gettext_lazy("Words with commas between them: training, evaluation."),
    )

    class Meta:
        model = DataSource
        fields = (
            "pipeline", "name", "origin", "purposes", "basis", "licence", "collected", "gaps",
        )  # fmt: skip

    def clean_purposes(self) -> list[str]:
        """Refuse what is not written as a purpose."""
        words: list[str] = self.cleaned_data["purposes"]
        for word in words:
            try:
                purposes.purpose(word)
            except purposes.BadPurpose as error:
                raise forms.ValidationError(f"{word!r}: {error}") from None
        return words


@admin.register(DataSource)
class DataSourceAdmin(ComplianceAdmin):
    """Where the data of a pipeline comes from."""

    form = DataSourceForm
    reach = "pipeline"
    list_display = ("name", "pipeline", "basis", "purposes_shown", "origin")
    list_select_related = ("pipeline",)
    ordering = ("pipeline__slug", "name")
    fields = (
        ("pipeline", "name"), "origin", "purposes", "basis", ("licence", "collected"), "gaps",
    )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return what stays: a source keeps its pipeline and its name."""
        return ("pipeline", "name") if obj else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Return the field, with the pipelines within reach."""
        kwargs["queryset"] = pipelines_of(request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def write(self, request: HttpRequest, form: Any, formsets: Any) -> None:
        """Declare the source."""
        row = form.instance
        said = {name: getattr(row, name) for name in ("origin", "licence", "collected", "gaps")}
        made = sources.declare(
            principal=principal_of(request), actor=acting(request), pipeline=row.pipeline.slug,
            name=row.name, purposes=form.cleaned_data["purposes"], basis=row.basis,
            reason=form.cleaned_data["reason"], now=now(), **said,
        )  # fmt: skip
        row.pk = made.pk

    @admin.display(description=gettext_lazy("Purposes"))
    def purposes_shown(self, row: DataSource) -> str:
        """Return the purposes."""
        return ", ".join(row.purposes)


class HoldForm(ActForm):
    """What is held, and why."""

    pipeline = forms.ModelChoiceField(Pipeline.objects.none(), required=False, to_field_name="slug")
    subject = forms.CharField(
        max_length=200,
        required=False,
        help_text=gettext_lazy("A person, as predictions name them. With a pipeline: in it alone."),
    )
    field_order = ("pipeline", "subject", "reason")


@admin.register(LegalHold)
class LegalHoldAdmin(Acts, ReadOnlyAdmin):
    """What must be kept as it is, until the hold is lifted."""

    change_form_template = "admin/configuration/change_form.html"
    stream = "hold"
    list_display = ("placed_at", "pipeline", "person", "reason", "placed_by", "lifted")
    list_select_related = ("pipeline", "subject", "placed_by")
    ordering = ("-placed_at", "-id")
    ids = ("id",)
    search_help_text = gettext_lazy("The id of a hold.")
    fields = ("pipeline", "person", "reason", ("placed_by", "placed_at"), "lifted", "ledger", "id")

    def readable(self, rows: "QuerySet[Any]", principal: Principal) -> "QuerySet[Any]":
        """Return the holds within reach."""
        return rows.filter(pk__in=holds.visible(principal).values("pk")).prefetch_related("lifts")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether compliance asks."""
        return complies(request)

    def get_urls(self) -> Any:
        """Return the addresses, with that of the page that lifts."""
        own = path(
            "<path:object_id>/lift/",
            self.admin_site.admin_view(self.lift_view),
            name="governance_legalhold_lift",
        )
        return [own, *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Place a hold."""
        if not complies(request):
            raise PermissionDenied
        form = HoldForm(posted(request))
        form.fields["pipeline"].queryset = pipelines_of(request)  # type: ignore[attr-defined]
        if form.is_valid() and (row := self._placed(request, form)):
            messages.success(request, _("The hold is in force."))
            return HttpResponseRedirect(self.row_address(row))
        return self.act_page(
            request, None, form, title=_("Place a legal hold"), label=_("Place the hold"),
            lead=_("Nothing that it covers is erased or purged until it is lifted."),
        )  # fmt: skip

    def _placed(self, request: HttpRequest, form: forms.Form) -> LegalHold | None:
        said = form.cleaned_data
        return self.tried(
            form,
            lambda: holding.place(
                principal=principal_of(request), actor=acting(request), reason=said["reason"],
                pipeline=said["pipeline"].slug if said["pipeline"] else "",
                subject=said["subject"], now=now(),
            ),
        )  # fmt: skip

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Show the hold with a way to lift it."""
        row = self.found(request, object_id)
        link = reverse("admin:governance_legalhold_lift", args=[row.pk])
        open_one = complies(request) and not row.lifts.exists()
        tools = [{"link": link, "title": _("Lift")}] if open_one else []
        shown = {"tools": tools, "no_history": True}
        return super().change_view(request, object_id, form_url, shown | (extra_context or {}))

    def lift_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask why, then end a hold."""
        if not complies(request):
            raise PermissionDenied
        row, form = self.found(request, object_id), ActForm(posted(request))
        if form.is_valid() and self._lifted(request, row, form):
            messages.success(request, _("The hold is lifted."))
            return HttpResponseRedirect(self.row_address(row))
        return self.act_page(
            request, row, form, title=_("Lift the hold"), label=_("Lift"), danger=True,
            lead=_("What is past its time goes with the next purge; it cannot be brought back."),
        )  # fmt: skip

    def _lifted(self, request: HttpRequest, row: LegalHold, form: forms.Form) -> HoldLift | None:
        return self.tried(
            form,
            lambda: holding.lift(
                principal=principal_of(request), actor=acting(request), hold_id=row.pk,
                reason=form.cleaned_data["reason"], now=now(),
            ),
        )  # fmt: skip

    @admin.display(description=gettext_lazy("Person"))
    def person(self, row: LegalHold) -> str:
        """Return how pipelines name the person."""
        return (row.subject and subjects.reference_of(row.subject)) or rendering.NOTHING

    @admin.display(description=gettext_lazy("Lifted"))
    def lifted(self, row: LegalHold) -> Any:
        """Return when it was lifted, and why."""
        ended = next(iter(row.lifts.all()), None)
        return f"{ended.lifted_at:%Y-%m-%d %H:%M}: {ended.reason}" if ended else rendering.NOTHING
