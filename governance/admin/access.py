"""Who may do what on any day, and the reviews in which each grant is looked at and signed."""

import uuid
from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from governance.admin import rendering
from governance.admin.base import ReadOnlyAdmin, acting, principal_of
from governance.admin.configuration import Acts, posted
from governance.admin.filters import of_person, of_pipeline
from governance.admin.forms import ActForm, ReasonField, now
from governance.admin.privacy import complies, pipelines_of
from governance.domain.principal import Principal
from governance.enums import Permission
from governance.exceptions import DomainError
from governance.models import AccessGrant, AccessReview, Pipeline
from governance.rest import reauthentication
from governance.selectors import access
from governance.services import access_reviews

ON_A_PAGE = 50


class MatrixForm(forms.Form):
    """Which day, and whose access."""

    day = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), required=False)
    permission = forms.ChoiceField(
        choices=[("", gettext_lazy("any")), *Permission.choices], required=False
    )
    pipeline = forms.ModelChoiceField(
        Pipeline.objects.none(),
        required=False,
        to_field_name="slug",
        empty_label=gettext_lazy("any"),
    )


class BeginForm(ActForm):
    """What is reviewed, until when, and what happens to what nobody looks at."""

    pipeline = forms.ModelChoiceField(
        Pipeline.objects.none(), required=False, to_field_name="slug",
        help_text=gettext_lazy("None: everybody, everywhere."),
    )  # fmt: skip
    due = forms.DateField(
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("The end of this day, UTC."),
    )
    suspends = forms.BooleanField(
        required=False, initial=True,
        label=gettext_lazy("Take away what nobody has looked at by then"),
    )  # fmt: skip
    field_order = ("pipeline", "due", "suspends", "reason")


class LookForm(forms.Form):
    """The verdicts on the grants of one page, with one reason."""

    reason = ReasonField()

    def __init__(self, data: Any, grants: list[AccessGrant]) -> None:
        super().__init__(data)
        choices = (("", _("later")), ("keep", _("keep")), ("revoke", _("revoke")))
        for grant in grants:
            self.fields[f"grant-{grant.pk}"] = forms.ChoiceField(
                choices=choices, required=False, label=str(grant), widget=forms.RadioSelect
            )

    def chosen(self) -> dict[str, bool]:
        """Return the grants that have a verdict: whether each is kept."""
        return {
            name.removeprefix("grant-"): said == "keep"
            for name, said in self.cleaned_data.items()
            if name.startswith("grant-") and said
        }


class SignForm(forms.Form):
    """The password of who signs."""

    password = forms.CharField(
        strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        help_text=gettext_lazy("Your own, now: the signature is yours alone."),
    )  # fmt: skip


