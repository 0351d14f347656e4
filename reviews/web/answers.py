"""The form of an answer: its fields from a question, and an answer from what was sent."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from governance.domain.strict_json import escape

NAMES = {"choice": "label", "multiple_choice": "labels", "text": "text"}
ONE_VALUE = ("text", "number", "boolean")
FILTER_FROM = 10
LARGEST = 2.0**53


@dataclass(frozen=True)
class Option:
    """One choice; `score` is the model's, where it may be seen."""

    value: str
    chosen: bool
    score: float | None = None
    predicted: bool = False


@dataclass(frozen=True)
class AnswerField:
    """One control of an answer. `pointer` is where the service reports what is wrong with it."""

    name: str
    pointer: str
    kind: str
    label: str
    options: list[Option] = field(default_factory=list)
    value: Any = ""
    allow_other: bool = False
    other: str = ""

    @property
    def filterable(self) -> bool:
        """Whether there are so many choices that one looks for them by typing."""
        return len(self.options) >= FILTER_FROM


def fields_of(
    question: Mapping[str, Any],
    *,
    answer: Any = None,
    predicted: Any = None,
    scores: Any = None,
    first: Collection[Any] = (),
) -> list[AnswerField]:
    """Return the controls of a question, set to `answer`; blind without `predicted` and `scores`.

    The choices in `first` come first, then the likeliest where scores are given.
    """
    answer = answer if isinstance(answer, Mapping) else {}
    predicted = predicted if isinstance(predicted, Mapping) else {}
    if question["kind"] == "fields":
        return [
            _field(entry, entry["name"], entry["name"], answer.get(entry["name"]),
                   predicted.get(entry["name"]), {})
            for entry in question["fields"]
        ]  # fmt: skip
    name = NAMES.get(question["kind"], "value")
    if name not in answer and question["kind"] in ONE_VALUE and len(answer) == 1:
        answer = {name: next(iter(answer.values()))}
    known = scores if isinstance(scores, Mapping) else {}
    lone = _field(question, name, "", answer.get(name), predicted.get(name), known)
    lone.options.sort(key=lambda option: option.value not in first)
    return [lone]


def _field(
    entry: Mapping[str, Any],
    name: str,
    label: str,
    value: Any,
    predicted: Any,
    scores: Mapping[str, Any],
) -> AnswerField:
    chosen = value if isinstance(value, list) else [value]
    options = [
        Option(choice, choice in chosen, _score(scores.get(choice)), choice == predicted)
        for choice in entry["choices"]
    ]
    options.sort(key=lambda option: -(option.score or 0))
    others = [v for v in chosen if isinstance(v, str) and v and v not in entry["choices"]]
    return AnswerField(
        name=f"answer.{name}",
        pointer=f"/answer/{escape(name)}",
        kind=entry["kind"],
        label=label,
        options=options,
        value="" if value is None else value,
        allow_other=bool(entry.get("allow_other")),
        other=", ".join(others),
    )


def labels(answer: Any) -> list[str]:
    """Return the choices that an answer names."""
    values = answer.values() if isinstance(answer, Mapping) else ()
    flat = (part for value in values for part in (value if isinstance(value, list) else [value]))
    return [part for part in flat if isinstance(part, str)]


def _score(value: Any) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and math.isfinite(value) else None


def read(question: Mapping[str, Any], data: QueryDict, output: Any) -> dict[str, Any] | None:
    """Return the answer that a form holds; None when nothing of it was filled in.

    `output` only names the member that a lone value goes by, and says how its number is written.
    """
    if question["kind"] == "fields":
        found = {entry["name"]: _value(entry, entry["name"], data) for entry in question["fields"]}
        given = {name: value for name, value in found.items() if value is not None}
        return given or None
    name = key = NAMES.get(question["kind"], "value")
    value = _value(question, name, data)
    if value is None:
        return None
    if question["kind"] in ONE_VALUE and isinstance(output, Mapping) and len(output) == 1:
        key = next(iter(output))
        value = _as_written(value, output[key])
    return {key: value}


def _as_written(value: Any, predicted: Any) -> Any:
    """Return the predicted number where an equal one was typed: 3 and 3.0 are the same answer."""
    numbers = all(type(entry) in (int, float) for entry in (value, predicted))
    return predicted if numbers and value == predicted else value


def _value(entry: Mapping[str, Any], name: str, data: QueryDict) -> Any:
    sent = [text.replace("\r\n", "\n") for text in data.getlist(f"answer.{name}")]
    kind = entry["kind"]
    if kind in ("choice", "multiple_choice"):
        other = data.get(f"other.{name}", "").strip()
        if kind == "choice":
            return _one(sent, other)
        return _several(sent, other, none=f"none.{name}" in data)
    text = sent[-1] if sent else ""
    if not text.strip():
        return None
    if kind == "number":
        return number(text)
    return {"yes": True, "no": False}.get(text, text) if kind == "boolean" else text


def _one(sent: list[str], other: str) -> str | None:
    """Return the choice; the empty one stands for what was typed beside it."""
    chosen = sent[-1] if sent else None
    return (chosen or other or None) if chosen is not None else None


def _several(sent: list[str], other: str, *, none: bool) -> list[str] | None:
    values = [value for value in (*sent, other) if value]
    return values or ([] if none else None)


def number(text: str) -> Any:
    """Return the number that text is, or the text itself, which the service then refuses."""
    try:
        value = float(text.strip().replace("\u2212", "-"))
    except ValueError:
        return text
    if not math.isfinite(value) or abs(value) > LARGEST:
        return text
    return int(value) if value.is_integer() and not set(text) & set(".eE") else value


CERTAINTIES = (
    (0.5, _("A guess (50 %)")),
    (0.75, _("Likely (75 %)")),
    (0.9, _("Confident (90 %)")),
    (0.99, _("Certain (99 %)")),
)
