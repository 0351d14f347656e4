"""How soon an incident is reported: the one table of the days.

On what they rest is row O14 of the matrix of controls, with the day on which that was last read.
"""

from datetime import datetime, timedelta

# By severity, from when one became aware of it.
DAYS = {"serious": 15, "death": 10, "widespread": 2}


def due_at(severity: str, aware_at: datetime) -> datetime | None:
    """Return by when an incident is reported, 24 hours a day from `aware_at`; None: no law says."""
    days = DAYS.get(severity)
    return aware_at + timedelta(days=days) if days else None
