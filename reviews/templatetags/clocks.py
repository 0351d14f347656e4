"""Filters of the history of an item's time: each entry as words, and as a sign beside them."""

from django import template
from django.utils.translation import gettext as _

from reviews.enums import EscalationOutcome
from reviews.selectors.timelines import Entry
from reviews.templatetags.desk import pause_words, percent

register = template.Library()
SIGNS = {
    "start": "play", "pause": "pause", "resume": "play", "stop": "check", "void_stop": "clock",
    "retarget": "pencil", "cancel": "cross", "warn": "hourglass", "breach": "alert",
    "level": "up", "ack": "hand",
}  # fmt: skip
RESUMED_BY_ITSELF = "max_pause"


@register.filter
def sign(entry: Entry) -> str:
    """Return the name of the icon of an entry."""
    return "alert" if entry.outcome == "missed" else SIGNS.get(entry.what, "clock")


@register.filter
def mark(entry: Entry) -> str:
    """Return the tone of an entry: `good`, `soon`, `late` or none."""
    if entry.what == "breach" or entry.outcome == "missed":
        return "late"
    if entry.what in ("warn", "level"):
        return "soon"
    return "good" if entry.outcome == "met" else ""


@register.filter
def says(entry: Entry) -> str:
    """Return what happened in a few words."""
    if entry.what == "level":
        return _level(entry)
    if entry.what == "ack":
        return _("Taken up")
    event = entry.event
    reason = event.reason if event else ""
    if entry.what == "pause":
        return _("Paused: %(reason)s") % {"reason": pause_words(reason)}
    if entry.what == "resume":
        ended = _("Pause ended by itself, after the longest time allowed")
        return ended if reason == RESUMED_BY_ITSELF else _("Resumed")
    if entry.what == "warn":
        share = event.share if event and event.share else 0
        return _("At risk: %(share)s used") % {"share": percent(share)}
    if entry.what == "retarget":
        return _retargeted(reason)
    if entry.what == "stop":
        return {"met": _("Stopped in time"), "missed": _("Stopped too late")}.get(
            entry.outcome, _("Stopped")
        )
    said = {
        "start": _("Started"),
        "void_stop": _("Stop taken back"),
        "cancel": _("Cancelled"),
        "breach": _("Target used up"),
    }
    return said.get(entry.what, entry.what)


def _retargeted(reason: str) -> str:
    return {
        "tier": _("Target changed with the tier"),
        "queue": _("Hours changed with the queue"),
        "calendar": _("Hours changed: its calendar was edited"),
        "policy": _("Target changed: a newer version of its policy was applied"),
    }.get(reason, _("Target or hours changed"))


def _level(entry: Entry) -> str:
    row = entry.escalation
    level = row.level if row else 0
    if entry.outcome == EscalationOutcome.FINAL:
        return _("End of the ladder")
    if entry.outcome == EscalationOutcome.NO_TARGET or not entry.names:
        return _("Level %(n)s reached nobody") % {"n": level}
    return _("Level %(n)s told %(names)s") % {"n": level, "names": ", ".join(entry.names)}
