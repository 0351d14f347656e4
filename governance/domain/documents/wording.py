"""Which words of a text changed, so that a reader need not search a long one for them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
# Pairs of words that are compared at most; beyond it a block of lines counts as changed whole.
PAIRS = 1_000_000
# Where fewer words of the shorter block stay than this share, it is easier to read as another text.
ALIKE = 0.3


@dataclass(frozen=True)
class Span:
    """A piece of a text, and whether it stands in that text alone."""

    text: str
    changed: bool


def marked(old: str, new: str) -> tuple[list[Span], list[Span]]:
    """Return both texts in pieces; the pieces of each, put together, are the text.

    Lines are matched first and then, in what differs between them, words.
    """
    sides = _Sides()
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    for tag, i, j, k, m in SequenceMatcher(None, before, after).get_opcodes():
        one, other = "".join(before[i:j]), "".join(after[k:m])
        if tag == "replace":
            _words(one, other, sides)
        else:
            sides.add(one, other, changed=tag != "equal")
    return list(_joined(sides.old)), list(_joined(sides.new))


class _Sides:
    def __init__(self) -> None:
        self.old: list[Span] = []
        self.new: list[Span] = []

    def add(self, old: str, new: str, *, changed: bool) -> None:
        for spans, text in ((self.old, old), (self.new, new)):
            if text:
                spans.append(Span(text, changed))


def _words(old: str, new: str, sides: _Sides) -> None:
    before, after = TOKEN.findall(old), TOKEN.findall(new)
    if len(before) * len(after) > PAIRS:
        sides.add(old, new, changed=True)
        return
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    stays = sum(
        not word.isspace()
        for i, _, size in matcher.get_matching_blocks()
        for word in before[i : i + size]
    )
    shorter = min(sum(not word.isspace() for word in side) for side in (before, after))
    if stays < ALIKE * shorter:
        sides.add(old, new, changed=True)
        return
    for tag, i, j, k, m in matcher.get_opcodes():
        sides.add("".join(before[i:j]), "".join(after[k:m]), changed=tag != "equal")


def _joined(spans: Sequence[Span]) -> Iterator[Span]:
    """Yield the pieces, those beside each other of one kind as one."""
    text, changed = "", False
    for span in spans:
        if text and span.changed != changed:
            yield Span(text, changed)
            text = ""
        text, changed = text + span.text, span.changed
    if text:
        yield Span(text, changed)
