"""How soon an incident is reported: the one table of it, as of the day below.

Read through secondary pages; who corrects a number corrects it here, and dates it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

AS_OF = "2026-11-26"


@dataclass(frozen=True)
class Deadline:
    """Days from when one became aware, and where the rule stands."""

    days: int
    source: str


DEADLINES = {
    "serious": Deadline(15, "Regulation (EU) 2024/1689, Article 73(2)"),
    "death": Deadline(10, "Regulation (EU) 2024/1689, Article 73(4)"),
    "widespread": Deadline(2, "Regulation (EU) 2024/1689, Article 73(3)"),
}
# Until it is reported, the system is not altered in a way that could hide the causes.
FREEZE = "Regulation (EU) 2024/1689, Article 73(6)"


def due_at(severity: str, aware_at: datetime) -> datetime | None:
    """Return by when an incident is reported, 24 hours a day from `aware_at`; None: no law says."""
    deadline = DEADLINES.get(severity)
    return aware_at + timedelta(days=deadline.days) if deadline else None
