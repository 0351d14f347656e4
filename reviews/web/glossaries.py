"""The glossary as pages show it: its terms marked where they stand, and the list they lead to."""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from governance.domain.documents.glossary import compared, folded
from governance.domain.principal import Principal
from governance.models import PolicyVersion
from governance.selectors import policies
from reviews.domain.glossary import Glossary
from reviews.models import ReviewItem
from reviews.selectors import glossaries


@dataclass(frozen=True)
class Entry:
    """One term of the list; `change` is `new`, `changed` or empty."""

    number: int
    term: str
    meaning: str
    see: str
    see_number: int | None
    change: str


@dataclass(frozen=True)
class Shown:
    """The glossary that an item is judged under, and what of it its reader has not met before."""

    version: int
    entries: list[Entry]
    gone: list[str]

    @property
    def changes(self) -> int:
        """How many terms are not as the reader last met them."""
        return len(self.gone) + sum(bool(entry.change) for entry in self.entries)


@functools.lru_cache(maxsize=64)
def of(version_id: Any) -> Glossary:
    """Return where the terms of a policy version are found; versions never change."""
    return Glossary(policies.document(version_id).get("glossary", {}))


def shown(row: ReviewItem, reader: Principal) -> Shown | None:
    """Return the glossary of an item for who reads it; None where there is none."""
    version = policies.version(row.config_version_id)
    terms = version.document.get("glossary", {})
    if not terms:
        return None
    changed = _changed(version, glossaries.last_met(reader, version))
    gone = [term for term, change in changed.items() if change == "gone"]
    return Shown(version.glossary_version, list(listed(version, changed)), gone)


def listed(version: PolicyVersion, changed: Mapping[str, str]) -> Iterator[Entry]:
    """Yield the terms of a version; `changed` says what became of them, by their folded names."""
    terms, numbers = version.document.get("glossary", {}), of(version.pk).numbers
    for term, number in numbers.items():
        see = terms[term]["see"]
        change = changed.get(folded(term), "")
        yield Entry(number, term, terms[term]["meaning"], see, numbers.get(see), change)


def _changed(version: PolicyVersion, before: PolicyVersion | None) -> dict[str, str]:
    """Return what became of terms since `before`: by their folded names, those that went as such.

    Nothing is new to who has met no version before.
    """
    if before is None:
        return {}
    old, new = (each.document.get("glossary", {}) for each in (before, version))
    return {
        each.term if each.new is None else folded(each.term): (
            "gone" if each.new is None else "changed" if each.old is not None else "new"
        )
        for each in compared(old, new)
    }
