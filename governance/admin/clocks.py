"""Calendars, authored in a form that stands for their documents."""

import re
import zoneinfo
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from governance.admin import rendering
from governance.admin.base import acting
from governance.admin.calendar_preview import Previewing
from governance.admin.configuration import DocumentAdmin
from governance.admin.forms import DocumentForm, LinesField, WordsField, now
from governance.domain.business_time import WEEKDAYS
from governance.models import Calendar
from governance.services import removal

DAYS = dict(
    zip(
        WEEKDAYS,
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        strict=True,
    )
)
SPACE = re.compile(r"[,\s]+")


def zones() -> list[tuple[str, str]]:
    """Return the time zones to choose from."""
    return [(name, name) for name in sorted(zoneinfo.available_timezones())]


class CalendarForm(DocumentForm):
    """A calendar, each weekday a field."""

    kind = "Calendar"
    places = {"windows": "mon"} | {f"windows/{day}": day for day in WEEKDAYS}

    timezone = forms.ChoiceField(choices=zones, initial="UTC", label="Time zone")
    country = forms.CharField(
        required=False, max_length=3, label="Holidays of", help_text="A country as GB, or nothing."
    )
    subdivision = forms.CharField(
        required=False, max_length=64, help_text="A part of it as ENG, or nothing."
    )
    dates = WordsField(label="Or holidays on", help_text="Dates as 2026-12-24, with commas.")
    exceptions = LinesField(
        help_text="A line for each day: 2026-12-24 09:00-12:00. A date alone is a closed day."
    )

    class Meta:
        model = Calendar
        fields = ("slug", "timezone")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row = self.instance
        for day in WEEKDAYS:
            self.initial.setdefault(day, (row.windows or {}).get(day, []))
        if isinstance(row.holidays, dict):
            self.initial.update({n: row.holidays.get(n) for n in ("country", "subdivision")})
        else:
            self.initial["dates"] = row.holidays
        self.initial["exceptions"] = [
            " ".join([each["date"], *each["windows"]]) for each in row.exceptions or []
        ]

    def source(self) -> dict[str, Any]:
        """Return the Calendar document."""
        said = self.cleaned_data
        holidays: Any = said["dates"]
        if said["country"]:
            holidays = {"country": said["country"]}
            if said["subdivision"]:
                holidays["subdivision"] = said["subdivision"]
        return {
            "slug": self.name(),
            "timezone": said["timezone"],
            "windows": {day: said[day] for day in WEEKDAYS if said[day]},
            "holidays": holidays,
            "exceptions": [_exception(line) for line in said["exceptions"]],
        }

    def check(self) -> None:
        """Check the document, and that holidays are said in one way only."""
        if self.cleaned_data["country"] and self.cleaned_data["dates"]:
            self.add_error("dates", "Holidays are those of a country or a list of dates.")
        super().check()

    def _placed(self, pointer: str, detail: str) -> tuple[str | None, str]:
        if pointer == "holidays/subdivision":
            return "subdivision", detail
        if pointer.startswith("holidays"):
            return ("country" if self.cleaned_data.get("country") else "dates"), detail
        return super()._placed(pointer, detail)


def _exception(line: str) -> dict[str, Any]:
    date, *windows = SPACE.split(line.replace(": ", " "))
    return {"date": date, "windows": windows}


for _day, _title in DAYS.items():
    CalendarForm.declared_fields[_day] = WordsField(
        label=_title, help_text="As 09:00-12:00, 13:00-17:30; nothing: closed."
    )


class VersionedAdmin(DocumentAdmin):
    """What calendars and SLA policies have in common."""

    removable = True
    ordering = ("slug",)
    search_fields = ("slug",)
    lookups = ("slug",)
    unlisted = ("current__document", "current__diff")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep the slug of what exists: versions and the ledger name it."""
        kept = super().get_readonly_fields(request, obj)
        return (*kept, "slug") if obj else kept

    def remove(self, request: HttpRequest, row: Any, reason: str) -> None:
        """Take the row away when nothing refers to it."""
        removal.remove(row=row, actor=acting(request), reason=reason, now=now())

    def in_the_way(self, row: Any) -> list[str]:
        """Return what refers to the row."""
        return removal.users_of(row)


@admin.register(Calendar)
class CalendarAdmin(Previewing, VersionedAdmin):
    """Business time; each change publishes a version."""

    form = CalendarForm
    list_display = ("slug", "timezone", "current")
    list_select_related = ("current",)
    fieldsets = (
        (None, {"fields": ("slug", "timezone")}),
        ("Open", {"fields": WEEKDAYS}),
        ("Closed", {"fields": (("country", "subdivision"), "dates", "exceptions")}),
    )
    read_fields = (
        "slug", "timezone", "windows_shown", "holidays_shown", "exceptions_shown", "current",
    )  # fmt: skip

    @admin.display(description="Open")
    def windows_shown(self, row: Calendar) -> SafeString:
        """Return the weekly windows."""
        return rendering.as_json(row.windows)

    @admin.display(description="Holidays")
    def holidays_shown(self, row: Calendar) -> SafeString:
        """Return the holidays."""
        return rendering.as_json(row.holidays)

    @admin.display(description="Exceptions")
    def exceptions_shown(self, row: Calendar) -> SafeString:
        """Return the dated exceptions."""
        return rendering.as_json(row.exceptions)
