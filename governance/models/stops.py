"""The stop switch: no auto-approval where one is in force."""

from django.db import models
from django.db.models import F, Q

from governance.models.base import AppendOnlyModel, uuid7

NEEDED = 2


class Stop(AppendOnlyModel):
    """That nothing is approved without people, in a pipeline or a part of it, until it is resumed.

    An empty tier, model name or version means all of them. It is in force from the commit of its
    row until the second resumption; `prediction_not_stopped` (reviews.db.stop_wall) holds it.
    Constraint: stop_has_reason.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    pipeline = models.ForeignKey(
        "governance.Pipeline", on_delete=models.PROTECT, related_name="stops"
    )
    tier = models.CharField(max_length=63, blank=True)
    model_name = models.CharField(max_length=120, blank=True)
    model_version = models.CharField(max_length=120, blank=True)
    actor = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    effective_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="stop_has_reason"),
        ]

    def __str__(self) -> str:
        return " ".join(filter(None, ("stop", self.tier, self.model_name, self.model_version)))


class StopResumption(AppendOnlyModel):
    """That one person would resume; the second ends the stop.

    `stopped_by` is copied from the stop. Constraints: stopresumption_position_uniq,
    stopresumption_person_uniq, stopresumption_position_valid, stopresumption_by_another,
    stopresumption_has_reason.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    stop = models.ForeignKey(Stop, on_delete=models.PROTECT, related_name="resumptions")
    position = models.PositiveSmallIntegerField()
    person = models.CharField(max_length=254)
    stopped_by = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    actor = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stop", "position"], name="stopresumption_position_uniq"
            ),
            models.UniqueConstraint(fields=["stop", "person"], name="stopresumption_person_uniq"),
            models.CheckConstraint(
                condition=Q(position__gte=1, position__lte=NEEDED),
                name="stopresumption_position_valid",
            ),
            models.CheckConstraint(
                condition=~Q(actor=F("stopped_by")), name="stopresumption_by_another"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="stopresumption_has_reason"),
        ]

    def __str__(self) -> str:
        return f"resumption {self.position} of {self.stop_id}"