@admin.register(AccessReview)
class AccessReviewAdmin(Acts, ReadOnlyAdmin):
    """Reviews of access, and the matrix of who may do what."""

    change_form_template = "admin/configuration/change_form.html"
    change_list_template = "admin/access/review_list.html"
    stream = "access-review"
    list_display = ("opened_at", "pipeline", "due_at", "left", "signed", "opened_by", "reason")
    list_select_related = ("pipeline", "opened_by", "closing")
    list_filter = (of_pipeline("pipeline"),)
    date_hierarchy = "opened_at"
    ordering = ("-opened_at", "-id")
    ids = ("id",)
    search_help_text = gettext_lazy("The id of a review.")
    fields = (
        "pipeline", ("opened_by", "opened_at"), "due_at", "suspends", "reason", "left", "signed",
        "grants_shown", "ledger", "id",
    )  # fmt: skip

    def readable(self, rows: "QuerySet[Any]", principal: Principal) -> "QuerySet[Any]":
        """Return the reviews within reach, each with how many grants are left."""
        seen: QuerySet[Any] = rows.filter(pk__in=access.reviews(principal).values("pk"))
        left = Count("grants", filter=Q(grants__verdict=None))
        counted: QuerySet[Any] = seen.annotate(grants_left=left, grants_all=Count("grants"))
        return counted

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether compliance asks."""
        return complies(request)

    def get_urls(self) -> Any:
        """Return the addresses, with those of the matrix, of looking and of signing."""
        guarded, name = self.admin_site.admin_view, "governance_accessreview"
        return [
            path("matrix/", guarded(self.matrix_view), name=f"{name}_matrix"),
            path("<path:object_id>/look/", guarded(self.look_view), name=f"{name}_look"),
            path("<path:object_id>/sign/", guarded(self.sign_view), name=f"{name}_sign"),
            *super().get_urls(),
        ]

    def matrix_view(self, request: HttpRequest) -> HttpResponse:
        """Show who could do what at the end of a day (UTC); now, if none is named."""
        form = MatrixForm(request.GET or None)
        form.fields["pipeline"].queryset = pipelines_of(request)  # type: ignore[attr-defined]
        said = form.cleaned_data if form.is_valid() else {}
        day, wanted, pipeline = (said.get(name) for name in ("day", "permission", "pipeline"))
        moment = datetime.combine(day, time.max, UTC) if day else now()
        rows = [
            row
            for row in access.on(principal_of(request), moment)
            if (not wanted or wanted in row.permissions)
            and (not pipeline or row.administrator or pipeline.slug in row.pipelines)
        ]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts, "title": _("Who may do what"), "form": form, "moment": moment,
            "rows": [
                (row, [name in row.permissions for name in Permission.values]) for row in rows
            ],
            "permissions": [str(label) for label in Permission.labels], "media": self.media,
        }  # fmt: skip
        return TemplateResponse(request, "admin/access/matrix.html", context)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Begin a review."""
        if not complies(request):
            raise PermissionDenied
        form = BeginForm(posted(request))
        form.fields["pipeline"].queryset = pipelines_of(request)  # type: ignore[attr-defined]
        if form.is_valid() and (row := self._begun(request, form)):
            messages.success(request, _("What everybody holds now is taken down."))
            return HttpResponseRedirect(self.row_address(row))
        return self.act_page(
            request, None, form, title=_("Begin an access review"), label=_("Begin"),
            lead=_("Each role of each person is looked at by somebody else, and the whole signed."),
        )  # fmt: skip

    def _begun(self, request: HttpRequest, form: forms.Form) -> AccessReview | None:
        said = form.cleaned_data
        return self.tried(
            form,
            lambda: access_reviews.begin(
                principal=principal_of(request), actor=acting(request), reason=said["reason"],
                pipeline=said["pipeline"].slug if said["pipeline"] else "",
                due_at=datetime.combine(said["due"], time.max, UTC),
                suspends=said["suspends"], now=now(),
            ),
        )  # fmt: skip

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Show the review with ways to look at its grants and to sign it."""
        row = self.found(request, object_id)
        name, title = ("look", _("Look")) if row.grants_left else ("sign", _("Sign"))
        link = reverse(f"admin:governance_accessreview_{name}", args=[row.pk])
        open_one = complies(request) and not hasattr(row, "closing")
        shown = {"tools": [{"link": link, "title": title}] if open_one else [], "no_history": True}
        return super().change_view(request, object_id, form_url, shown | (extra_context or {}))

    def look_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the next grants without a verdict; keep or take away what is chosen."""
        if not complies(request):
            raise PermissionDenied
        row = self.found(request, object_id)
        grants = list(
            access.left(row).select_related("user").order_by("user__username", "role")[:ON_A_PAGE]
        )
        form = LookForm(posted(request), grants)
        if form.is_valid() and self._looked(request, form):
            here = "look" if access.left(row).exists() else "sign"
            return HttpResponseRedirect(
                reverse(f"admin:governance_accessreview_{here}", args=[row.pk])
            )
        return TemplateResponse(
            request,
            "admin/access/look.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts, "original": row, "form": form, "title": _("Look at access"),
                "rows": [(grant, form[f"grant-{grant.pk}"]) for grant in grants],
                "media": self.media,
            },
        )  # fmt: skip

    def _looked(self, request: HttpRequest, form: LookForm) -> bool:
        done, reason = 0, form.cleaned_data["reason"]
        for grant_id, keep in form.chosen().items():
            try:
                access_reviews.judge(
                    principal=principal_of(request), actor=acting(request), keep=keep,
                    grant_id=uuid.UUID(grant_id), reason=reason, now=now(),
                )  # fmt: skip
            except DomainError as refusal:
                form.add_error(f"grant-{grant_id}", refusal.detail)
            else:
                done += 1
        if done:
            words = ngettext("%(n)d verdict is on record.", "%(n)d verdicts are on record.", done)
            messages.success(request, words % {"n": done})
        elif not form.errors:
            form.add_error(None, _("Choose keep or revoke for one of them at least."))
        return not form.errors

    def sign_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for the password, then sign the review."""
        if not complies(request):
            raise PermissionDenied
        row, form = self.found(request, object_id), SignForm(posted(request))
        if form.is_valid() and self._signed(request, row, form):
            messages.success(request, _("The review is signed."))
            return HttpResponseRedirect(self.row_address(row))
        return self.act_page(
            request, row, form, title=_("Sign the access review"), label=_("Sign"),
            lead=_("Your name, the time and the digest of all verdicts are put on record."),
        )  # fmt: skip

    def _signed(self, request: HttpRequest, row: AccessReview, form: forms.Form) -> Any:
        moment = now()
        proven = reauthentication.proven_at(
            request, acting(request), form.cleaned_data["password"], now=moment
        )
        return self.tried(
            form,
            lambda: access_reviews.close(
                principal=principal_of(request), actor=acting(request), review_id=row.pk,
                proven_at=proven, now=moment,
            ),
        )  # fmt: skip

    @admin.display(description=gettext_lazy("Without a verdict"))
    def left(self, row: Any) -> str:
        """Return how many grants nobody has looked at, of how many."""
        return f"{row.grants_left} / {row.grants_all}"

    @admin.display(description=gettext_lazy("Signed"))
    def signed(self, row: AccessReview) -> str:
        """Return who signed it, when, and what the signature binds."""
        closing = getattr(row, "closing", None)
        if closing is None:
            return rendering.NOTHING
        return f"{closing.printed_name}, {closing.at:%Y-%m-%d %H:%M} UTC, {closing.digest[:12]}…"

    @admin.display(description=gettext_lazy("Grants"))
    def grants_shown(self, row: AccessReview) -> Any:
        """Link to the grants."""
        return rendering.list_link(AccessGrant, "What was looked at", review=row.pk)


class VerdictFilter(admin.SimpleListFilter):
    """What became of a grant."""

    title = gettext_lazy("verdict")
    parameter_name = "verdict"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the verdicts, and that there is none."""
        return [
            ("none", _("none yet")), ("kept", _("kept")), ("revoked", _("revoked")),
            ("suspended", _("suspended")),
        ]  # fmt: skip

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """Return the grants of which that became."""
        if self.value() == "none":
            return queryset.filter(verdict=None)
        return queryset.filter(verdict__kind=self.value()) if self.value() else queryset


