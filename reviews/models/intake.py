"""What pipelines sent, and how it was routed."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from governance.models.base import ERASED, ERASED_TEXT, AppendOnlyModel, one_of, share, uuid7
from reviews.enums import Disposition, Sampled


class Prediction(AppendOnlyModel):
    """One output of a model, as it came, with its first routing.

    An auto-approved prediction is its own resolution (`kind: auto`) and costs this one row.
    `digest` is SHA-256 of the RFC 8785 content and the leaf under the Merkle root of `intake`,
    the ledger event of the call that brought it, at `position`.
    Constraints: prediction_external_id_uniq, prediction_confidence_is_share,
    prediction_propensity_is_share, prediction_disposition_valid, prediction_sampled_valid.
    """

    # The trace holds what rules saw of the input.
    personal: ClassVar[Mapping[str, Any]] = {
        "input": ERASED, "output": ERASED, "scores": None, "characteristics": {},
        "subject_ref": "", "trace": [],
    }  # fmt: skip

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    pipeline = models.ForeignKey(
        "governance.Pipeline",
        on_delete=models.PROTECT,
        related_name="predictions",
        db_index=False,
        db_constraint=False,
    )
    external_id = models.CharField(max_length=200)
    input = models.JSONField()
    output = models.JSONField()
    confidence = models.FloatField(null=True)
    scores = models.JSONField(null=True)
    scenario_type = models.CharField(max_length=120, blank=True)
    characteristics = models.JSONField(default=dict)
    model_name = models.CharField(max_length=120)
    model_version = models.CharField(max_length=120)
    occurred_at = models.DateTimeField(null=True)
    subject_ref = models.CharField(max_length=200, blank=True)
    subject_basis = models.CharField(max_length=60, blank=True)
    digest = models.CharField(max_length=64)
    sender = models.ForeignKey(
        "governance.User",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    received_at = models.DateTimeField(db_index=True)
    intake = models.UUIDField(help_text="The ledger event of the call that brought it.")
    position = models.PositiveIntegerField(help_text="Its leaf under that event's Merkle root.")
    config_version = models.ForeignKey(
        "governance.PolicyVersion",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    disposition = models.CharField(max_length=13, choices=Disposition)
    tier = models.CharField(max_length=63)
    rule = models.CharField(max_length=63, blank=True, help_text="Empty: the default.")
    queue = models.CharField(max_length=63, blank=True)
    skills = models.JSONField(default=list)
    priority = models.SmallIntegerField(default=0)
    sampled = models.CharField(max_length=12, choices=Sampled, blank=True)
    propensity = models.FloatField()
    trace = models.JSONField()

    class Meta:
        indexes = [
            # Lists of one pipeline, in the order of their cursor.
            models.Index(fields=["pipeline", "id"], name="prediction_by_pipeline"),
            # What is about one person, for consent and erasure.
            models.Index(
                fields=["subject_ref"],
                name="prediction_by_subject",
                condition=~Q(subject_ref=""),
            ),
            # The admin's list of what a draw took: a small share of all.
            models.Index(
                fields=["sampled", "received_at"],
                name="prediction_sampled",
                condition=~Q(sampled=""),
            ),
        ]
        constraints = [
            # Ordered by bytes on PostgreSQL, so that the same index finds how an id begins.
            models.UniqueConstraint(
                fields=["pipeline", "external_id"],
                opclasses=["int8_ops", "varchar_pattern_ops"],
                name="prediction_external_id_uniq",
            ),
            models.CheckConstraint(
                condition=Q(confidence__isnull=True) | share("confidence"),
                name="prediction_confidence_is_share",
            ),
            models.CheckConstraint(
                condition=Q(propensity__gte=0, propensity__lte=1),
                name="prediction_propensity_is_share",
            ),
            models.CheckConstraint(
                condition=one_of("disposition", Disposition.values),
                name="prediction_disposition_valid",
            ),
            models.CheckConstraint(
                condition=one_of("sampled", ["", *Sampled.values]),
                name="prediction_sampled_valid",
            ),
        ]

    def __str__(self) -> str:
        return self.external_id


class ShadowRoute(AppendOnlyModel):
    """How a shadow version would have routed a prediction; it changes nothing."""

    personal: ClassVar[Mapping[str, Any]] = {"trace": []}

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    prediction = models.ForeignKey(
        Prediction, on_delete=models.PROTECT, related_name="shadow_routes"
    )
    config_version = models.ForeignKey(
        "governance.PolicyVersion", on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    disposition = models.CharField(max_length=13, choices=Disposition)
    tier = models.CharField(max_length=63)
    rule = models.CharField(max_length=63, blank=True)
    queue = models.CharField(max_length=63, blank=True)
    sampled = models.CharField(max_length=12, choices=Sampled, blank=True)
    propensity = models.FloatField()
    trace = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["prediction", "config_version"], name="shadowroute_once_per_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prediction_id} under {self.config_version_id}"


class Withdrawal(AppendOnlyModel):
    """That a pipeline took a prediction back. Constraint: withdrawal_has_reason."""

    personal: ClassVar[Mapping[str, Any]] = {"reason": ERASED_TEXT}

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    prediction = models.OneToOneField(
        Prediction, on_delete=models.PROTECT, related_name="withdrawal"
    )
    reason = models.CharField(max_length=500)
    actor = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="withdrawal_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.prediction_id} withdrawn"


class Outcome(AppendOnlyModel):
    """What production showed later of a prediction. Several may follow one another.

    Constraint: outcome_cost_not_negative.
    """

    personal: ClassVar[Mapping[str, Any]] = {"outcome": ERASED}

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    prediction = models.ForeignKey(Prediction, on_delete=models.PROTECT, related_name="outcomes")
    outcome = models.JSONField()
    cost = models.DecimalField(max_digits=18, decimal_places=4, null=True)
    observed_at = models.DateTimeField()
    actor = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(cost__isnull=True) | Q(cost__gte=0), name="outcome_cost_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"outcome of {self.prediction_id}"
