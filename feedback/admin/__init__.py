"""The admin pages of datasets, signals and lessons, and of consents and erasures."""

from feedback.admin import datasets, erasures, learning, privacy

__all__ = ["datasets", "erasures", "learning", "privacy"]
