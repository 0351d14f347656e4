"""The words that reviews store; they are the API's own."""

from django.db.models import TextChoices


class Disposition(TextChoices):
    AUTO_APPROVED = "auto_approved", "Approved by rule"
    IN_REVIEW = "in_review", "Sent to people"


class Sampled(TextChoices):
    RANDOM_SLICE = "random_slice", "Random slice"
    MONITOR = "monitor", "Monitor sample"


class ItemStatus(TextChoices):
    PENDING = "pending", "Waiting"
    IN_REVIEW = "in_review", "In review"
    AWAITING_OTHERS = "awaiting_others", "Waiting for other reviewers"
    AWAITING_ADJUDICATION = "awaiting_adjudication", "Waiting for adjudication"
    ESCALATED = "escalated", "Escalated"
    RESOLVED = "resolved", "Resolved"
    WITHDRAWN = "withdrawn", "Withdrawn"
    EXPIRED = "expired", "Expired"


class AssignmentState(TextChoices):
    CLAIMED = "claimed", "Claimed"
    DECIDED = "decided", "Decided"
    RELEASED = "released", "Released"
    DECLINED = "declined", "Declined"
    EXPIRED = "expired", "Lease expired"
    UNDONE = "undone", "Undone"


class Verdict(TextChoices):
    ACCEPT = "accept", "Accept"
    CORRECT = "correct", "Correct"
    REJECT = "reject", "Reject"
    ESCALATE = "escalate", "Escalate"
    DEFER = "defer", "Cannot decide"


class ResolutionKind(TextChoices):
    AUTO = "auto", "Approved by rule"
    SINGLE = "single", "One decision"
    AGREEMENT = "agreement", "Reviewers agreed"
    ADJUDICATED = "adjudicated", "Adjudicated"
    OVERTURNED = "overturned", "Overturned"
