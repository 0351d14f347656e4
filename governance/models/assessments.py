"""Impact assessments: what could go wrong in a pipeline, by one person, signed by another."""

from django.db import models
from django.db.models import F, Q

from governance.models.base import AppendOnlyModel, uuid7


class ImpactAssessment(AppendOnlyModel):
    """What a pipeline is for, whom it touches, which harms are foreseen, and what is done.

    `content` is what was written (governance.domain.assessing) and `digest` the SHA-256 of its
    RFC 8785 JSON with pipeline, number and day. It is relied on once somebody else has signed it,
    until the end of `review_on`. Constraints: impactassessment_number_uniq,
    impactassessment_number_positive, impactassessment_has_reason.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    pipeline = models.ForeignKey(
        "governance.Pipeline", on_delete=models.PROTECT, related_name="assessments", db_index=False
    )
    number = models.PositiveIntegerField()
    content = models.JSONField()
    review_on = models.DateField()
    digest = models.CharField(max_length=64)
    reason = models.CharField(max_length=500)
    written_by = models.ForeignKey(
        "governance.User", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    written_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["pipeline", "number"], name="impactassessment_number_uniq"
            ),
            models.CheckConstraint(
                condition=Q(number__gte=1), name="impactassessment_number_positive"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="impactassessment_has_reason"),
        ]

    def __str__(self) -> str:
        return f"impact assessment {self.number}"


class AssessmentSignature(AppendOnlyModel):
    """Who signed an assessment; `digest` binds what it said, and `author` is copied from it.

    Constraints: assessmentsignature_not_by_author, assessmentsignature_named; that there is one is
    the key of `assessment`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    assessment = models.OneToOneField(
        ImpactAssessment, on_delete=models.PROTECT, related_name="signature"
    )
    signer = models.ForeignKey(
        "governance.User", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    author = models.ForeignKey(
        "governance.User", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    printed_name = models.CharField(max_length=310)
    digest = models.CharField(max_length=64)
    reauthenticated_at = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(signer=F("author")), name="assessmentsignature_not_by_author"
            ),
            models.CheckConstraint(
                condition=~Q(printed_name="") & ~Q(digest=""), name="assessmentsignature_named"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.printed_name}, {self.at:%Y-%m-%d}"
