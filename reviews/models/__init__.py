"""Predictions, the work that they make for people, and what people decided."""

from reviews.models.assignments import Assignment
from reviews.models.challenges import Challenge, ChallengeOutcome
from reviews.models.clocks import Acknowledgement, ClockEvent, Escalation, SLAClock
from reviews.models.decisions import Decision, Resolution
from reviews.models.intake import Outcome, Prediction, ShadowRoute, Withdrawal
from reviews.models.items import Lane, ReviewItem
from reviews.models.maintenance import Maintenance
from reviews.models.notes import Note
from reviews.models.notifications import Notification, NotificationPreference
from reviews.models.remedies import Remedy

__all__ = [
    "Acknowledgement",
    "Assignment",
    "Challenge",
    "ChallengeOutcome",
    "ClockEvent",
    "Decision",
    "Escalation",
    "Lane",
    "Maintenance",
    "Note",
    "Notification",
    "NotificationPreference",
    "Outcome",
    "Prediction",
    "Remedy",
    "Resolution",
    "ReviewItem",
    "SLAClock",
    "ShadowRoute",
    "Withdrawal",
]
