"""Forms of configuration: each asks why, and each that stands for a document is checked as one."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils import timezone

from governance.domain import documents
from governance.selectors.policies import known

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Any]
else:
    ModelForm = forms.ModelForm

LONGEST_REASON = 500


def now() -> datetime:
    """Return the time of the act that a form asks for."""
    return timezone.now()


class ReasonField(forms.CharField):
    """Why something changes; required, and kept with the change."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_length=LONGEST_REASON,
            label="Reason",
            help_text="Why this changes. It is kept in the history with your name.",
            widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
            error_messages={"required": "Say why: a change without a reason is refused."},
            **kwargs,
        )


class ReasonForm(ModelForm):
    """A configuration row with the reason of its change."""

    reason = ReasonField()


class ActForm(forms.Form):
    """What an act without fields of its own asks for: the reason."""

    reason = ReasonField()


class PrettyJSONField(forms.JSONField):
    """JSON, indented so that it can be read."""

    widget = forms.Textarea(attrs={"rows": 12, "cols": 60, "class": "json", "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        """Return what is typed or stored as text."""
        if isinstance(value, dict | list):
            return json.dumps(value, indent=2, ensure_ascii=False)
        return super().prepare_value(value)


class WordsField(forms.CharField):
    """A list of words, written with commas."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Return the words with commas between them."""
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """Return the words as a list."""
        text = super().to_python(value)
        return [word for word in re.split(r"[,\s]+", text or "") if word]

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Return whether the words differ."""
        return bool(self.to_python(data) != (initial or []))


class LinesField(forms.CharField):
    """A list of texts, one on a line."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": 4}))
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Return the lines as text."""
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """Return the lines that say something."""
        text = super().to_python(value)
        return [line.strip() for line in (text or "").splitlines() if line.strip()]


class DocumentForm(ReasonForm):
    """A form that stands for a document of `kind`, so that both are checked by the same rules.

    `places` says at which field a fault stands whose pointer starts otherwise.
    """

    kind: ClassVar[str]
    named: ClassVar[str] = "slug"
    places: ClassVar[Mapping[str, str]] = {}

    def source(self) -> dict[str, Any]:
        """Return the document that the cleaned fields say."""
        raise NotImplementedError

    def name(self) -> str:
        """Return the name that the document goes by; one that exists keeps it."""
        return str(self.cleaned_data.get(self.named) or getattr(self.instance, self.named))

    def key(self) -> dict[str, str]:
        """Return the lookup of the row that the document stands for."""
        return {self.named: self.name()}

    def clean(self) -> dict[str, Any] | None:
        """Check the document as a whole; every fault is shown at its field."""
        cleaned = super().clean()
        if not self.errors:
            self.check()
        return cleaned

    def check(self) -> None:
        """Add the faults of the document to the fields where they stand."""
        try:
            documents.validate([{"kind": self.kind, **self.source()}], known())
        except documents.InvalidDocuments as error:
            for fault in error.faults:
                self.add_error(*self._placed(fault.pointer.removeprefix("/0/"), fault.detail))

    def _placed(self, pointer: str, detail: str) -> tuple[str | None, str]:
        for start, field in self.places.items():
            if pointer == start or pointer.startswith(f"{start}/"):
                return field, detail
        first = pointer.partition("/")[0]
        return (first, detail) if first in self.fields else (None, f"{pointer}: {detail}")


def offer(form: Any, field: str, words: Sequence[str], used: Sequence[str]) -> None:
    """Let a text field of a form class be chosen from `words`, keeping what is `used` already."""
    if field not in form.base_fields:
        return
    gone = sorted({word for word in used if word and word not in words})
    choices = [("", "---------"), *((word, word) for word in words)]
    choices += [(word, f"{word} (does not exist)") for word in gone]
    form.base_fields[field].widget = forms.Select(choices=choices)
