"""What waits for people."""

import uuid
from collections.abc import Iterable

from django.db import models
from django.db.models import F, Q

from governance.models.base import one_of, uuid7
from reviews.enums import ItemStatus, PauseReason

LANES = uuid.UUID("6d1a2f0e-8d0b-5c7e-9a55-0b1c6f3f2a10")


class Lane(models.Model):
    """The items of a queue that ask for the same skills.

    A reviewer may take from a lane or not, whatever the item, so that a claim reads the head of a
    few lanes instead of passing over what needs a skill that is lacking. `key` is the sorted
    skills, joined by commas; the id follows from the three. Constraint: lane_uniq.
    """

    id = models.UUIDField(primary_key=True, editable=False)

    pipeline = models.ForeignKey(
        "governance.Pipeline", on_delete=models.PROTECT, related_name="lanes"
    )
    queue = models.CharField(max_length=63)
    key = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pipeline", "queue", "key"], name="lane_uniq"),
        ]

    def __str__(self) -> str:
        return f"{self.queue} ({self.key})"

    @classmethod
    def of(cls, pipeline_id: int, queue: str, skills: Iterable[str]) -> "Lane":
        """Return the lane, unsaved, of a queue's items that ask for `skills`, which are sorted."""
        key = ",".join(skills)
        return cls(
            id=uuid.uuid5(LANES, f"{pipeline_id}:{queue}:{key}"),
            pipeline_id=pipeline_id,
            queue=queue,
            key=key,
        )

    @property
    def skills(self) -> frozenset[str]:
        """The skills that each of its items asks for."""
        return frozenset(self.key.split(",")) if self.key else frozenset()


class ReviewItem(models.Model):
    """A prediction that people must see; the one mutable aggregate of a review.

    `open_slots` is how many more reviewers may claim it now: `slots` less the live claims and
    standing decisions. `urgent_at` orders claims: the due time (or arrival plus a day where no SLA
    is set) less an hour for each point of priority; as arrivals only grow, nothing starves.
    `blind_first` is the probability with which it was drawn to be answered before the prediction
    is seen, and `blind` whether it was; empty where nothing was drawn.
    Constraints: reviewitem_status_valid, reviewitem_open_slots_within, reviewitem_resolved_iff,
    reviewitem_open_only_when_open, reviewitem_paused_is_closed, reviewitem_blind_first_is_share.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    prediction = models.OneToOneField(
        "reviews.Prediction", on_delete=models.PROTECT, related_name="item"
    )
    pipeline = models.ForeignKey(
        "governance.Pipeline",
        on_delete=models.PROTECT,
        related_name="items",
        db_index=False,
        db_constraint=False,
    )
    lane = models.ForeignKey(
        Lane, on_delete=models.PROTECT, related_name="items", db_index=False, db_constraint=False
    )
    config_version = models.ForeignKey(
        "governance.PolicyVersion",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    sla_version = models.ForeignKey(
        "governance.PolicyVersion",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    tier = models.CharField(max_length=63)
    queue = models.CharField(max_length=63)
    priority = models.SmallIntegerField(default=0)
    blind = models.BooleanField(default=False)
    blind_first = models.FloatField(null=True)
    status = models.CharField(max_length=21, choices=ItemStatus, default=ItemStatus.PENDING)
    slots = models.PositiveSmallIntegerField()
    open_slots = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    urgent_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    resolution = models.ForeignKey(
        "reviews.Resolution",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text="The one that stands.",
    )
    left_at = models.DateTimeField(
        null=True, help_text="When its outcome first left the system; no undo after that."
    )
    cycle = models.PositiveSmallIntegerField(default=1, help_text="One more at each reopening.")
    closed_slots = models.PositiveSmallIntegerField(
        default=0, help_text="The slots of earlier cycles, whose decisions count no more."
    )
    paused_at = models.DateTimeField(null=True, help_text="Set: nobody can claim it.")
    pause_reason = models.CharField(max_length=22, blank=True, choices=PauseReason)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [
            # The claim: the head of a lane.
            models.Index(
                fields=["lane", "urgent_at", "id"],
                name="reviewitem_claimable",
                condition=Q(open_slots__gt=0),
            ),
            # Lists: a pipeline's items by status, in the order of the cursor.
            models.Index(fields=["pipeline", "status", "id"], name="reviewitem_by_status"),
            # The admin's list: the newest, or those of a month.
            models.Index(fields=["created_at"], name="reviewitem_by_arrival"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=one_of("status", ItemStatus.values), name="reviewitem_status_valid"
            ),
            models.CheckConstraint(
                condition=Q(open_slots__lte=F("slots")), name="reviewitem_open_slots_within"
            ),
            models.CheckConstraint(
                condition=Q(
                    status=ItemStatus.RESOLVED, resolved_at__isnull=False, resolution__isnull=False
                )
                | (
                    ~Q(status=ItemStatus.RESOLVED)
                    & Q(resolved_at__isnull=True, resolution__isnull=True)
                ),
                name="reviewitem_resolved_iff",
            ),
            models.CheckConstraint(
                condition=Q(open_slots=0)
                | one_of(
                    "status",
                    [ItemStatus.PENDING, ItemStatus.IN_REVIEW, ItemStatus.AWAITING_OTHERS],
                ),
                name="reviewitem_open_only_when_open",
            ),
            models.CheckConstraint(
                condition=Q(paused_at__isnull=True, pause_reason="")
                | (Q(paused_at__isnull=False, open_slots=0) & ~Q(pause_reason="")),
                name="reviewitem_paused_is_closed",
            ),
            models.CheckConstraint(
                condition=Q(blind_first__isnull=True) | Q(blind_first__gt=0, blind_first__lte=1),
                name="reviewitem_blind_first_is_share",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.queue} {self.status}"
