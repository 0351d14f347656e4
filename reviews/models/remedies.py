"""What became of what was decided under a change that was rolled back."""

from django.db import models
from django.db.models import Q

from governance.models.base import AppendOnlyModel, one_of, uuid7
from reviews.enums import RemedyKind


class Remedy(AppendOnlyModel):
    """What is done about one prediction that was routed under a change, after its roll-back.

    `activation` is the roll-back. Constraints: remedy_once, remedy_kind_valid, remedy_has_reason.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    activation = models.ForeignKey(
        "governance.AdjustmentActivation", on_delete=models.PROTECT, related_name="remedies"
    )
    prediction = models.ForeignKey(
        "reviews.Prediction", on_delete=models.PROTECT, related_name="remedies"
    )
    kind = models.CharField(max_length=9, choices=RemedyKind)
    actor = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "remedies"
        constraints = [
            models.UniqueConstraint(fields=["activation", "prediction"], name="remedy_once"),
            models.CheckConstraint(
                condition=one_of("kind", RemedyKind.values), name="remedy_kind_valid"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="remedy_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.prediction_id}"
