"""Filters of the pages: text from strangers made legible, times as words, shares as percent."""

import json
import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django import template
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.domain.times import parse_rfc3339
from reviews.domain.legible import Legible, Mark, Word, legible
from reviews.enums import ClockKind, PauseReason
from reviews.selectors.badges import Badge

register = template.Library()

MINUTE, HOUR, DAY = 60, 3600, 86_400
SOON = timedelta(minutes=30)
MAX_LABEL = 300
TERM = '<a class="term" href="#term-{0}" data-term="{0}" aria-describedby="meaning-{0}">{1}</a>'


class Due(NamedTuple):
    """A time as words, and how pressing it is: `ok`, `soon` or `late`."""

    words: str
    state: str


@register.filter
def instant(text: str) -> datetime:
    """Return the time that a document writes as text."""
    return parse_rfc3339(text)


@register.filter
def visible(value: Any) -> SafeString:
    """Return text with each character that hides or reorders shown as a badge."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return marked(legible(text))


@register.filter
def label(value: Any) -> SafeString:
    """Return an answer or a label in one line: its only member if it has one, else its JSON."""
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    if isinstance(value, bool):
        return format_html("{}", _("Yes") if value else _("No"))
    if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
        value = ", ".join(value) or _("none of them")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    short = text if len(text) <= MAX_LABEL else text[:MAX_LABEL] + "…"
    return format_html("<bdi>{}</bdi>", marked(legible(short)))


@register.filter
def marked(shown: Legible) -> SafeString:
    """Return the HTML of legible text; every piece of it is escaped."""
    return format_html_join("", "{}", ((_piece(piece),) for piece in shown.pieces))


def _piece(piece: str | Mark | Word) -> str:
    if isinstance(piece, str):
        return piece
    if isinstance(piece, Word):
        return format_html(TERM, piece.number, piece.text)
    times = f" \N{MULTIPLICATION SIGN}{piece.count}" if piece.count > 1 else ""
    return format_html('<span class="char" title="{}">{}{}</span>', piece.name, piece.code, times)


@register.filter
def due(at: datetime, now: datetime) -> Due:
    """Return how far off a deadline is, as `2 h 10 m left` or `overdue 1 h 30 m`."""
    left = at - now
    if left < timedelta(0):
        return Due(_("overdue %(time)s") % {"time": span(-left)}, "late")
    state = "soon" if left <= SOON else "ok"
    return Due(_("%(time)s left") % {"time": span(left)}, state)


@register.filter
def span(length: timedelta) -> str:
    """Return a length of time in its two largest units, such as `2 h 10 m`."""
    seconds = int(length.total_seconds())
    if seconds < MINUTE:
        return _("under 1 m")
    days, hours, minutes = seconds // DAY, seconds % DAY // HOUR, seconds % HOUR // MINUTE
    units = ((days, _("%(n)d d")), (hours, _("%(n)d h")), (minutes, _("%(n)d m")))
    largest = next(place for place, (number, _words) in enumerate(units) if number)
    told = [words % {"n": number} for number, words in units[largest : largest + 2] if number]
    return " ".join(told)


@register.filter
def tone(badge: Badge) -> str:
    """Return how pressing a clock is: `none`, `paused`, `late`, `soon` or `ok`."""
    if not badge.monitored:
        return "none"
    if badge.paused:
        return "paused"
    return "late" if badge.late else "soon" if badge.at_risk else "ok"


@register.filter
def words(badge: Badge) -> str:
    """Return how a clock stands in words, in business time."""
    state = tone(badge)
    if state == "none":
        return _("no target")
    if state == "paused":
        reason = badge.reason[:1].lower() + badge.reason[1:]
        return _("paused: %(reason)s") % {"reason": reason}
    if state == "late":
        return _over(badge) % {"time": span(-badge.left)}
    return _("%(time)s left") % {"time": span(badge.left)}


@register.filter
def countdown(badge: Badge) -> str:
    """Return the sentence of an overdue clock with `%s` for the time, for a script."""
    return _over(badge) % {"time": "%s"}


def _over(badge: Badge) -> str:
    """Return the sentence of an overdue clock: whether it counts less than the wall does."""
    wall = badge.wall
    if wall is not None and wall + badge.left >= timedelta(minutes=1):
        return _("overdue %(time)s (working time)")
    return _("overdue %(time)s")


@register.filter
def overdue(badge: Badge) -> str:
    """Return how much business time has passed since the target was used up."""
    return span(max(-badge.left, timedelta(0)))


@register.filter
def pause_words(reason: str) -> str:
    """Return a reason for a pause in words; an unknown one as it is."""
    return str(PauseReason(reason).label) if reason in PauseReason.values else reason


@register.filter
def clock_kind(kind: str) -> str:
    """Return what a kind of clock measures."""
    return str(ClockKind(kind).label)


@register.filter
def pairs(spans: list[tuple[int, int]]) -> str:
    """Return spans of seconds for a script, as in `10-20 30-40`."""
    return " ".join(f"{start}-{end}" for start, end in spans)


@register.filter
def seconds(length: timedelta) -> int:
    """Return a length of time in whole seconds."""
    return int(length.total_seconds())


@register.simple_tag
def units() -> str:
    """Return how lengths of time are written, for the script that counts: d, h, m, and less."""
    parts = (_("%(n)d d"), _("%(n)d h"), _("%(n)d m"), _("under 1 m"))
    return "|".join(part.replace("%(n)d", "%s") for part in parts)


@register.filter
def ago(at: datetime, now: datetime) -> str:
    """Return how long ago something was."""
    return _("%(time)s ago") % {"time": span(max(now - at, timedelta(0)))}


@register.filter
def stamp(at: datetime) -> str:
    """Return a time in the reader's zone, with the zone's name."""
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M %Z")


@register.filter
def iso(at: datetime) -> str:
    """Return a time for a machine."""
    return at.isoformat(timespec="seconds")


@register.filter
def percent(share: float) -> str:
    """Return a share as percent, with enough digits to tell it from none and all."""
    if not math.isfinite(share):
        return "\N{EN DASH}"
    value = 100 * share
    digits = 0 if value == round(value) or 1 <= value <= 99 else 1
    return f"{value:.{digits}f} %"


@register.filter
def fine_percent(share: float) -> str:
    """Return a share as percent with one decimal, where intervals are compared."""
    return f"{100 * share:.1f} %"


@register.filter
def points(share: float) -> str:
    """Return a difference of shares in hundredths, with its sign."""
    return f"{100 * share:+.1f}".replace("-", "\N{MINUS SIGN}")


@register.filter
def bar(share: float) -> str:
    """Return a share as a length of 0 to 100, for the width of a bar."""
    return f"{100 * min(max(share, 0.0), 1.0):.1f}" if math.isfinite(share) else "0"


@register.filter
def characters(count: int) -> str:
    """Return a count of characters in words."""
    return ngettext("%(n)s character", "%(n)s characters", count) % {"n": f"{count:,}"}


@register.filter
def anchor(pointer: str) -> str:
    """Return a JSON Pointer as the id of an element."""
    return "at" + re.sub(r"[^A-Za-z0-9_-]", lambda m: f"-{ord(m[0]):x}-", pointer)


@register.filter
def at(faults: dict[str, list[str]], pointer: str) -> list[str]:
    """Return what is wrong at a pointer."""
    return faults.get(pointer, [])


@register.filter
def said(value: Any) -> str:
    """Return a value of a document as JSON text."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


@register.filter
def of(found: Mapping[Any, Any], key: Any) -> Any:
    """Return what a mapping holds under a key, or None."""
    return found.get(key)
