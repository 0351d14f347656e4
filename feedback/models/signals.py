"""Raw: what a decision said, as a record that nobody writes by hand."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from feedback.enums import SignalKind
from governance.models.base import ERASED_TEXT, AppendOnlyModel, one_of


class FeedbackSignal(AppendOnlyModel):
    """One thing that a resolution taught; it follows from the records and the rules in `rules`.

    It stands while its resolution is the one of the item. `decisions` lists the ids of those it was
    derived from. What people make of signals is a `Lesson`, in a table of its own.
    Constraints: feedbacksignal_kind_once, feedbacksignal_kind_valid, feedbacksignal_says_something.
    """

    # It may quote an answer.
    personal: ClassVar[Mapping[str, Any]] = {"statement": ERASED_TEXT}

    id = models.UUIDField(primary_key=True, editable=False)
    pipeline = models.ForeignKey(
        "governance.Pipeline",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    item = models.ForeignKey("reviews.ReviewItem", on_delete=models.PROTECT, related_name="+")
    resolution = models.ForeignKey(
        "reviews.Resolution", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=9, choices=SignalKind)
    statement = models.CharField(max_length=500)
    scenario_type = models.CharField(max_length=120, blank=True)
    confidence_band = models.CharField(max_length=7, blank=True)
    reason_codes = models.JSONField(default=list)
    decisions = models.JSONField()
    rules = models.PositiveSmallIntegerField(help_text="The rules it was made by.")
    resolved_at = models.DateTimeField(db_index=True)
    distilled_at = models.DateTimeField()

    class Meta:
        indexes = [
            # The lists of one pipeline, kind or scenario, in the order of their cursor.
            models.Index(fields=["pipeline", "id"], name="feedbacksignal_by_pipeline"),
            models.Index(fields=["kind", "id"], name="feedbacksignal_by_kind"),
            models.Index(fields=["scenario_type", "id"], name="feedbacksignal_by_scenario"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["resolution", "kind"], name="feedbacksignal_kind_once"),
            models.CheckConstraint(
                condition=one_of("kind", SignalKind.values), name="feedbacksignal_kind_valid"
            ),
            models.CheckConstraint(
                condition=~Q(statement=""), name="feedbacksignal_says_something"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
