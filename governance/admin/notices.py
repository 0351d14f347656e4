"""The notice to reviewers: its versions, who read them, and writing another."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.admin import rendering
from governance.admin.base import ReadOnlyAdmin, acting, administers
from governance.admin.configuration import Acts, posted
from governance.admin.filters import of_person
from governance.admin.forms import now
from governance.models import NoticeAcknowledgement, ReviewerNotice
from governance.selectors import notices as selector
from governance.services import notices


class NoticeForm(forms.Form):
    """What reviewers are told, and why it changes."""

    text = forms.CharField(
        max_length=notices.LONGEST, label=gettext_lazy("What reviewers are told"),
        widget=forms.Textarea(attrs={"rows": 18}),
    )  # fmt: skip
    reason = forms.CharField(max_length=500, label=gettext_lazy("Why it changes"))


@admin.register(ReviewerNotice)
class ReviewerNoticeAdmin(Acts, ReadOnlyAdmin):
    """What reviewers are told is measured of their work; the highest version is in force."""

    change_form_template = "admin/configuration/change_form.html"
    stream = "reviewer-notice"
    list_display = ("number", "written_at", "written_by", "read_by")
    list_select_related = ("written_by",)
    unlisted = ("text",)
    ordering = ("-number",)
    ids = ("id",)
    search_help_text = gettext_lazy("The id of a version.")
    fields = (
        ("number", "written_at", "written_by"), "text_shown", "read_by", "ledger", "id",
    )  # fmt: skip

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether who asks may write another version."""
        return administers(request)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Bring another text into force."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = NoticeForm(posted(request), initial={"text": selector.current().text})
        if form.is_valid() and (row := self._written(request, form)):
            messages.success(request, _("It is in force; every reviewer is shown it."))
            return HttpResponseRedirect(self.row_address(row))
        return self.act_page(
            request, None, form, title=_("Another notice to reviewers"),
            label=_("Bring into force"),
            lead=_("Each reviewer is shown it on their first page until they say they read it."),
        )  # fmt: skip

    def _written(self, request: HttpRequest, form: forms.Form) -> Any:
        said = form.cleaned_data
        return self.tried(
            form,
            lambda: notices.write(
                actor=acting(request), text=said["text"], reason=said["reason"], now=now()
            ),
        )

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Show a version."""
        shown = {"tools": [], "no_history": True} | (extra_context or {})
        return super().change_view(request, object_id, form_url, shown)

    @admin.display(description=gettext_lazy("Text"))
    def text_shown(self, row: ReviewerNotice) -> Any:
        """Return the text."""
        return rendering.as_text(row.text)

    @admin.display(description=gettext_lazy("Read by"))
    def read_by(self, row: ReviewerNotice) -> Any:
        """Link to who said that they read it."""
        words = str(row.acknowledgements.count())
        return rendering.list_link(NoticeAcknowledgement, words, q=row.pk)


@admin.register(NoticeAcknowledgement)
class NoticeAcknowledgementAdmin(ReadOnlyAdmin):
    """Who said that they read which version, and when."""

    list_display = ("at", "person", "notice")
    list_select_related = ("person", "notice")
    list_filter = (of_person("person"),)
    date_hierarchy = "at"
    ordering = ("-id",)
    ids = ("id", "notice")
    search_help_text = gettext_lazy("The id of a version of the notice.")
    fields = (("person", "notice", "at"), "id")
