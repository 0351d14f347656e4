"""Consents and erasures, kept by compliance."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from feedback.services import consents
from feedback.services.consents import Recorded, Wanted
from governance.admin import rendering
from governance.admin.base import ReadOnlyAdmin, acting, principal_of
from governance.admin.configuration import Acts, posted
from governance.admin.forms import now
from governance.admin.privacy import complies, pipelines_of
from governance.domain.principal import Principal
from governance.models import ConsentRecord, Pipeline
from governance.selectors import consents as selector
from governance.services import subjects


class ConsentForm(forms.Form):
    """What a person said."""

    subject = forms.CharField(
        max_length=200, required=False, help_text=gettext_lazy("As predictions name the person.")
    )
    reviewer = forms.CharField(
        max_length=150, required=False, help_text=gettext_lazy("Or the username of a reviewer.")
    )
    pipeline = forms.ModelChoiceField(
        Pipeline.objects.none(), required=False, to_field_name="slug",
        help_text=gettext_lazy("None: all of them."),
    )  # fmt: skip
    purpose = forms.SlugField(max_length=60, initial="training")
    given = forms.ChoiceField(
        choices=[("agrees", gettext_lazy("Agrees")), ("refuses", gettext_lazy("Refuses"))],
        label=gettext_lazy("The person"),
    )
    text_version = forms.CharField(
        max_length=100, required=False, help_text=gettext_lazy("Which text the person was shown.")
    )
    channel = forms.CharField(max_length=60, required=False)
    note = forms.CharField(max_length=2000, required=False, widget=forms.Textarea)


@admin.register(ConsentRecord)
class ConsentRecordAdmin(Acts, ReadOnlyAdmin):
    """Who agreed to which use of their data, or of their judgement, and who does not."""

    change_form_template = "admin/configuration/change_form.html"
    list_display = ("recorded_at", "who", "purpose", "pipeline", "said", "recorded_by")
    list_select_related = ("subject", "person", "pipeline", "recorded_by")
    unlisted = ("sealed",)
    ordering = ("-id",)
    ids = ("id",)
    search_help_text = gettext_lazy("How predictions name the person, a username, or an id.")
    fields = (
        "who", ("purpose", "pipeline"), ("said", "in_force", "withdraws"),
        ("text_version", "channel"), ("at", "recorded_at", "recorded_by"), "note",
        "contained_in", "id",
    )  # fmt: skip

    def readable(self, rows: "QuerySet[Any]", principal: Principal) -> "QuerySet[Any]":
        """Return the records within reach."""
        return rows.filter(pk__in=selector.visible(principal).values("pk"))

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Return what a search looks at; a person is found by a keyed hash of their name."""
        return ("id", "subject", "person")

    def matching(self, term: str) -> Q:
        """Return the condition that a record is of a person, or has an id."""
        found = Q(subject__token__in=subjects.tokens_of(term)) | Q(person__username=term)
        return super().matching(term) | found

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether compliance asks."""
        return complies(request)

    def get_urls(self) -> Any:
        """Return the addresses, with that of the page that withdraws."""
        own = path(
            "<path:object_id>/withdraw/",
            self.admin_site.admin_view(self.withdraw_view),
            name="governance_consentrecord_withdraw",
        )
        return [own, *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Record what a person said."""
        if not complies(request):
            raise PermissionDenied
        form = ConsentForm(posted(request))
        form.fields["pipeline"].queryset = pipelines_of(request)  # type: ignore[attr-defined]
        if form.is_valid() and (made := self._recorded(request, form)):
            return self._told(request, made)
        return self.act_page(
            request, None, form, title=_("Record a consent"), label=_("Record it"),
            lead=_("The latest that a person said about a purpose counts."),
        )  # fmt: skip

    def _recorded(self, request: HttpRequest, form: forms.Form) -> Recorded | None:
        said = dict(form.cleaned_data)
        said["pipeline"] = said["pipeline"].slug if said["pipeline"] else ""
        said["given"] = said["given"] == "agrees"
        return self.tried(
            form,
            lambda: consents.record(
                principal=principal_of(request), actor=acting(request), wanted=Wanted(**said),
                now=now(),
            ),
        )  # fmt: skip

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Show the record with a way to withdraw it."""
        row = self.found(request, object_id)
        link = reverse("admin:governance_consentrecord_withdraw", args=[row.pk])
        open_one = complies(request) and row.given and not row.withdrawals.exists()
        tools = [{"link": link, "title": _("Withdraw")}] if open_one else []
        shown = {"tools": tools, "no_history": True}
        return super().change_view(request, object_id, form_url, shown | (extra_context or {}))

    def withdraw_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Withdraw a consent; nobody asks why."""
        if not complies(request):
            raise PermissionDenied
        row, form = self.found(request, object_id), forms.Form(posted(request))
        if form.is_valid() and (made := self._withdrawn(request, row, form)):
            return self._told(request, made)
        return self.act_page(
            request, row, form, title=_("Withdraw the consent"), label=_("Withdraw"),
            lead=_("The next version of each dataset is without the person."),
        )  # fmt: skip

    def _withdrawn(
        self, request: HttpRequest, row: ConsentRecord, form: forms.Form
    ) -> Recorded | None:
        return self.tried(
            form,
            lambda: consents.withdraw(
                principal=principal_of(request), actor=acting(request), consent_id=row.pk,
                now=now(),
            ),
        )  # fmt: skip

    def _told(self, request: HttpRequest, made: Recorded) -> HttpResponse:
        messages.success(request, _("It is on record."))
        if made.contained_in:
            names = ", ".join(map(str, made.contained_in))
            told = _("These sealed versions hold the person already: %(names)s.")
            messages.warning(request, told % {"names": names})
        return HttpResponseRedirect(self.row_address(made.record))

    @admin.display(description=gettext_lazy("Person"))
    def who(self, row: ConsentRecord) -> str:
        """Return the person, as pipelines name them, or the reviewer."""
        if row.person is not None:
            return row.person.username
        named = subjects.reference_of(row.subject) if row.subject else ""
        return named or _("(erased)")

    @admin.display(description=gettext_lazy("Said"))
    def said(self, row: ConsentRecord) -> str:
        """Return what the person said."""
        if row.given:
            return _("agrees")
        return _("withdraws") if row.withdraws_id else _("refuses")

    @admin.display(description=gettext_lazy("In force"), boolean=True)
    def in_force(self, row: ConsentRecord) -> bool:
        """Return whether the consent counts now."""
        return bool(selector.in_force([row]))

    @admin.display(description=gettext_lazy("Note"))
    def note(self, row: ConsentRecord) -> SafeString:
        """Return what was said beside it."""
        return rendering.as_text(consents.note_of(row))

    @admin.display(description=gettext_lazy("Sealed versions that hold the person"))
    def contained_in(self, row: ConsentRecord) -> SafeString | str:
        """Return the sealed versions with rows that the record is about."""
        held = consents.contained_in(row)
        if not held:
            return rendering.NOTHING
        return format_html_join("", "<div>{}</div>", ((str(each),) for each in held))
