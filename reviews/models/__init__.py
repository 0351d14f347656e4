"""Predictions, the work that they make for people, and what people decided."""

from reviews.models.assignments import Assignment
from reviews.models.decisions import Decision, Resolution
from reviews.models.intake import Outcome, Prediction, ShadowRoute, Withdrawal
from reviews.models.items import Lane, ReviewItem
from reviews.models.notes import Note

__all__ = [
    "Assignment",
    "Decision",
    "Lane",
    "Note",
    "Outcome",
    "Prediction",
    "Resolution",
    "ReviewItem",
    "ShadowRoute",
    "Withdrawal",
]
