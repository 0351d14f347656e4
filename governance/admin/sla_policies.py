"""SLA policies, authored in a form that stands for their documents: targets and the ladder."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.admin import ladders, rendering
from governance.admin.base import administers
from governance.admin.clocks import VersionedAdmin
from governance.admin.configuration import posted
from governance.admin.forms import DocumentForm, WordsField
from governance.models import SLAPolicy

TARGETS = {
    "claim": gettext_lazy("Claim"),
    "decide": gettext_lazy("Decide"),
    "adjudicate": gettext_lazy("Adjudicate"),
    "signoff": gettext_lazy("Sign off"),
}
OPTIONS = ("start", "max_backdate", "max_pause_days", "reopen", "reopen_target")


class SLAPolicyForm(DocumentForm):
    """An SLA policy, each target a field and each level of its ladder a few."""

    kind = "SLAPolicy"
    places = {f"targets/{name}": name for name in TARGETS} | {"targets": "claim"}

    at_risk = WordsField(
        label=gettext_lazy("At risk at"),
        help_text=gettext_lazy("Shares of the time, ascending, as 0.75, 0.9."),
    )

    class Meta:
        model = SLAPolicy
        fields = ("slug", "calendar", *OPTIONS)
        labels = {
            "start": gettext_lazy("Clocks start"),
            "max_backdate": gettext_lazy("Before receipt by"),
            "max_pause_days": gettext_lazy("Longest pause"),
            "reopen": gettext_lazy("A reopened item has"),
            "reopen_target": gettext_lazy("Decide again within"),
        }
        help_texts = {
            "max_backdate": gettext_lazy(
                "As PT24H: at most so long before receipt, every hour counted."
            ),
            "max_pause_days": gettext_lazy("In working days; after them a pause ends by itself."),
            "reopen_target": gettext_lazy("As PT4H, after a reopening. Empty: as at first."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row = self.instance
        ladder = row.ladder or {}
        self.initial.update({name: (row.targets or {}).get(name, "") for name in TARGETS})
        self.initial.update(at_risk=row.at_risk or [], **ladders.initial(ladder))
        shown = ladders.offered(ladder, self.data if self.is_bound else None)
        for number in range(shown + 1, ladders.MOST + 1):
            for name in ladders.names(number):
                self.fields.pop(name, None)
        self._numbers: list[int] = []

    def source(self) -> dict[str, Any]:
        """Return the SLAPolicy document."""
        said = self.cleaned_data
        ladder, self._numbers = ladders.document(said)
        return {
            "slug": self.name(),
            "calendar": said["calendar"].slug,
            "targets": {name: said[name] for name in TARGETS if said[name]},
            "at_risk": [_number(word) for word in said["at_risk"]],
            "ladder": ladder,
            **{name: said[name] for name in OPTIONS},
        }

    def _placed(self, pointer: str, detail: str) -> tuple[str | None, str]:
        if pointer.startswith("ladder/"):
            return ladders.place(pointer, self._numbers), detail
        return super()._placed(pointer, detail)


for _target, _title in TARGETS.items():
    SLAPolicyForm.declared_fields[_target] = forms.CharField(
        required=False,
        label=_title,
        help_text=gettext_lazy(
            "As PT4H, in business time; P1D is 24 hours of it. Empty: no target."
        ),
    )
SLAPolicyForm.declared_fields.update(ladders.fields())


def _number(word: str) -> Any:
    try:
        return float(word)
    except ValueError:
        # The document's own check says what is wrong with it.
        return word


@admin.register(SLAPolicy)
class SLAPolicyAdmin(VersionedAdmin):
    """How soon people act; each change publishes a version."""

    form = SLAPolicyForm
    list_display = ("slug", "calendar", "targets_line", "levels", "current")
    list_select_related = ("calendar", "current")
    fieldsets = (
        (None, {"fields": ("slug", "calendar")}),
        (gettext_lazy("How soon"), {"fields": (*TARGETS, "at_risk")}),
        (gettext_lazy("What counts"), {"fields": OPTIONS}),
        (gettext_lazy("The ladder as a whole"), {"fields": ladders.SETTINGS}),
    )
    read_fields = (
        "slug", "calendar", "current", "targets_shown", "risk_shown", "start",
        "backdate_shown", "max_pause_days", "reopen", "again_shown", "ladder_shown",
    )  # fmt: skip

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the fieldsets; each level of the ladder has its own, folded while it is empty."""
        given = super().get_fieldsets(request, obj)
        if not administers(request):
            return given
        ladder = (obj.ladder or {}) if obj else {}
        there = len(ladder.get("levels") or ())
        levels = [
            (
                _("Ladder, level %(number)s") % {"number": number},
                {
                    "fields": ladders.names(number),
                    "classes": () if number <= max(there, 1) else ("collapse",),
                },
            )
            for number in range(1, ladders.offered(ladder, posted(request)) + 1)
        ]
        *before, whole, why = given
        return [*before, *levels, whole, why]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Show the form with a way to the page that applies the policy to what runs already."""
        tools = []
        row = self.get_object(request, unquote(object_id))
        if row is not None and (page := _page_of_clocks(row)):
            tools = [{"link": page, "title": _("Apply to running clocks")}]
        shown = {"tools": tools} | (extra_context or {})
        return super().change_view(request, object_id, form_url, shown)

    @admin.display(description=gettext_lazy("Targets"))
    def targets_line(self, row: SLAPolicy) -> str:
        """Return the targets on one line."""
        told = (f"{TARGETS[name]} {rendering.length(row.targets[name])}" for name in _set(row))
        return ", ".join(told) or rendering.NOTHING

    @admin.display(description=gettext_lazy("Levels"))
    def levels(self, row: SLAPolicy) -> int:
        """Return how many levels its ladder has."""
        return len((row.ladder or {}).get("levels") or ())

    @admin.display(description=gettext_lazy("Targets, in business time"))
    def targets_shown(self, row: SLAPolicy) -> SafeString:
        """Return the targets in words."""
        lines = (
            (title, rendering.length(row.targets[name]) if name in _set(row) else _("no target"))
            for name, title in TARGETS.items()
        )
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}: {}</li>", lines))

    @admin.display(description=gettext_lazy("At risk at"))
    def risk_shown(self, row: SLAPolicy) -> str:
        """Return the shares of time at which it warns."""
        return ", ".join(f"{share:.0%}" for share in row.at_risk) or rendering.NOTHING

    @admin.display(description=gettext_lazy("Before receipt by"))
    def backdate_shown(self, row: SLAPolicy) -> str:
        """Return how long before receipt a clock may start."""
        return rendering.length(row.max_backdate)

    @admin.display(description=gettext_lazy("Decide again within"))
    def again_shown(self, row: SLAPolicy) -> str:
        """Return the target after a reopening."""
        return rendering.length(row.reopen_target) if row.reopen_target else _("as at first")

    @admin.display(description=gettext_lazy("Ladder"))
    def ladder_shown(self, row: SLAPolicy) -> SafeString:
        """Return who is told from the breach on, and what is done."""
        return ladders.table(row.ladder or {})


def _page_of_clocks(row: SLAPolicy) -> str | None:
    """Return the address of a page that stands above this floor, where there is one."""
    try:
        return reverse("admin:reviews_slaclock_apply", args=[row.slug])
    except NoReverseMatch:
        return None


def _set(row: SLAPolicy) -> list[str]:
    return [name for name in TARGETS if (row.targets or {}).get(name)]
