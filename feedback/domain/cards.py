"""What a version holds, counted: for people who must judge whether it is fit for their purpose."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

COUNTED: Mapping[str, str] = {
    "resolution_kind": "Resolved by",
    "tier": "Tier",
    "verdict": "Verdict",
    "scenario_type": "Scenario",
    "split": "Split",
    "confidence_band": "Confidence",
    "guideline_version": "Guideline version",
    "model": "Model",
}
MOST_VALUES = 100
NONE, OTHERS = "(none)", "(others)"
UNSTATED = "unstated"
PROVENANCE = ("blind", "assisted", "prelabel_accepted", "by_rule")
SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&-])")


def provenance_of(row: Mapping[str, Any]) -> str:
    """Return how the label of a row came about: one of PROVENANCE.

    `blind`: nobody who decided saw the prediction. `prelabel_accepted`: it was seen and accepted,
    so that the label may be anchored to it. `assisted`: it was seen and changed. `by_rule`: nobody
    looked.
    """
    if not row["decisions"]:
        return "by_rule" if row["resolution_kind"] == "auto" else "assisted"
    if all(decision["blind"] for decision in row["decisions"]):
        return "blind"
    return "prelabel_accepted" if row["verdict"] == "accept" else "assisted"


class Tally:
    """Counts rows as they go by."""

    def __init__(self) -> None:
        self.rows = self.with_subject = 0
        self._counts: dict[str, Counter[str]] = {name: Counter() for name in COUNTED}
        self._bases: Counter[str] = Counter()
        self._labels: Counter[str] = Counter()

    def add(self, row: Mapping[str, Any], *, subject_ref: str, subject_basis: str) -> None:
        """Count one row, and what the use of its subject's data rests on."""
        self.rows += 1
        for name, counts in self._counts.items():
            counts[_word(row[name])] += 1
        self.with_subject += bool(subject_ref)
        self._bases[subject_basis or UNSTATED] += 1
        self._labels[provenance_of(row)] += 1

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the counts by value, the commonest MOST_VALUES of each and the others as one."""
        return {name: _top(counts) for name, counts in self._counts.items()}

    def labels(self) -> dict[str, int]:
        """Return how many rows have a label of which provenance; all of PROVENANCE are named."""
        return {name: self._labels[name] for name in PROVENANCE}

    def consent(self) -> dict[str, Any]:
        """Return how many rows are about somebody, and the counts by the basis that was stated."""
        return {"with_subject": self.with_subject, "by_basis": _top(self._bases)}


def _word(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{value['name']} {value['version']}"
    return NONE if value is None else str(value)


def _top(counts: Counter[str]) -> dict[str, int]:
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    if len(ordered) <= MOST_VALUES:
        return dict(ordered)
    rest = sum(count for _, count in ordered[MOST_VALUES:])
    return dict(ordered[:MOST_VALUES]) | {OTHERS: rest}


def markdown(tally: Tally, facts: Mapping[str, Any]) -> str:
    """Return the card as Markdown; `facts` are the lines of its head, in order."""
    lines = [f"# {escaped(facts['name'])}", ""]
    lines += [f"- {label}: {escaped(value)}" for label, value in facts["lines"].items()]
    for name, counts in tally.counts().items():
        lines += ["", f"## {COUNTED[name]}", "", *_table(counts, tally.rows)]
    consent = tally.consent()
    lines += [
        "",
        "## Consent",
        "",
        f"{consent['with_subject']} rows are about somebody. Stated basis:",
        "",
        *_table(consent["by_basis"], tally.rows),
    ]
    return "\n".join(lines) + "\n"


def _table(counts: Mapping[str, int], total: int) -> list[str]:
    rows = [f"| {escaped(v)} | {n} | {100 * n / total:.1f} % |" for v, n in counts.items()]
    return ["| Value | Rows | Share |", "|---|---:|---:|", *rows]


def escaped(text: object) -> str:
    """Return text as Markdown that shows it as it is, on one line."""
    return SPECIAL.sub(r"\\\1", " ".join(str(text).split()))
