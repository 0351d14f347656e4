"""The page that draws a week of a calendar and shows when an example would be due.

It looks at the current version, or at a form that was sent and not saved; it writes nothing.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.admin import week_drawing
from governance.admin.base import administers
from governance.admin.configuration import DocumentAdmin
from governance.admin.week_drawing import Example
from governance.domain import documents, strict_json
from governance.domain.business_time import DAY, FIRST_YEAR, LAST_YEAR, Calendar
from governance.domain.documents import InvalidDocuments
from governance.domain.times import parse_duration
from governance.exceptions import DomainError
from governance.selectors import calendars, clock
from governance.selectors.policies import known

if TYPE_CHECKING:
    Base = DocumentAdmin
else:
    Base = object

WEEK = 7 * DAY
EXAMPLE = "PT4H"


def _in_range(moment: Any) -> Any:
    """Return a date or time within the years of calendars, with a week of room on both sides."""
    if not FIRST_YEAR < moment.year < LAST_YEAR:
        raise forms.ValidationError(
            _("Give a time from %(first)s to %(last)s.")
            % {"first": FIRST_YEAR + 1, "last": LAST_YEAR - 1}
        )
    return moment


class LocalTimeField(forms.CharField):
    """A date and a time on the clock of the calendar's place."""

    def clean(self, value: Any) -> Any:
        """Return the time, without a zone."""
        text = super().clean(value)
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            found = None
        if found is None or found.tzinfo:
            raise forms.ValidationError(_("Give a time as 2026-12-24T16:00, without a zone."))
        return _in_range(found)


class ExampleForm(forms.Form):
    """An example, and the day whose week is drawn: that of the start when none is chosen."""

    start = LocalTimeField(label=gettext_lazy("Starts"), max_length=40)
    target = forms.CharField(label=gettext_lazy("Target"), max_length=40)
    day = forms.DateField(label=gettext_lazy("Draw the week of"), required=False)

    def clean_target(self) -> str:
        """Refuse what is no length of time, and nothing."""
        text: str = self.cleaned_data["target"].strip()
        try:
            wanted = parse_duration(text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None
        if not wanted:
            raise forms.ValidationError(_("A target is longer than nothing, as PT4H is."))
        return text

    def clean_day(self) -> Any:
        """Refuse a day outside the years that calendars know."""
        day = self.cleaned_data["day"]
        return _in_range(day) if day else None


class Previewing(Base):
    """The page itself, and the way to it from the form."""

    change_form_template = "admin/governance/calendar/change_form.html"

    def get_urls(self) -> Any:
        """Return the addresses, with those of the preview."""
        view = self.admin_site.admin_view(self.preview_view)
        return [
            path("add/preview/", view, name="governance_calendar_preview_new"),
            path("<path:object_id>/preview/", view, name="governance_calendar_preview"),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> Any:
        """Show the form with a button that looks at what it says."""
        shown = {"preview": reverse("admin:governance_calendar_preview_new")}
        return super().add_view(request, form_url, shown | (extra_context or {}))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Show the form with a way to the preview, and a button that looks at what it says."""
        address = reverse("admin:governance_calendar_preview", args=[object_id])
        shown = {"tools": [{"link": address, "title": _("Preview")}], "preview": address}
        return super().change_view(request, object_id, form_url, shown | (extra_context or {}))

    def preview_view(self, request: HttpRequest, object_id: str | None = None) -> HttpResponse:
        """Show the page; a POST is a form that was not saved, or the document of one."""
        row = self.found(request, object_id) if object_id else None
        if request.method == "POST":
            if not administers(request):
                raise PermissionDenied
            return self._unsaved(request, row)
        if row is None:
            raise Http404
        try:
            current = calendars.published(row.slug)
            shown = {"version": current.number, **_shown(current.hours, request.GET)}
        except DomainError as refusal:
            messages.error(request, refusal.detail)
            return HttpResponseRedirect(self.row_address(row))
        return self._page(request, row, _("Preview of %(slug)s") % {"slug": row.slug}, shown)

    def _unsaved(self, request: HttpRequest, row: Any) -> HttpResponse:
        try:
            (parsed,) = documents.validate([self._source(request, row)], known())
            shown = _shown(Calendar.from_document(parsed.document), request.POST)
        except _Refused as refusal:
            return self._page(request, row, _("Preview"), {"faults": refusal.args[0]})
        except InvalidDocuments as error:
            faults = [f"{f.pointer.removeprefix('/0/')}: {f.detail}" for f in error.faults]
            return self._page(request, row, _("Preview"), {"faults": faults})
        except DomainError as refusal:
            return self._page(request, row, _("Preview"), {"faults": [refusal.detail]})
        document = json.dumps({"slug": parsed.slug, **parsed.document})
        title = _("Preview of %(slug)s, not saved") % {"slug": parsed.slug}
        return self._page(request, row, title, {"document": document, **shown})

    def _source(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """Return the document of a form that was sent, or the one that was looked at before."""
        if "document" in request.POST:
            return {**_object(request.POST["document"]), "kind": "Calendar"}
        sent = request.POST.copy()
        # Why it changes is asked when it is saved.
        sent["reason"] = _("Preview")
        form: Any = self.get_form(request, row, change=row is not None)(sent, instance=row)
        if not form.is_valid():
            raise _Refused(
                [
                    f"{form[name].label}: {text}" if name in form.fields else str(text)
                    for name, texts in form.errors.items()
                    for text in texts
                ]
            )
        return {**form.source(), "kind": "Calendar"}

    def _page(
        self, request: HttpRequest, row: Any, title: str, shown: Mapping[str, Any]
    ) -> TemplateResponse:
        return TemplateResponse(
            request,
            "admin/governance/calendar/preview.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts, "original": row, "title": title, "media": self.media, **shown,
            },
        )  # fmt: skip


class _Refused(Exception):
    """A form is not valid; the faults are its only argument."""


def _object(text: str) -> dict[str, Any]:
    try:
        found = strict_json.parse(text.encode())
    except strict_json.MalformedJSON as error:
        raise _Refused([str(error)]) from None
    return found if isinstance(found, dict) else {}


def _shown(calendar: Calendar, sent: Any) -> dict[str, Any]:
    """Return what the page shows of a calendar for what was asked, if anything was."""
    with calendars.usable():
        here = clock.now().astimezone(calendar.zone).replace(tzinfo=None, second=0, microsecond=0)
        first = {"start": here.isoformat(timespec="minutes"), "target": EXAMPLE}
        form = ExampleForm(sent if "start" in sent else first)
        example, start = None, here
        if form.is_valid():
            start = form.cleaned_data["start"]
            example = Example(calendar, start, parse_duration(form.cleaned_data["target"]))
        chosen = _week(sent) or form.cleaned_data.get("day")
        day = chosen or start.date()
        monday = day - day.weekday() * DAY
        return {
            "form": form,
            "example": example,
            "steps": example.steps() if example else [],
            "zone": calendar.timezone,
            "columns": week_drawing.columns(calendar, monday, example),
            "monday": monday,
            "sunday": monday + 6 * DAY,
            "chosen": monday if chosen else None,
            "earlier": (monday - WEEK).isoformat(),
            "later": (monday + WEEK).isoformat(),
        }


def _week(sent: Any) -> date | None:
    """Return the week that a button asks for."""
    try:
        day = date.fromisoformat(sent.get("week", ""))
    except ValueError:
        return None
    return day if FIRST_YEAR < day.year < LAST_YEAR else None
