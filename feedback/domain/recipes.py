"""Which rows a dataset takes: an explicit list of filters, each checked."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from feedback.domain.cards import PROVENANCE, provenance_of
from governance.domain.documents.fields import suggestion
from governance.domain.faults import Fault
from governance.domain.strict_json import escape
from governance.domain.times import parse_rfc3339, rfc3339

AUTO = "auto"
MOST_VALUES = 100
WORDS: Mapping[str, tuple[str, ...]] = {
    "resolution_kind": (AUTO, "single", "agreement", "adjudicated", "overturned"),
    "verdict": ("accept", "correct", "reject"),
    "split": ("train", "validation", "test"),
    "provenance": PROVENANCE,
}
TEXTS: Mapping[str, int] = {
    "scenario_type": 120,
    "tier": 63,
    "model_name": 120,
    "model_version": 120,
    "reason_code": 63,
}
SHARES = ("agreement_min", "min_confidence", "max_confidence")
TIMES = ("resolved_after", "resolved_before")
FILTERS = (*WORDS, *TEXTS, *SHARES, *TIMES)
INCLUSIONS = (AUTO,)


class InvalidRecipe(ValueError):
    """A recipe is not valid; `faults` say where."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(faults[0].detail)
        self.faults = tuple(faults)


@dataclass(frozen=True)
class Recipe:
    """A checked recipe: `wanted` by filter, in its normal form, and whether rows by rule are in."""

    wanted: Mapping[str, Any] = field(default_factory=dict)
    auto: bool = False

    @property
    def include(self) -> dict[str, bool]:
        """The inclusion as it is stored and shown."""
        return {AUTO: self.auto}


def parse(wanted: Any, include: Any) -> Recipe:
    """Return the recipe of a `filter` and an `include`, or raise InvalidRecipe with every fault.

    Lists come back sorted, each value once; one value is a list of one; times are in UTC.
    """
    faults: list[Fault] = []
    auto = _inclusion(include, faults)
    normal: dict[str, Any] = {}
    for name, value in _members(wanted, "/filter", FILTERS, faults):
        try:
            normal[name] = _checker(name)(value, name)
        except _Refused as refused:
            faults.append(Fault(f"/filter/{name}{refused.below}", refused.code, str(refused)))
    if not faults:
        faults = _contradictions(normal, auto=auto)
    if faults:
        raise InvalidRecipe(faults)
    return Recipe(normal, auto)


class _Refused(ValueError):
    def __init__(self, code: str, detail: str, below: str = "") -> None:
        super().__init__(detail)
        self.code, self.below = code, below


def _inclusion(include: Any, faults: list[Fault]) -> bool:
    auto = False
    for name, value in _members(include, "/include", INCLUSIONS, faults):
        if not isinstance(value, bool):
            faults.append(Fault(f"/include/{name}", "type", "This is true or false."))
        auto = value is True
    return auto


def _members(
    value: Any, pointer: str, known: tuple[str, ...], faults: list[Fault]
) -> list[tuple[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, Mapping):
        faults.append(Fault(pointer, "type", "This is a JSON object."))
        return []
    for name in value:
        if name not in known:
            detail = f"There is no {name[:60]!r} here.{suggestion(name, sorted(known))}"
            faults.append(Fault(f"{pointer}/{escape(name[:100])}", "unknown_field", detail))
    return [(name, value[name]) for name in known if name in value]


def _checker(name: str) -> Callable[[Any, str], Any]:
    if name in SHARES:
        return _share
    return _time if name in TIMES else _values


def _share(value: Any, name: str) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not 0 <= value <= 1:
        raise _Refused("range", f"{name} is a number from 0 to 1.")
    return float(value)


def _time(value: Any, name: str) -> str:
    try:
        return rfc3339(parse_rfc3339(value))
    except ValueError as error:
        raise _Refused("time", str(error)) from None


def _values(value: Any, name: str) -> list[str]:
    several = isinstance(value, list)
    values = value if several else [value]
    if not 1 <= len(values) <= MOST_VALUES:
        raise _Refused("length", f"{name} takes 1 to {MOST_VALUES} values.")
    for i, each in enumerate(values):
        below = f"/{i}" if several else ""
        longest = TEXTS.get(name, 63)
        if not isinstance(each, str) or not 1 <= len(each) <= longest:
            raise _Refused("type", f"{name} is text of 1 to {longest} characters.", below)
        known = WORDS.get(name)
        if known and each not in known:
            detail = f"{name} is one of {', '.join(known)}."
            raise _Refused("unknown", detail, below)
    return sorted(set(values))


def _contradictions(wanted: Mapping[str, Any], *, auto: bool) -> list[Fault]:
    faults = []
    low, high = wanted.get("min_confidence"), wanted.get("max_confidence")
    if low is not None and high is not None and low > high:
        detail = "max_confidence is less than min_confidence: no row is between them."
        faults.append(Fault("/filter/max_confidence", "conflict", detail))
    after, before = wanted.get("resolved_after"), wanted.get("resolved_before")
    if after is not None and before is not None and after >= before:
        detail = "resolved_before is not later than resolved_after: no row is between them."
        faults.append(Fault("/filter/resolved_before", "conflict", detail))
    kinds = wanted.get("resolution_kind")
    if kinds and AUTO in kinds and not auto:
        detail = "Rows that were approved by rule are in only with include: {auto: true}."
        faults.append(Fault("/filter/resolution_kind", "conflict", detail))
    if kinds and AUTO not in kinds and auto:
        detail = "include asks for rows that were approved by rule, and this leaves them out."
        faults.append(Fault("/filter/resolution_kind", "conflict", detail))
    if "by_rule" in wanted.get("provenance", ()) and not auto:
        detail = "Labels by rule are in only with include: {auto: true}."
        faults.append(Fault("/filter/provenance", "conflict", detail))
    return faults


def holds(wanted: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Return whether a row, as it would be downloaded, meets every filter."""
    return all(CONDITIONS[name](row, value) for name, value in wanted.items())


def _among(name: str) -> Callable[[Mapping[str, Any], Any], bool]:
    return lambda row, values: row[name] in values


CONDITIONS: Mapping[str, Callable[[Mapping[str, Any], Any], bool]] = {
    **{n: _among(n) for n in ("resolution_kind", "verdict", "split", "scenario_type", "tier")},
    "provenance": lambda row, values: provenance_of(row) in values,
    "model_name": lambda row, values: row["model"]["name"] in values,
    "model_version": lambda row, values: row["model"]["version"] in values,
    "reason_code": lambda row, values: not set(values).isdisjoint(row["reason_codes"]),
    "agreement_min": lambda row, low: row["agreement"] is not None and row["agreement"] >= low,
    "min_confidence": lambda row, low: row["confidence"] is not None and row["confidence"] >= low,
    "max_confidence": lambda row, top: row["confidence"] is not None and row["confidence"] <= top,
    # Both are RFC 3339 in UTC with six digits, whose text sorts as time does.
    "resolved_after": lambda row, moment: row["resolved_at"] > moment,
    "resolved_before": lambda row, moment: row["resolved_at"] < moment,
}
