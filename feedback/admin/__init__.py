"""The admin pages of datasets, signals and lessons."""

from feedback.admin import datasets, learning

__all__ = ["datasets", "learning"]
