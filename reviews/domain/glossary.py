"""Where the terms of a glossary stand in a text."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from governance.domain.documents.glossary import folded
from reviews.domain.legible import Legible, Word

RUN = re.compile(r"\w+")


class Glossary:
    """The terms of a policy version, numbered from 1 in order of their names whatever their case.

    A term is found whatever its case, as whole words and never within a longer one, with any white
    space between its words; of several that begin at one place the longest is. Scripts that write
    no space between words are found where a term stands alone.
    """

    def __init__(self, terms: Mapping[str, Any]) -> None:
        # A stored document keeps no order of names.
        ordered = sorted(terms, key=folded)
        self.numbers = {term: number for number, term in enumerate(ordered, 1)}
        self._codes = {_as_code(term): number for term, number in self.numbers.items()}
        self._spellings: dict[str, list[_Spelling]] = {}
        for term, number in self.numbers.items():
            forms = (unicodedata.normalize(form, term) for form in ("NFC", "NFD"))
            for form in dict.fromkeys((term, *forms)):
                spelling = _Spelling(form, number)
                self._spellings.setdefault(spelling.first, []).append(spelling)
        for spellings in self._spellings.values():
            spellings.sort(key=lambda each: -len(each.text))

    def pieces(self, text: str, *, seen: set[int] | None = None) -> Iterator[str | Word]:
        """Yield the pieces of a text, in order: the first place of each term, and what is between.

        Terms whose number is in `seen` are left alone; what is found is added to it.
        """
        known = set() if seen is None else seen
        done = told = 0
        for run in RUN.finditer(text) if self._spellings else ():
            if run.start() < done or (found := self._found(text, run, done)) is None:
                continue
            start, done, number = found
            if number not in known:
                known.add(number)
                if told < start:
                    yield text[told:start]
                yield Word(text[start:done], number)
                told = done
        if told < len(text):
            yield text[told:]

    def marked(self, shown: Legible) -> Legible:
        """Return legible text with the first place of each term as a Word."""
        seen: set[int] = set()
        pieces: list[Any] = []
        for piece in shown.pieces:
            pieces += self.pieces(piece, seen=seen) if isinstance(piece, str) else [piece]
        return Legible(tuple(pieces), shown.end)

    def number_of(self, code: str) -> int | None:
        """Return the number of the term that a reason code spells with - or _ for its spaces."""
        return self._codes.get(_as_code(code))

    def _found(self, text: str, run: re.Match[str], done: int) -> tuple[int, int, int] | None:
        for spelling in self._spellings.get(run.group().casefold(), ()):
            start = run.start() - spelling.lead
            if start < done or _inside(text, start - 1):
                continue
            match = spelling.pattern.match(text, start)
            if match is not None and not _inside(text, match.end()):
                return start, match.end(), spelling.number
        return None


class _Spelling:
    """One way to write a term: its first run of letters, and how many characters precede it."""

    def __init__(self, text: str, number: int) -> None:
        self.text, self.number = text, number
        run = RUN.search(text)
        assert run is not None, "A term has a letter or digit."
        self.first, self.lead = run.group().casefold(), run.start()

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        words = (re.escape(word) for word in self.text.split())
        return re.compile(r"\s+".join(words), re.IGNORECASE)


def _inside(text: str, place: int) -> bool:
    """Return whether the character at a place belongs to a word."""
    if not 0 <= place < len(text):
        return False
    character = text[place]
    return character == "_" or character.isalnum() or unicodedata.category(character)[0] == "M"


def _as_code(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", folded(text))
