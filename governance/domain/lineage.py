"""What came of what: references, nodes and edges of the graph from predictions to changes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from governance.domain.times import rfc3339

LONGEST = 250
VERSIONED = r"[A-Za-z0-9](?:[A-Za-z0-9._/+-]*[A-Za-z0-9._+-])?@[A-Za-z0-9][A-Za-z0-9._+-]*"
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
NAME_AT_VERSION = re.compile(VERSIONED, re.ASCII)


class Direction(StrEnum):
    """Up leads to what a thing was made of, down to what was made of it."""

    UP = "up"
    DOWN = "down"


class InvalidRef(ValueError):
    """A text names no node."""


@dataclass(frozen=True, slots=True)
class Ref:
    """The name of a node: its kind, and its name among those; as text, `kind:name`."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


def parse_ref(text: str, kinds: Mapping[str, re.Pattern[str]]) -> Ref:
    """Return what `text` refers to; InvalidRef when no kind has such a name.

    `kinds` gives for each kind the form that its names have.
    """
    kind, colon, name = text.partition(":")
    if not colon or kind not in kinds:
        known = ", ".join(sorted(kinds))
        raise InvalidRef(f"A reference is kind:name, and the kind is one of {known}.")
    name = name.lower() if kinds[kind] is UUID else name
    if len(name) > LONGEST or not kinds[kind].fullmatch(name):
        form = "an id" if kinds[kind] is UUID else "a name, @ and a version"
        raise InvalidRef(f"After {kind}: comes {form}.")
    return Ref(kind, name)


@dataclass(frozen=True, slots=True)
class Node:
    """A record in the graph. `at` is when it was made; `facts` are small plain values of it."""

    ref: Ref
    label: str
    pipeline: str
    at: datetime | None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        """Return it as the API gives it."""
        return {
            "ref": str(self.ref),
            "kind": self.ref.kind,
            "label": self.label,
            "pipeline": self.pipeline,
            "at": rfc3339(self.at) if self.at else None,
            **self.facts,
        }


class Edge(NamedTuple):
    """That `target` was made of `source`, whichever way the graph was walked."""

    source: Ref
    target: Ref
    relation: str

    def shown(self) -> dict[str, str]:
        """Return it as the API gives it."""
        return {"from": str(self.source), "to": str(self.target), "relation": self.relation}
