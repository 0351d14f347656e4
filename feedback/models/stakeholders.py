"""What those whom a pipeline concerns are told of it."""

from django.db import models
from django.db.models import Q

from feedback.enums import Publicity
from governance.models.base import AppendOnlyModel, one_of, uuid7


class StakeholderEdition(AppendOnlyModel):
    """What was told of a pipeline from `published_at` on, until there is a later edition.

    `content` holds what somebody wrote beside what followed from the record on that day; `digest`
    is the SHA-256 of its RFC 8785 bytes in hex. Constraints: stakeholderedition_number_uniq,
    stakeholderedition_publicity_valid, stakeholderedition_number_positive,
    stakeholderedition_has_reason.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    pipeline = models.ForeignKey(
        "governance.Pipeline", on_delete=models.PROTECT, related_name="editions", db_index=False
    )
    number = models.PositiveIntegerField()
    publicity = models.CharField(max_length=8, choices=Publicity)
    content = models.JSONField()
    digest = models.CharField(max_length=64)
    reason = models.CharField(max_length=500)
    published_by = models.ForeignKey(
        "governance.User", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    published_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["pipeline", "number"], name="stakeholderedition_number_uniq"
            ),
            models.CheckConstraint(
                condition=one_of("publicity", Publicity.values),
                name="stakeholderedition_publicity_valid",
            ),
            models.CheckConstraint(
                condition=Q(number__gte=1), name="stakeholderedition_number_positive"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="stakeholderedition_has_reason"),
        ]

    def __str__(self) -> str:
        return f"edition {self.number}"
