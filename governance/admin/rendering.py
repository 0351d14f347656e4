"""How values, differences and links are shown on pages of the admin; everything is escaped."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import models
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import ngettext

from governance.domain.documents import wording
from governance.domain.times import parse_duration

LONGEST = 20_000
NOTHING = "\u2013"
EMPTY = "(empty)"
# Characters that change how the text around them is drawn, and so could deceive who reads it.
SPANS = ((0x061C, 0x061D), (0x200B, 0x2010), (0x202A, 0x202F), (0x2060, 0x206A), (0xFEFF, 0xFF00))
HIDING = {code: f"\\u{code:04x}" for low, high in SPANS for code in range(low, high)}


def text_of(value: Any) -> str:
    """Return a JSON value as indented text, hiding characters written out, cut at LONGEST."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str).translate(HIDING)
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}\n… {len(text) - LONGEST:,} characters more"


def as_json(value: Any) -> SafeString:
    """Return a JSON value as a block of text."""
    if value in (None, {}, []):
        return format_html("{}", NOTHING)
    return format_html('<pre class="json" dir="ltr" tabindex="0">{}</pre>', text_of(value))


def as_text(value: str) -> SafeString:
    """Return text with its line breaks, its direction kept apart from that of the page."""
    if not value:
        return format_html("{}", NOTHING)
    return format_html('<div class="prose"><bdi>{}</bdi></div>', value.translate(HIDING)[:LONGEST])


def as_lines(value: str) -> SafeString:
    """Return text whose lines and indents matter, such as a traceback, as a block."""
    if not value:
        return format_html("{}", NOTHING)
    text = value.translate(HIDING)[:LONGEST]
    return format_html('<pre class="json" dir="ltr" tabindex="0">{}</pre>', text)


def as_code(value: Any) -> SafeString:
    """Return a digest, an id or an expression in a fixed-width font."""
    return format_html("<code>{}</code>", value if value not in (None, "") else NOTHING)


def length(amount: str | timedelta) -> str:
    """Return a length of time in words, in hours at most: a day of business time has no one length.

    ISO 8601 text that is no duration is shown as it is.
    """
    try:
        span = parse_duration(amount) if isinstance(amount, str) else abs(amount)
    except ValueError:
        return str(amount)
    minutes, rest = divmod(span, timedelta(minutes=1))
    hours, minutes = divmod(minutes, 60)
    seconds = rest.total_seconds()
    parts = [
        ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": f"{hours:,}"} if hours else "",
        ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes} if minutes else "",
        ngettext("%(n)s second", "%(n)s seconds", int(seconds)) % {"n": f"{seconds:g}"}
        if seconds or not (hours or minutes)
        else "",
    ]
    return " ".join(part for part in parts if part)


def short(value: Any, length: int = 80) -> str:
    """Return a JSON value on one line of at most `length` characters."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = text.translate(HIDING)
    return text if len(text) <= length else f"{text[: length - 1]}…"


def address(row: models.Model) -> str | None:
    """Return the address of a row's page, or None where it has none."""
    meta = row._meta
    try:
        return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])
    except NoReverseMatch:
        return None


def link(row: models.Model | None, text: str = "") -> SafeString:
    """Return a link to a row's page, or its name where it has none."""
    if row is None:
        return format_html("{}", NOTHING)
    place = address(row)
    if place is None:
        return format_html("{}", text or row)
    return format_html('<a href="{}">{}</a>', place, text or row)


def key_link(model: type[models.Model], key: Any, text: str = "") -> SafeString:
    """Return a link to the page of a row that need not be read, by its key."""
    meta = model._meta
    place = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[key])
    return format_html('<a href="{}">{}</a>', place, text or key)


def list_link(model: type[models.Model], text: str, **lookups: Any) -> SafeString:
    """Return a link to the list of `model`, narrowed by `lookups`."""
    meta = model._meta
    place = reverse(
        f"admin:{meta.app_label}_{meta.model_name}_changelist",
        query={name: str(value) for name, value in lookups.items()},
    )
    return format_html('<a href="{}">{}</a>', place, text)


def as_changes(changes: Sequence[Mapping[str, Any]]) -> SafeString:
    """Return the differences of two documents as a table, path by path."""
    if not changes:
        return format_html("{}", "No difference")
    rows = format_html_join(
        "",
        '<tr><th scope="row"><code>{}</code></th><td>{}</td><td>{}</td></tr>',
        ((change["path"], _side(change, "old"), _side(change, "new")) for change in changes),
    )
    return format_html(
        '<div class="scroll" tabindex="0"><table class="changes"><thead><tr>'
        '<th scope="col">Path</th><th scope="col">Before</th><th scope="col">After</th>'
        "</tr></thead><tbody>{}</tbody></table></div>",
        rows,
    )


def beside(change: Mapping[str, Any]) -> tuple[SafeString, SafeString]:
    """Return both sides of a difference, marked where the words of one are not those of the other.

    A side on which there is nothing says so.
    """
    if "old" not in change or "new" not in change:
        return _side(change, "old"), _side(change, "new")
    old, new = (_shown(change[side]) for side in ("old", "new"))
    before, after = wording.marked(old, new)
    return _pieces(before, "del"), _pieces(after, "ins")


def _pieces(spans: Sequence[wording.Span], tag: str) -> SafeString:
    if not spans:
        return format_html('<span class="absent">{}</span>', EMPTY)
    return format_html_join(
        "",
        "{}{}{}",
        (
            (SafeString(f"<{tag}>"), span.text, SafeString(f"</{tag}>"))
            if span.changed
            else ("", span.text, "")
            for span in spans
        ),
    )


def _shown(value: Any) -> str:
    return value.translate(HIDING)[:LONGEST] if isinstance(value, str) else text_of(value)


def _side(change: Mapping[str, Any], side: str) -> SafeString:
    if side not in change:
        return format_html('<span class="absent">{}</span>', NOTHING)
    text = _shown(change[side])
    tag = "del" if side == "old" else "ins"
    return format_html("<{}>{}</{}>", SafeString(tag), text or EMPTY, SafeString(tag))
