"""The datasheet of a version: what data governance asks to be known of data that trains a model.

Its members follow Article 10(2) of the AI Act: design choices, collection and origin, original
purpose, preparation and labelling, what is represented, and known gaps.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from feedback.domain.cards import Tally

MEMBERS = (
    "sources", "purposes", "preparation", "labelling", "slices", "provenance_of_labels",
    "known_gaps",
)  # fmt: skip
UNDECLARED = "No source is declared for this pipeline."
UNSEEN = "Rows approved by rule were seen by nobody."


@dataclass(frozen=True)
class Source:
    """A data source as it was when the version was sealed."""

    name: str
    origin: str
    purposes: tuple[str, ...]
    basis: str
    licence: str
    collected: str
    gaps: str


def datasheet(tally: Tally, sources: Iterable[Source], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the datasheet of the rows that were counted; all of MEMBERS are in it."""
    declared = list(sources)
    counts = tally.counts()
    labels = tally.labels()
    gaps = [f"{source.name}: {source.gaps}" for source in declared if source.gaps]
    if not declared:
        gaps.append(UNDECLARED)
    if labels["by_rule"]:
        gaps.append(UNSEEN)
    return {
        "sources": [asdict(source) | {"purposes": list(source.purposes)} for source in declared],
        "purposes": _shared(declared),
        "preparation": {str(name): value for name, value in facts.items()},
        "labelling": {"guideline_versions": counts["guideline_version"]},
        "slices": {name: counts[name] for name in ("scenario_type", "tier", "split", "model")},
        "provenance_of_labels": labels,
        "known_gaps": gaps,
    }


def _shared(sources: Iterable[Source]) -> list[str]:
    """Return the purposes that every source covers."""
    listed = [set(source.purposes) for source in sources]
    return sorted(set.intersection(*listed)) if listed else []
