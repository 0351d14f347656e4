"""The ladder of an SLA policy on its form and in words. A level is a few fields; an empty one none.

A form offers the levels that there are and a few more, so that it needs no script to grow.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from governance.admin import rendering
from governance.admin.forms import WordsField

# As many as a document may have, and how many empty ones a form offers.
MOST = 20
SPARE = 3
PARTS = ("delay", "basis", "notify", "actions")
SETTINGS = ("repeat", "ack_timeout", "catch_up", "final")
POINTER = re.compile(r"ladder/levels/(\d+)(?:/(\w+))?")
NAME = re.compile(r"level_(\d{1,2})_(?:delay|basis|notify|actions)")

Words = dict[str, str | Promise]
BASES: Words = {
    "calendar": gettext_lazy("Business time"),
    "wall": gettext_lazy("Every hour counts"),
}
ACTIONS: Words = {
    "notify": gettext_lazy("Tell them"),
    "reassign": gettext_lazy("Give the item to one of them"),
    "raise_priority": gettext_lazy("Raise its priority"),
    "add_reviewer": gettext_lazy("Ask one more reviewer"),
    "open_backup_queue": gettext_lazy("Move it to the backup queue"),
}
CATCH_UPS: Words = {
    "rebase": gettext_lazy("Begin with the first level"),
    "jump": gettext_lazy("Go to the highest level that is due, and tell those below it too"),
}
FINAL: Words = {
    "expire_unreviewed": gettext_lazy(
        "The item expires unreviewed; the pipeline gets its safe default"
    )
}


def fields() -> dict[str, forms.Field]:
    """Return the fields of every level that a form may offer, and of the ladder as a whole."""
    found: dict[str, forms.Field] = {}
    for number in range(1, MOST + 1):
        found |= {f"level_{number}_{part}": field for part, field in _level(number).items()}
    return found | {
        "repeat": forms.IntegerField(
            required=False, min_value=0, max_value=20, label=gettext_lazy("Repeats"),
            help_text=gettext_lazy("How often the levels begin again after the last one."),
        ),
        "ack_timeout": forms.CharField(
            required=False, label=gettext_lazy("Taken up for"),
            help_text=gettext_lazy(
                "As PT1H, in business time: who takes an escalation up has so long before the "
                "next level."
            ),
        ),
        "catch_up": forms.ChoiceField(
            required=False, choices=CATCH_UPS.items(), label=gettext_lazy("Found late"),
            help_text=gettext_lazy("What happens when nobody looked while the time ran out."),
        ),
        "final": forms.ChoiceField(
            required=False, choices=FINAL.items(), label=gettext_lazy("After the last level"),
            error_messages={
                "invalid_choice": gettext_lazy(
                    "A ladder ends in expire_unreviewed; it never ends in an approval."
                )
            },
        ),
    }  # fmt: skip


def _level(number: int) -> dict[str, forms.Field]:
    first = gettext_lazy("As PT30M, counted from the breach. Empty: at once.")
    later = gettext_lazy("As PT30M, counted from when the level before it fired. Empty: at once.")
    return {
        "delay": forms.CharField(
            required=False, label=gettext_lazy("After"), help_text=later if number > 1 else first
        ),
        "basis": forms.ChoiceField(
            required=False, choices=BASES.items(), label=gettext_lazy("Counted in")
        ),
        "notify": WordsField(
            label=gettext_lazy("Who"), widget=forms.TextInput(attrs={"class": "vTextField"}),
            help_text=gettext_lazy(
                "As role:lead, user:maria or administrators, with commas between them."
            ),
        ),
        "actions": forms.MultipleChoiceField(
            required=False, choices=ACTIONS.items(), label=gettext_lazy("What is done"),
            widget=forms.CheckboxSelectMultiple,
        ),
    }  # fmt: skip


def names(number: int) -> tuple[str, ...]:
    """Return the fields of a level."""
    return tuple(f"level_{number}_{part}" for part in PARTS)


def offered(ladder: Mapping[str, Any], sent: Mapping[str, Any] | None) -> int:
    """Return how many levels a form offers: as many as it was sent, or some more than there are."""
    if sent is not None and (numbers := [*_numbers(sent)]):
        return max(numbers)
    return min(len(ladder.get("levels") or ()) + SPARE, MOST)


def _numbers(sent: Mapping[str, Any]) -> Iterator[int]:
    for name in sent:
        match = NAME.fullmatch(name)
        if match and 1 <= int(match[1]) <= MOST:
            yield int(match[1])


def initial(ladder: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the fields say of a ladder; without one, what a new one begins with."""
    found = {
        f"level_{number}_{part}": level.get(part)
        for number, level in enumerate(ladder.get("levels") or (), 1)
        for part in PARTS
    }
    settings = {"repeat": 0, "ack_timeout": "PT1H", "catch_up": "rebase"} | dict(ladder)
    return found | {name: settings[name] for name in SETTINGS if name in settings}


