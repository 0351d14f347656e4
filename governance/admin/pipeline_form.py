"""The form of a pipeline: what stands in its `settings` is asked for in fields of its own."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.admin.forms import ReasonForm
from governance.admin.rendering import NOTHING, as_code
from governance.domain.documents.pipeline import SAFE_DEFAULTS, needing_default
from governance.models import Pipeline, SLAPolicy
from governance.services import rows

# As many as a document may have, and how many empty ones a form offers.
MOST = 50
SPARE = 3
SECTIONS = ("gold", "privacy")
SAFE_WORDS = {
    "hold": gettext_lazy("Hold it until somebody decides"),
    "deny": gettext_lazy("Deny it"),
}
WHEN = {"rows": 2, "cols": 34, "class": "expression"}


def names(number: int) -> tuple[str, str]:
    """Return the fields of one conditional SLA policy."""
    return f"sla_{number}_policy", f"sla_{number}_when"


def offered(entries: Sequence[Mapping[str, Any]], sent: Mapping[str, Any] | None) -> int:
    """Return how many conditional SLA policies a form offers: those there are, and some more."""
    if sent is not None:
        numbers = [n for n in range(1, MOST + 1) if any(name in sent for name in names(n))]
        if numbers:
            return max(numbers)
    return min(len(_conditional(entries)) + SPARE, MOST)


def fields(number: int) -> tuple[Any, ...]:
    """Return what the form shows of SLA policies, with so many conditional ones."""
    return (*(names(n) for n in range(1, number + 1)), "sla_default", "safe_default")


def sections(row: Pipeline) -> dict[str, Any]:
    """Return what else stands in the settings of a pipeline."""
    return {name: row.settings[name] for name in SECTIONS if name in row.settings}


def listed(row: Pipeline) -> SafeString:
    """Return the SLA policies of a pipeline in words, in their order."""
    entries = row.settings.get("slas") or []
    lines = (
        (
            entry.get("policy"),
            _("otherwise") if entry.get("default") else as_code(entry.get("when")),
        )
        for entry in entries
    )
    shown = format_html_join("", "<li>{}: {}</li>", lines)
    return format_html("<ol>{}</ol>", shown) if entries else format_html("{}", NOTHING)


def place(entries: Sequence[Mapping[str, Any]], rest: Sequence[str]) -> str:
    """Return the field at which a fault of the list stands whose pointer goes on with `rest`."""
    index = int(rest[0]) if rest and rest[0].isdigit() else len(entries)
    if index >= len(entries) or entries[index].get("default"):
        return "sla_default"
    return f"sla_{index + 1}_{'when' if rest[1:2] == ['when'] else 'policy'}"


def _conditional(entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [entry for entry in entries if not entry.get("default")]


class PipelineForm(ReasonForm):
    """A pipeline; its SLA policies are rows in their order, and exactly one is the default."""

    sla_default = forms.CharField(
        required=False,
        label=gettext_lazy("Otherwise"),
        help_text=gettext_lazy("Followed where no condition above holds: the default."),
    )
    safe_default = forms.ChoiceField(
        choices=[(word, SAFE_WORDS[word]) for word in SAFE_DEFAULTS],
        required=False,
        label=gettext_lazy("Unreviewed"),
        help_text=gettext_lazy(
            "What the pipeline is told of an item that nobody reviewed in time. Never an approval."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "sla_default" not in self.fields:
            return
        kept = self.instance.settings or {}
        entries = kept.get("slas") or []
        self.initial["settings"] = sections(self.instance)
        self.initial["safe_default"] = kept.get("safe_default", "hold")
        for number, entry in enumerate(_conditional(entries), 1):
            policy, when = names(number)
            self.initial.update({policy: entry.get("policy"), when: entry.get("when")})
        default = next((e.get("policy") for e in entries if e.get("default")), "")
        self.initial["sla_default"] = default
        shown = offered(entries, self.data if self.is_bound else None)
        for number in range(shown + 1, MOST + 1):
            for name in names(number):
                self.fields.pop(name, None)
        self._offer_policies([entry.get("policy") for entry in entries])

    def _offer_policies(self, used: Sequence[Any]) -> None:
        there = list(SLAPolicy.objects.order_by("slug").values_list("slug", flat=True))
        gone = sorted({word for word in used if word and word not in there})
        choices = [("", "---------"), *((word, word) for word in there)]
        choices += [(word, _("%(slug)s (does not exist)") % {"slug": word}) for word in gone]
        for name in self.fields:
            if name == "sla_default" or name.endswith("_policy"):
                self.fields[name].widget = forms.Select(choices=choices)

    def clean(self) -> dict[str, Any] | None:
        """Put the fields back together as the settings of the row."""
        cleaned = super().clean()
        if cleaned is None or "sla_default" not in self.fields:
            return cleaned
        entries = self._entries(cleaned)
        if self._sections(cleaned):
            cleaned["settings"] = {
                **(cleaned.get("settings") or {}),
                "slas": entries,
                "safe_default": cleaned.get("safe_default") or "hold",
            }
        return cleaned

    def _sections(self, cleaned: Mapping[str, Any]) -> bool:
        given = cleaned.get("settings") or {}
        if not isinstance(given, dict):
            self.add_error("settings", _("This is an object with the sections gold and privacy."))
            return False
        if odd := sorted(given.keys() - set(SECTIONS)):
            told = {"names": ", ".join(odd)}
            self.add_error("settings", _("Only gold and privacy stand here, not %(names)s.") % told)
        return "settings" not in self.errors

    def _entries(self, cleaned: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the SLA policies in their order, the default last."""
        found: list[dict[str, Any]] = []
        for number in range(1, MOST + 1):
            policy, when = (cleaned.get(name) or "" for name in names(number))
            if policy and when:
                found.append({"policy": policy, "when": when, "default": False})
            elif policy:
                self.add_error(names(number)[1], _("An empty condition never holds: say when."))
            elif when:
                self.add_error(names(number)[0], _("Choose the SLA policy to follow then."))
        if default := cleaned.get("sla_default"):
            return [*found, {"policy": default, "when": "", "default": True}]
        if found:
            self.add_error("sla_default", _("Exactly one SLA policy is the default: choose it."))
        elif self.initial.get("sla_default") and (tiers := self._that_need_it()):
            told = {"tiers": ", ".join(tiers)}
            self.add_error(
                "sla_default",
                _(
                    "The only default stays: these tiers name no SLA policy: %(tiers)s. "
                    "Give each one of its own, or keep the default."
                )
                % told,
            )
        return found

    def _that_need_it(self) -> list[str]:
        return needing_default(rows.document_of(self.instance))


for _number in range(1, MOST + 1):
    _policy, _when = names(_number)
    PipelineForm.declared_fields[_policy] = forms.CharField(
        required=False, label=gettext_lazy("Follow")
    )
    PipelineForm.declared_fields[_when] = forms.CharField(
        required=False, label=gettext_lazy("when"), widget=forms.Textarea(attrs=WHEN),
        max_length=2000,
    )  # fmt: skip
