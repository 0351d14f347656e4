"""What those whom a pipeline concerns are told of it: what somebody wrote, and what follows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from feedback.domain.estimators import Figure

Fact = dict[str, Any]
FEWEST = 30
STALE_DAYS = 90


@dataclass(frozen=True)
class Written:
    """What nobody can work out: what it does, whom it concerns, its limits, and what is planned."""

    does: str
    concerns: str
    limits: tuple[str, ...] = ()
    planned: tuple[str, ...] = ()

    def as_fact(self) -> Fact:
        """Return it as JSON."""
        return {
            "does": self.does, "concerns": self.concerns,
            "limits": list(self.limits), "planned": list(self.planned),
        }  # fmt: skip


@dataclass(frozen=True)
class Part:
    """How well one slice of the traffic does: what came, what people settled, and the estimate."""

    name: str
    n: int
    settled: int
    figure: Figure | None


def performance(whole: Part, parts: Sequence[Part], sentence: str, days: int) -> Fact:
    """Return how well it does over all and by slice, each with its 95 % interval.

    A slice of which people settled fewer than 30 is only counted: its figure would say little, and
    could be traced to a few cases.
    """
    told = [part for part in parts if part.figure and part.settled >= FEWEST]
    return {
        "days": days,
        "sentence": sentence,
        "over_all": _told(whole) if whole.figure and whole.settled >= FEWEST else None,
        "slices": [
            {"slice": part.name, **_told(part), "weak": _weak(part, whole)} for part in told
        ],
        "too_few": len(parts) - len(told),
    }


def _told(part: Part) -> Fact:
    assert part.figure is not None
    return {
        "n": part.n,
        "settled": part.settled,
        "right": round(part.figure.value, 4),
        "interval": [round(end, 4) for end in part.figure.interval],
    }


def _weak(part: Part, whole: Part) -> bool:
    if part.figure is None or whole.figure is None:
        return False
    return part.figure.interval[1] < whole.figure.value


def changed(content: Mapping[str, Any], now: Mapping[str, Any], days: int) -> list[str]:
    """Return what is no longer as an edition says, a sentence each; `now` is `state` of today."""
    then = content["state"]
    found = []
    if then["model"] != now["model"]:
        found.append("Another model is in force.")
    if then["config"] != now["config"]:
        found.append("The rules and the tiers were changed.")
    for name, one, many in (
        ("incidents", "open incident", "open incidents"), ("stops", "stop", "stops"),
    ):  # fmt: skip
        if len(then[name]) != len(now[name]):
            n = len(now[name])
            found.append(f"There {'is' if n == 1 else 'are'} now {n} {one if n == 1 else many}.")
    if days > STALE_DAYS:
        found.append(f"The figures are {days} days old.")
    return found