@admin.register(AccessGrant)
class AccessGrantAdmin(ReadOnlyAdmin):
    """What people held when a review began, and what became of it."""

    list_display = (
        "user", "role_shown", "pipelines_shown", "verdict_shown", "by", "at", "why", "review",
    )  # fmt: skip
    list_select_related = ("user", "review", "verdict", "verdict__actor")
    list_filter = (VerdictFilter, of_person("user"))
    ordering = ("-id",)
    ids = ("id", "review")
    lookups = ("review", "user")
    search_help_text = gettext_lazy("The id of a grant or of a review.")
    fields = (
        "review", "user", "role_shown", "permissions", "pipelines_shown", "verdict_shown", "by",
        "at", "why", "id",
    )  # fmt: skip

    def readable(self, rows: "QuerySet[Any]", principal: Principal) -> "QuerySet[Any]":
        """Return the grants of reviews within reach."""
        return rows.filter(review__in=access.reviews(principal).values("pk"))

    @admin.display(description=gettext_lazy("Role"))
    def role_shown(self, row: AccessGrant) -> str:
        """Return the role."""
        return row.role or _("administrator")

    @admin.display(description=gettext_lazy("Pipelines"))
    def pipelines_shown(self, row: AccessGrant) -> str:
        """Return the pipelines in which the role counted."""
        return ", ".join(row.pipelines) or rendering.NOTHING

    @admin.display(description=gettext_lazy("Verdict"))
    def verdict_shown(self, row: AccessGrant) -> str:
        """Return what became of it."""
        verdict = getattr(row, "verdict", None)
        return verdict.get_kind_display() if verdict else rendering.NOTHING

    @admin.display(description=gettext_lazy("By"))
    def by(self, row: AccessGrant) -> Any:
        """Return who judged it."""
        verdict = getattr(row, "verdict", None)
        return (verdict and verdict.actor) or rendering.NOTHING

    @admin.display(description=gettext_lazy("At"))
    def at(self, row: AccessGrant) -> Any:
        """Return when it was judged."""
        verdict = getattr(row, "verdict", None)
        return verdict.at if verdict else rendering.NOTHING

    @admin.display(description=gettext_lazy("Why"))
    def why(self, row: AccessGrant) -> str:
        """Return the reason."""
        verdict = getattr(row, "verdict", None)
        return verdict.reason if verdict else rendering.NOTHING
