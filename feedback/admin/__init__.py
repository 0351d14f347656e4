"""The admin pages of feedback, and of what reaches into every store: erasures, audit packs."""

from feedback.admin import (
    datasets,
    disputes,
    erasures,
    learning,
    models,
    monitoring,
    packs,
    privacy,
    retrospectives,
    stakeholders,
)

__all__ = [
    "datasets",
    "disputes",
    "erasures",
    "learning",
    "models",
    "monitoring",
    "packs",
    "privacy",
    "retrospectives",
    "stakeholders",
]
