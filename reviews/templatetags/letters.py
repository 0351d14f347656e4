"""Filters of letters: text from strangers as one line of plain text."""

from django import template

from reviews.domain.legible import Mark, legible

register = template.Library()
LONGEST = 120


@register.filter
def plain(text: str) -> str:
    """Return text in one line, each character that hides or reorders named by its code."""
    shown = legible(text, limit=LONGEST)
    pieces = [f"[{p.code}]" if isinstance(p, Mark) else str(p) for p in shown.pieces]
    cut = "…" if shown.end < len(text) else ""
    return " ".join("".join(pieces).split()) + cut
