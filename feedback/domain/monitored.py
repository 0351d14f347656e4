"""What each metric of a monitoring plan counts, in words, and whether an outcome contradicts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from feedback.enums import Metric


@dataclass(frozen=True)
class Wording:
    """How a metric is spoken of: what is counted, what is bad in it, and the name of an alarm."""

    counted: str
    bad: str
    title: str


WORDS = {
    Metric.AUDITED_ERROR: Wording(
        "audits of what a rule approves", "were wrong", "More errors than promised"
    ),
    Metric.OVERDUE: Wording("reviews", "were late", "More late reviews than promised"),
    Metric.DISAGREEMENT: Wording(
        "reviews by several people", "were answered differently", "More disagreement than promised"
    ),
    Metric.REPORTED: Wording(
        "outcomes reported later", "contradict what was delivered",
        "More contradicted outcomes than promised",
    ),
}  # fmt: skip
STOPPABLE = frozenset((Metric.AUDITED_ERROR, Metric.REPORTED))
"""Metrics of errors that leave the system: of these alone an alarm may stop approvals by rule."""


def contradicts(outcome: Mapping[str, Any], delivered: Any) -> bool:
    """Return whether what production showed contradicts the label that was delivered.

    `correct` says so itself; otherwise `label` is what turned out to be true.
    """
    if isinstance(outcome.get("correct"), bool):
        return not outcome["correct"]
    return delivered is not None and outcome.get("label") != delivered
