"""Who has which slot of an item, and until when."""

from django.db import models
from django.db.models import F, Q

from governance.models.base import one_of, uuid7
from reviews.enums import AssignmentState

HOLDING = [AssignmentState.CLAIMED, AssignmentState.DECIDED]
FINAL_FOR_PERSON = [AssignmentState.CLAIMED, AssignmentState.DECIDED, AssignmentState.DECLINED]


class Assignment(models.Model):
    """A slot of an item that one reviewer holds under a lease, or held.

    The claim token is stored as SHA-256 and spent by the decision.
    Constraints: assignment_slot_held_once, assignment_item_once_per_reviewer,
    assignment_state_valid, assignment_ended_iff, assignment_lease_after_claim.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    item = models.ForeignKey(
        "reviews.ReviewItem", on_delete=models.PROTECT, related_name="assignments", db_index=False
    )
    reviewer = models.ForeignKey(
        "governance.User", on_delete=models.PROTECT, related_name="assignments", db_index=False
    )
    slot = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=8, choices=AssignmentState, default=AssignmentState.CLAIMED)
    token_digest = models.CharField(max_length=64)
    claimed_at = models.DateTimeField()
    lease_expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["item", "reviewer"], name="assignment_by_item"),
            # Capacity: what a person holds and took in the last 24 hours.
            models.Index(fields=["reviewer", "claimed_at"], name="assignment_by_reviewer"),
            # The sweep of lapsed leases.
            models.Index(
                fields=["lease_expires_at"],
                name="assignment_leases",
                condition=Q(state=AssignmentState.CLAIMED),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["item", "slot"],
                condition=Q(state__in=HOLDING),
                name="assignment_slot_held_once",
            ),
            models.UniqueConstraint(
                fields=["item", "reviewer"],
                condition=Q(state__in=FINAL_FOR_PERSON),
                name="assignment_item_once_per_reviewer",
            ),
            models.CheckConstraint(
                condition=one_of("state", AssignmentState.values), name="assignment_state_valid"
            ),
            models.CheckConstraint(
                condition=Q(state=AssignmentState.CLAIMED, ended_at__isnull=True)
                | (~Q(state=AssignmentState.CLAIMED) & Q(ended_at__isnull=False)),
                name="assignment_ended_iff",
            ),
            models.CheckConstraint(
                condition=Q(lease_expires_at__gt=F("claimed_at")),
                name="assignment_lease_after_claim",
            ),
        ]

    def __str__(self) -> str:
        return f"slot {self.slot} of {self.item_id}"
