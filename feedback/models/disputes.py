"""That a reviewer disputes a figure about themselves, and what a lead answered."""

from django.db import models
from django.db.models import F, Q

from feedback.enums import DisputeOutcome, FigureName
from governance.models.base import AppendOnlyModel, one_of, uuid7


class FigureDispute(AppendOnlyModel):
    """That a person disputes a figure of theirs; `shown` is the figure as they saw it.

    `after` is the earlier dispute of the same person, pipeline and figure, so that one at a time is
    open: an open one has none after it. `salt` blinds the commitment to the reason in the ledger.
    Constraints: figuredispute_figure_valid, figuredispute_has_reason, figuredispute_one_first.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(
        "governance.User", on_delete=models.PROTECT, related_name="figure_disputes", db_index=False
    )
    pipeline = models.ForeignKey(
        "governance.Pipeline", on_delete=models.PROTECT, related_name="figure_disputes"
    )
    figure = models.CharField(max_length=20, choices=FigureName)
    shown = models.JSONField()
    reason = models.TextField(max_length=2000)
    after = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="followed_by"
    )
    salt = models.CharField(max_length=64)
    opened_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=one_of("figure", FigureName.values), name="figuredispute_figure_valid"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="figuredispute_has_reason"),
            models.UniqueConstraint(
                fields=["person", "pipeline", "figure"],
                condition=Q(after=None),
                name="figuredispute_one_first",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.figure} of {self.person_id}"


class FigureDisputeAnswer(AppendOnlyModel):
    """What a lead answered to a dispute. `person` is copied from it: another one answers.

    Constraints: figuredisputeanswer_outcome_valid, figuredisputeanswer_has_text,
    figuredisputeanswer_by_another.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    dispute = models.OneToOneField(FigureDispute, on_delete=models.PROTECT, related_name="answer")
    person = models.ForeignKey(
        "governance.User", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    judge = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=8, choices=DisputeOutcome)
    text = models.TextField(max_length=2000)
    salt = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=one_of("outcome", DisputeOutcome.values),
                name="figuredisputeanswer_outcome_valid",
            ),
            models.CheckConstraint(condition=~Q(text=""), name="figuredisputeanswer_has_text"),
            models.CheckConstraint(
                condition=~Q(judge=F("person")), name="figuredisputeanswer_by_another"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome}, {self.at:%Y-%m-%d}"
