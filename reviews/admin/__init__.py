"""The admin pages of predictions, of the work on them, and of the ledger that tells of both."""

from reviews.admin import clocks, intake, ledger, maintenance, notifications, retention, work

__all__ = ["clocks", "intake", "ledger", "maintenance", "notifications", "retention", "work"]
