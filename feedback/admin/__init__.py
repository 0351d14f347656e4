"""The admin pages of datasets."""

from feedback.admin import datasets

__all__ = ["datasets"]
