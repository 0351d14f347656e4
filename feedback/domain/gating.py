"""How a gate judges a candidate against a baseline.

`confidence` is that of each bound and each test by itself, one-sided; alpha is 1 - confidence.

- On a set that is to improve, the gain must be proven: mid-p of McNemar at most alpha.
- On a set that is to be kept, a loss beyond the margin must be ruled out: the lower bound of
  Tango's interval lies above -margin. The same holds of each slice that is named critical. All of
  these must hold (intersection and union), so none needs a correction for being one of several.
- Where a margin is given for it, the Brier score may not be shown to rise by more than that.
- No slice may be proven worse: mid-p of McNemar against the candidate, corrected after Holm over
  all slices. A slice that a loss of HARM could hide in is inconclusive, and named; that alone stops
  nobody, or no candidate would ever pass ten slices.

Failing is a finding too, and never the mere want of one: `fail` says that a gain is ruled out, that
a loss beyond the margin is proven, or that a slice is proven worse. What is neither is
inconclusive.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from feedback.domain import paired
from feedback.domain.paired import Pairs
from feedback.enums import GateVerdict as V

ACCURACY, BRIER = "accuracy", "brier"
HARM, POWER = 0.05, 0.9
# What was assumed of how often two versions differ, where nothing is known of it.
ASSUMED = 0.1
ROUNDED = 6


@dataclass(frozen=True, slots=True)
class Judged:
    """A row of a named set: its slice, and whether baseline and candidate were right."""

    slice: str
    baseline: bool
    candidate: bool
    # The squared distance of confidence from being right, where both stated one.
    errors: tuple[float, float] | None = None


@dataclass(frozen=True)
class Plan:
    """What is asked: sets to improve, sets to keep and slices with their margins."""

    improve: Sequence[str]
    keep: Mapping[str, float]
    critical: Mapping[str, float]
    slices: bool
    confidence: float
    calibration: float | None = None

    @property
    def alpha(self) -> float:
        """Return with what probability one test may err."""
        return 1 - self.confidence


def judge(plan: Plan, sets: Mapping[str, Sequence[Judged]]) -> dict[str, Any]:
    """Return `verdict` and `checks`: one for each named set and one for each slice."""
    checks = [_improves(name, _pairs(sets[name]), plan) for name in plan.improve]
    checks += [_kept(name, _pairs(sets[name]), m, plan) for name, m in plan.keep.items()]
    checks += _slices(plan, sets)
    if plan.calibration is not None:
        checks += [_calibrated(name, sets[name], plan.calibration, plan) for name in sets]
    return {"verdict": verdict(checks), "checks": checks}


def verdict(checks: Iterable[Mapping[str, Any]]) -> str:
    """Return what follows from the checks; a slice that cannot be judged stops nobody."""
    found = {(check["kind"], check["verdict"]) for check in checks}
    if any(said == V.FAIL for _, said in found):
        return V.FAIL.value
    if any(said == V.INCONCLUSIVE for kind, said in found if kind != "slice"):
        return V.INCONCLUSIVE.value
    return V.PASS.value


def _pairs(rows: Iterable[Judged]) -> Pairs:
    return paired.count((row.baseline, row.candidate) for row in rows)


def _improves(name: str, pairs: Pairs, plan: Plan) -> dict[str, Any]:
    low, high = paired.interval(pairs, alpha=plan.alpha)
    said = V.INCONCLUSIVE
    p = paired.mid_p(pairs.gained, pairs.lost)
    if p <= plan.alpha:
        said = V.PASS
    elif high <= 0:
        said = V.FAIL
    return _check("improve", name, pairs, (low, high), None, said, p)


def _kept(name: str, pairs: Pairs, margin: float, plan: Plan, kind: str = "keep") -> dict[str, Any]:
    low, high = paired.interval(pairs, alpha=plan.alpha)
    said = V.INCONCLUSIVE
    if low > -margin:
        said = V.PASS
    elif high < -margin:
        said = V.FAIL
    return _check(kind, name, pairs, (low, high), margin, said, None)


def _calibrated(name: str, rows: Sequence[Judged], margin: float, plan: Plan) -> dict[str, Any]:
    """Return whether the confidence of the candidate says as much as that of the baseline.

    The figure is the score of Brier (1950): smaller is better. The interval is that of the mean of
    paired differences by the central limit theorem. Rows without a confidence judge nothing.
    """
    errors = [row.errors for row in rows if row.errors is not None]
    if len(errors) < max(len(rows), 2):
        return _unjudged(name, len(rows), margin)
    apart = [candidate - baseline for baseline, candidate in errors]
    mean, n = fmean(apart), len(apart)
    reach = paired.NORMAL.inv_cdf(plan.confidence) * stdev(apart) / math.sqrt(n)
    low, high = mean - reach, mean + reach
    said = V.PASS if high < margin else V.FAIL if low > margin else V.INCONCLUSIVE
    before, after = (fmean(side) for side in zip(*errors, strict=True))
    return {
        "name": name,
        "kind": "calibration",
        "metric": BRIER,
        "n": n,
        "baseline": round(before, ROUNDED),
        "candidate": round(after, ROUNDED),
        "difference": round(mean, ROUNDED),
        "interval": [round(low, ROUNDED), round(high, ROUNDED)],
        "margin": margin,
        "p": None,
        "discordance": None,
        "verdict": said.value,
    }


def _unjudged(name: str, n: int, margin: float) -> dict[str, Any]:
    nothing = dict.fromkeys(("baseline", "candidate", "difference", "interval", "p", "discordance"))
    return nothing | {
        "name": name, "kind": "calibration", "metric": BRIER, "n": n, "margin": margin,
        "verdict": V.INCONCLUSIVE.value,
    }  # fmt: skip


def _slices(plan: Plan, sets: Mapping[str, Sequence[Judged]]) -> list[dict[str, Any]]:
    if not plan.slices:
        return []
    by_slice: dict[str, list[Judged]] = defaultdict(list)
    for rows in sets.values():
        for row in rows:
            by_slice[row.slice].append(row)
    names = sorted(by_slice)
    pairs = [_pairs(by_slice[name]) for name in names]
    values = [paired.mid_p(each.lost, each.gained) for each in pairs]
    worse = paired.holm(values, alpha=plan.alpha)
    checks = []
    for name, each, p, harmed in zip(names, pairs, values, worse, strict=True):
        if name in plan.critical and not harmed:
            checks.append(_kept(name, each, plan.critical[name], plan, "critical"))
            continue
        bounds = paired.interval(each, alpha=plan.alpha)
        said = V.FAIL if harmed else V.PASS if bounds[0] > -HARM else V.INCONCLUSIVE
        checks.append(_check("slice", name, each, bounds, None, said, p))
    return checks


def _check(
    kind: str,
    name: str,
    pairs: Pairs,
    bounds: tuple[float, float],
    margin: float | None,
    said: V,
    p: float | None,
) -> dict[str, Any]:
    return {
        "name": name,
        "kind": kind,
        "metric": ACCURACY,
        "n": pairs.n,
        "baseline": round(pairs.baseline, ROUNDED),
        "candidate": round(pairs.candidate, ROUNDED),
        "difference": round(pairs.difference, ROUNDED),
        "interval": [round(bound, ROUNDED) for bound in bounds],
        "margin": margin,
        "p": None if p is None else float(f"{p:.4g}"),
        "discordance": round(pairs.discordance, ROUNDED),
        "verdict": said.value,
    }


def power(
    plan: Plan, sizes: Mapping[str, int], slices: Mapping[str, int], discordance: float = ASSUMED
) -> list[dict[str, Any]]:
    """Return for each set and slice what it could show, before anything is run.

    `detectable` is the smallest difference that it shows with a power of 0.9 where the two versions
    differ on a share `discordance` of rows; `needed` is how many rows rule out a loss of `margin`.
    """
    asked: list[tuple[str, str, int, float | None]] = [
        *(("improve", name, sizes[name], None) for name in plan.improve),
        *(("keep", name, sizes[name], margin) for name, margin in plan.keep.items()),
    ]
    if plan.slices:
        asked += [
            (
                "critical" if name in plan.critical else "slice",
                name,
                n,
                plan.critical.get(name, HARM),
            )
            for name, n in sorted(slices.items())
        ]
    return [_could(kind, name, n, margin, plan, discordance) for kind, name, n, margin in asked]


def _could(
    kind: str, name: str, n: int, margin: float | None, plan: Plan, discordance: float
) -> dict[str, Any]:
    given = {"discordance": discordance, "alpha": plan.alpha, "power": POWER}
    needed = paired.rows_needed(margin=margin, **given) if margin else None
    return {
        "name": name,
        "kind": kind,
        "n": n,
        "discordance": discordance,
        "detectable": round(paired.detectable(n=n, **given), ROUNDED),
        "margin": margin,
        "needed": needed,
        "can_be_judged": needed is None or n >= needed,
    }


WORDS = {
    V.PASS.value: "passes",
    V.FAIL.value: "fails",
    V.INCONCLUSIVE.value: "cannot be judged yet",
}


def report(result: Mapping[str, Any], *, baseline: str, candidate: str) -> list[str]:
    """Return in plain sentences what a result says, the verdict first."""
    said = [f"{candidate} {WORDS[result['verdict']]} against {baseline}."]
    said += [_sentence(check) for check in result["checks"] if check["kind"] != "slice"]
    slices = [check for check in result["checks"] if check["kind"] == "slice"]
    harmed = [check for check in slices if check["verdict"] == V.FAIL]
    said += [_sentence(check) for check in harmed]
    unknown = [check["name"] for check in slices if check["verdict"] == V.INCONCLUSIVE]
    if slices and not harmed:
        said.append(f"None of {len(slices)} slices is proven worse.")
    if unknown:
        said.append(
            f"Too few rows to rule out a loss of {_points(HARM)} points: {', '.join(unknown)}."
        )
    return said


def _sentence(check: Mapping[str, Any]) -> str:
    if check["kind"] == "calibration":
        return _calibration(check)
    low, high = check["interval"]
    figures = (
        f"{check['baseline']:.1%} to {check['candidate']:.1%} of {check['n']} rows, a difference "
        f"of {_signed(check['difference'])} points ({_signed(low)} to {_signed(high)})"
    )
    return f"{check['name']}: {figures}; {_because(check)}."


def _calibration(check: Mapping[str, Any]) -> str:
    name, margin = check["name"], check["margin"]
    if check["interval"] is None:
        return f"{name}: not every row has a confidence, so that calibration cannot be judged."
    low, high = check["interval"]
    because = {
        V.PASS.value: f"a rise of more than {margin} is ruled out",
        V.FAIL.value: f"a rise of more than {margin} is proven",
        V.INCONCLUSIVE.value: f"a rise of more than {margin} is not ruled out",
    }[check["verdict"]]
    return (
        f"{name}: the Brier score goes from {check['baseline']:.3f} to {check['candidate']:.3f}, "
        f"by {check['difference']:+.3f} ({low:+.3f} to {high:+.3f}); {because}."
    )


def _because(check: Mapping[str, Any]) -> str:
    kind, said = check["kind"], check["verdict"]
    if kind == "improve":
        return {
            V.PASS.value: "the gain is proven",
            V.FAIL.value: "a gain is ruled out",
            V.INCONCLUSIVE.value: "a gain is not proven",
        }[said]
    if kind == "slice":
        return "it is proven worse"
    margin = f"more than {_points(check['margin'])} points"
    return {
        V.PASS.value: f"a loss of {margin} is ruled out",
        V.FAIL.value: f"a loss of {margin} is proven",
        V.INCONCLUSIVE.value: f"a loss of {margin} is not ruled out",
    }[said]


def _points(share: float) -> str:
    return f"{100 * share:.10g}"


def _signed(share: float) -> str:
    return f"{100 * share:+.1f}"