def document(said: Mapping[str, Any]) -> tuple[dict[str, Any], list[int]]:
    """Return the ladder that cleaned fields say, and the number on the form of each of its levels.

    A level without a delay, people and actions is no level; without any there is no ladder.
    """
    levels, numbers = [], []
    for number in range(1, MOST + 1):
        parts = {part: said.get(f"level_{number}_{part}") for part in PARTS}
        if parts["delay"] or parts["notify"] or parts["actions"]:
            levels.append({part: value for part, value in parts.items() if value})
            numbers.append(number)
    if not levels:
        return {}, []
    settings = {name: said.get(name) for name in SETTINGS}
    given = {name: value for name, value in settings.items() if value not in (None, "")}
    return {"levels": levels, **given}, numbers


def place(pointer: str, numbers: list[int]) -> str | None:
    """Return the field at which a fault of the ladder stands."""
    if match := POINTER.match(pointer):
        part = match[2] if match[2] in PARTS else PARTS[0]
        return f"level_{numbers[int(match[1])]}_{part}"
    name = pointer.removeprefix("ladder/").partition("/")[0]
    return name if name in SETTINGS else None


def table(ladder: Mapping[str, Any]) -> SafeString:
    """Return a ladder in words: a row for each level, and what comes after the last."""
    levels = ladder.get("levels") or ()
    if not levels:
        return format_html("{}", _("Nobody is told."))
    rows = format_html_join(
        "",
        '<tr><th scope="row">{}</th><td>{}</td><td>{}</td><td>{}</td></tr>',
        ((number, _when(number, level), *_what(level)) for number, level in enumerate(levels, 1)),
    )
    return format_html(
        '<div class="scroll" tabindex="0"><table class="changes"><thead><tr>'
        '<th scope="col">{}</th><th scope="col">{}</th><th scope="col">{}</th>'
        '<th scope="col">{}</th></tr></thead><tbody>{}</tbody></table></div><ul>{}</ul>',
        _("Level"), _("When"), _("Who is told"), _("What is done"), rows,
        format_html_join("", "<li>{}</li>", ((line,) for line in _settings(ladder))),
    )  # fmt: skip


def _when(number: int, level: Mapping[str, Any]) -> str:
    length = rendering.length(level["delay"])
    if length == rendering.length("PT0S"):
        return _("At the breach") if number == 1 else _("At once after the level before it")
    wall = level.get("basis") == "wall"
    told = {"length": length, "number": number - 1}
    if number == 1:
        sentence = _("%(length)s after the breach") if wall else _(
            "%(length)s of business time after the breach"
        )  # fmt: skip
    else:
        sentence = _("%(length)s after level %(number)s") if wall else _(
            "%(length)s of business time after level %(number)s"
        )  # fmt: skip
    return sentence % told


def _what(level: Mapping[str, Any]) -> tuple[str, str]:
    who = ", ".join(level["notify"]) or rendering.NOTHING
    done = [str(ACTIONS.get(action, action)) for action in level["actions"]]
    return who, ", ".join(done) or rendering.NOTHING


def _settings(ladder: Mapping[str, Any]) -> Iterator[str]:
    repeat = ladder.get("repeat", 0)
    if repeat:
        yield ngettext(
            "The levels begin again %(n)s time.", "The levels begin again %(n)s times.", repeat
        ) % {"n": repeat}
    timeout = rendering.length(ladder.get("ack_timeout", "PT1H"))
    yield _("Who takes an escalation up has %(length)s of business time.") % {"length": timeout}
    late = CATCH_UPS.get(ladder.get("catch_up", "rebase"), "")
    yield _("Found late: %(what)s.") % {"what": late}
    yield _("After the last level: %(what)s.") % {
        "what": FINAL.get(ladder.get("final", ""), ladder.get("final", ""))
    }
