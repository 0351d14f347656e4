"""Where a pipeline's rules approve by confidence alone, and what another boundary would change."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

PLAIN = re.compile(r"\s*confidence\s*(<=|>=|<|>)\s*(\d+(?:\.\d*)?|\.\d+)\s*")
BY_DEFAULT = ""


@dataclass(frozen=True)
class Boundary:
    """The rule that approves what is sure enough: its tier asks nobody.

    `movable` names the rules that look at confidence alone (an empty name: the default). What any
    other rule took would be taken by it under every boundary.
    """

    rule: str
    tier: str
    threshold: float
    movable: frozenset[str]


@dataclass(frozen=True, slots=True)
class Band:
    """`n` predictions that a movable rule took, of about one confidence (None: not told)."""

    confidence: float | None
    n: int


def boundary(document: Mapping[str, Any]) -> Boundary | None:
    """Return the first rule of a Pipeline document that approves by confidence alone, or None."""
    routing = document["routing"]
    plain = {rule["name"]: _plain(rule["when"]) for rule in routing["rules"]}
    movable = frozenset([BY_DEFAULT, *(name for name, found in plain.items() if found)])
    for rule in routing["rules"]:
        found = plain[rule["name"]]
        if found and found[0] in (">=", ">") and not document["tiers"][rule["tier"]]["decisions"]:
            return Boundary(rule["name"], rule["tier"], found[1], movable)
    return None


def moved(document: Mapping[str, Any], at: Boundary, threshold: float) -> dict[str, Any]:
    """Return the document with the boundary moved, in each plain rule that names it.

    The rule approves what is as sure as `threshold` or surer; one that takes what is less sure than
    the old boundary takes what is less sure than the new.
    """
    made = deepcopy(dict(document))
    for rule in made["routing"]["rules"]:
        found = _plain(rule["when"])
        if found and found[1] == at.threshold:
            sign = {"<=": "<", ">": ">="}.get(found[0], found[0])
            rule["when"] = f"confidence {sign} {written(threshold)}"
    return made


def written(threshold: float) -> str:
    """Return a threshold as a rule writes it: every digit of it, and never an exponent."""
    return format(Decimal(repr(threshold)), "f")


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return what is written otherwise in the rules of two documents."""
    pairs = zip(before["routing"]["rules"], after["routing"]["rules"], strict=True)
    return [
        {"rule": old["name"], "before": old["when"], "after": new["when"]}
        for old, new in pairs
        if old["when"] != new["when"]
    ]


def load(document: Mapping[str, Any], bands: Iterable[Band]) -> Counter[tuple[str, str]]:
    """Return how many predictions of some bands go to which tier and queue.

    A queue is named where its tier asks people; the draws of approved ones are left out.
    """
    found: Counter[tuple[str, str]] = Counter()
    for band in bands:
        found[_place(document, band.confidence)] += band.n
    return found


def _place(document: Mapping[str, Any], confidence: float | None) -> tuple[str, str]:
    routing = document["routing"]
    taken: Mapping[str, Any] = routing["default"]
    if confidence is not None:
        for rule in routing["rules"]:
            found = _plain(rule["when"])
            if found and _is(found, confidence):
                taken = rule
                break
    asks = document["tiers"][taken["tier"]]["decisions"]
    queue = taken.get("queue") or routing["default"].get("queue") or next(iter(document["queues"]))
    return taken["tier"], queue if asks else ""


def _plain(when: str) -> tuple[str, float] | None:
    found = PLAIN.fullmatch(when)
    return (found[1], float(found[2])) if found else None


def _is(found: tuple[str, float], confidence: float) -> bool:
    sign, value = found
    if sign == ">=":
        return confidence >= value
    if sign == ">":
        return confidence > value
    return confidence <= value if sign == "<=" else confidence < value
