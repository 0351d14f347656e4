"""The admin pages of predictions, of the work on them, and of the ledger that tells of both."""

from reviews.admin import intake, ledger, work

__all__ = ["intake", "ledger", "work"]
