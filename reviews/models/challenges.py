"""Challenges: somebody doubts an outcome, and another person judges it."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from governance.models.base import ERASED_TEXT, AppendOnlyModel, one_of, uuid7
from reviews.enums import ChallengeState


class Challenge(AppendOnlyModel):
    """A doubt about the outcome of an item. It is open until it has an `outcome`.

    `after` is how the challenge before it of the same resolution ended. Who stays `anonymous` is
    named by this row alone: the ledger holds their id as a commitment under `name_salt`, which
    opens nothing else, and which nothing hands out.
    Constraints: challenge_has_reason, challenge_one_open.
    """

    personal: ClassVar[Mapping[str, Any]] = {"reason": ERASED_TEXT, "salt": ""}

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    item = models.ForeignKey(
        "reviews.ReviewItem", on_delete=models.PROTECT, related_name="challenges"
    )
    resolution = models.ForeignKey(
        "reviews.Resolution", on_delete=models.PROTECT, related_name="challenges", db_index=False
    )
    after = models.OneToOneField(
        "reviews.ChallengeOutcome", on_delete=models.PROTECT, null=True, related_name="followed_by"
    )
    opened_by = models.ForeignKey(
        "governance.User", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    anonymous = models.BooleanField(default=False)
    reason = models.TextField()
    salt = models.CharField(max_length=64)
    name_salt = models.CharField(max_length=64)
    opened_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="challenge_has_reason"),
            # A later one comes after an end, and after each end comes one at most.
            models.UniqueConstraint(
                fields=["resolution"], condition=Q(after__isnull=True), name="challenge_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"challenge of {self.resolution_id}"

    @property
    def state(self) -> str:
        """Return where it is: open, or how it ended."""
        outcome: ChallengeOutcome | None = getattr(self, "outcome", None)
        return outcome.state if outcome else ChallengeState.OPEN


class ChallengeOutcome(AppendOnlyModel):
    """How a challenge ended, once. `resolution` is the one that stands since it overturned another.

    Constraints: challengeoutcome_state_valid, challengeoutcome_has_rationale,
    challengeoutcome_overturned_iff.
    """

    personal: ClassVar[Mapping[str, Any]] = {"rationale": ERASED_TEXT, "salt": ""}

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    item = models.ForeignKey("reviews.ReviewItem", on_delete=models.PROTECT, related_name="+")
    challenge = models.OneToOneField(Challenge, on_delete=models.PROTECT, related_name="outcome")
    state = models.CharField(max_length=10, choices=ChallengeState)
    judge = models.ForeignKey(
        "governance.User", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    rationale = models.TextField()
    resolution = models.OneToOneField(
        "reviews.Resolution", on_delete=models.PROTECT, null=True, related_name="overturning"
    )
    salt = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=one_of("state", [s for s in ChallengeState.values if s != "open"]),
                name="challengeoutcome_state_valid",
            ),
            models.CheckConstraint(
                condition=~Q(rationale=""), name="challengeoutcome_has_rationale"
            ),
            models.CheckConstraint(
                condition=Q(state=ChallengeState.OVERTURNED, resolution__isnull=False)
                | (~Q(state=ChallengeState.OVERTURNED) & Q(resolution__isnull=True)),
                name="challengeoutcome_overturned_iff",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state}: {self.challenge_id}"
