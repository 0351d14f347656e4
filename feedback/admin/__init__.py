"""The admin pages of feedback, and of what reaches into every store: consents and erasures."""

from feedback.admin import datasets, erasures, learning, privacy

__all__ = ["datasets", "erasures", "learning", "privacy"]
