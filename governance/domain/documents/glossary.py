"""The glossary of a Pipeline document: what its words mean there."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from governance.domain.documents.fields import Reader, suggestion

MAX_TERMS = 500
MAX_TERM = 80
MAX_MEANING = 2_000
SHAPE = (
    f"A term has 1 to {MAX_TERM} characters on one line, a letter or digit among them and single "
    "spaces between its words alone."
)


def glossary(reader: Reader) -> dict[str, dict[str, str]]:
    """Return terms by name, each with `meaning` and `see` (another term, or empty), in order.

    Terms that differ in case or in spelling of the same characters alone are one.
    """
    if len(reader.values) > MAX_TERMS:
        reader.fault("", "length", f"A glossary has at most {MAX_TERMS} terms.")
        return {}
    known = [str(term) for term in reader.values]
    terms: dict[str, dict[str, str]] = {}
    seen: dict[str, str] = {}
    for key, value in reader.values.items():
        term = str(key)
        if not isinstance(value, Mapping | None):
            reader.fault(term, "type", "A term is an object with its meaning, as {meaning: text}.")
            continue
        entry = Reader(value or {}, reader.at(term), reader.faults)
        if not isinstance(key, str) or not _well_shaped(term):
            entry.fault("", "term", SHAPE)
        elif (first := seen.setdefault(folded(term), term)) != term:
            detail = f"{term!r} stands twice, the other time as {first!r}: keep one of them."
            entry.fault("", "duplicate", detail)
        terms[term] = _entry(entry, term, known)
    return dict(sorted(terms.items()))


def folded(term: str) -> str:
    """Return what two spellings of one term have in common: case and composition are left out."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", term).casefold())


@dataclass(frozen=True)
class Difference:
    """What became of one term; a side on which there was none is None."""

    term: str
    old: Mapping[str, str] | None
    new: Mapping[str, str] | None


def compared(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """Return the terms of which two glossaries say different things, in order of their names."""
    before = {folded(term): entry for term, entry in old.items()}
    after = {folded(term): entry for term, entry in new.items()}
    names = {folded(term): term for term in (*old, *new)}
    return [
        Difference(names[key], before.get(key), after.get(key))
        for key in sorted(names)
        if before.get(key) != after.get(key)
    ]


def _well_shaped(term: str) -> bool:
    one_line = not any(unicodedata.category(each) in ("Cc", "Zl", "Zp") for each in term)
    return (
        len(term) <= MAX_TERM
        and one_line
        and term == " ".join(term.split())
        and any(each.isalnum() for each in term)
    )


def _entry(reader: Reader, term: str, known: list[str]) -> dict[str, Any]:
    entry = {
        "meaning": reader.text("meaning", required=True, limit=MAX_MEANING),
        "see": reader.text("see"),
    }
    if entry["see"] and entry["see"] == term:
        reader.fault("see", "self", "A term does not point to itself: name another, or none.")
    elif entry["see"] and entry["see"] not in known:
        detail = f"There is no term {entry['see']!r} in this glossary."
        reader.fault("see", "unknown", detail + suggestion(entry["see"], sorted(known)))
    reader.done()
    return entry
