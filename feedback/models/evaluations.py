"""Evaluations: what a version of a model says of each row of a held-out set."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from governance.models.base import ERASED, AppendOnlyModel, share, uuid7


class Evaluation(AppendOnlyModel):
    """One look of a version of a model at a version of a held-out set; it is counted."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    model = models.ForeignKey(
        "feedback.ModelVersion", on_delete=models.PROTECT, related_name="evaluations"
    )
    dataset_version = models.ForeignKey(
        "feedback.DatasetVersion", on_delete=models.PROTECT, related_name="evaluations"
    )
    started_by = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.model} on {self.dataset_version}"


class EvaluationPrediction(AppendOnlyModel):
    """What the model says of the row at `position` of the set, and whether that is its answer.

    None is added once the evaluation is finished (feedback.db.seals). Constraints:
    evaluationprediction_once, evaluationprediction_confidence_share.
    """

    personal: ClassVar[Mapping[str, Any]] = {"output": ERASED}

    id = models.BigAutoField(primary_key=True)
    evaluation = models.ForeignKey(
        Evaluation, on_delete=models.PROTECT, related_name="predictions", db_index=False
    )
    position = models.PositiveIntegerField()
    output = models.JSONField()
    confidence = models.FloatField(null=True)
    correct = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["evaluation", "position"], name="evaluationprediction_once"
            ),
            models.CheckConstraint(
                condition=Q(confidence__isnull=True) | share("confidence"),
                name="evaluationprediction_confidence_share",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.evaluation_id} {self.position}"


class EvaluationFinish(AppendOnlyModel):
    """That an evaluation is whole: a prediction for every row that was there.

    `digest` is the RFC 9162 root over the predictions in the order of the set, each a line of RFC
    8785 JSON. `figures`: n, correct, and both by slice. Constraint: evaluationfinish_has_rows.
    """

    evaluation = models.OneToOneField(
        Evaluation, on_delete=models.PROTECT, primary_key=True, related_name="finish"
    )
    rows = models.PositiveIntegerField()
    correct = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    figures = models.JSONField()
    finished_by = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    finished_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "evaluation finishes"
        constraints = [
            models.CheckConstraint(
                condition=Q(rows__gte=1, correct__lte=models.F("rows")),
                name="evaluationfinish_has_rows",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.correct} of {self.rows}"
