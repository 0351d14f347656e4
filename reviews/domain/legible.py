"""Text from strangers, cut into what can be read and what hides or reorders what is read."""

import re
import unicodedata
from dataclasses import dataclass

# Controls but for tab and line ends, format characters (bidirectional marks, joiners, zero widths),
# line and paragraph separators, fillers that look like nothing, tags and variation selectors.
HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff9-\ufffb"
    "\U000e0000-\U000e01ef]"
)
JOINERS = "\u200c\u200d"
JOINED_SCRIPTS = (("\u0600", "\u06ff"), ("\u0900", "\u0dff"))
EMOJI_LAST = ("\ufe0f", "\U0001f3fb", "\U0001f3fc", "\U0001f3fd", "\U0001f3fe", "\U0001f3ff")
MAX_MARKS = 500


@dataclass(frozen=True, slots=True)
class Mark:
    """A run of one character that does not show itself: its code point, its name, its length."""

    code: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Word:
    """A place at which a term of the glossary stands, as it is written there."""

    text: str
    number: int

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Legible:
    """Pieces of a text from its start; `end` is where they end."""

    pieces: tuple[str | Mark | Word, ...]
    end: int


def legible(text: str, *, start: int = 0, limit: int | None = None) -> Legible:
    """Return text from `start` as pieces, at most `limit` characters and MAX_MARKS marks of it."""
    stop = len(text) if limit is None else min(len(text), start + limit)
    pieces: list[str | Mark] = []
    place, marks = start, 0
    for match in HIDDEN.finditer(text, start, stop):
        at = match.start()
        if at < place or _joins(text, at):
            continue
        if marks == MAX_MARKS:
            return _legible([*pieces, text[place:at]], at)
        end = _end_of_run(text, at, stop)
        pieces += [text[place:at], Mark(f"U+{ord(text[at]):04X}", _name(text[at]), end - at)]
        place, marks = end, marks + 1
    return _legible([*pieces, text[place:stop]], stop)


def _legible(pieces: list[str | Mark], end: int) -> Legible:
    return Legible(tuple(piece for piece in pieces if piece), end)


def _end_of_run(text: str, at: int, stop: int) -> int:
    end = at + 1
    while end < stop and text[end] == text[at]:
        end += 1
    return end


def _joins(text: str, at: int) -> bool:
    """Return whether a joiner does its proper work: within an emoji, or in a script that joins."""
    if text[at] not in JOINERS or not 0 < at < len(text) - 1:
        return False
    before, after = text[at - 1], text[at + 1]
    if any(low <= before <= high and low <= after <= high for low, high in JOINED_SCRIPTS):
        return True
    drawn = before in EMOJI_LAST or unicodedata.category(before) == "So"
    return text[at] == "\u200d" and drawn and unicodedata.category(after) == "So"


def _name(character: str) -> str:
    return unicodedata.name(character, "").capitalize() or "Control character"
