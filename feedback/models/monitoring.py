"""Monitoring after release: what is promised of a pipeline, and what is seen of it."""

from django.db import models
from django.db.models import F, Q

from feedback.domain.monitored import STOPPABLE
from feedback.enums import Metric
from governance.models.base import AppendOnlyModel, one_of, share, uuid7


class MonitoringPlan(AppendOnlyModel):
    """What share of a metric may be bad, who answers for it, and what an alarm does.

    `number` counts from 1 in each pipeline, and the last one of each metric is in force. An empty
    `tier` is all of them. `cadence` is in days: something to count is expected that often. `ends`
    says that from then on the metric is not watched. Constraints: monitoringplan_number_uniq,
    monitoringplan_metric_valid, monitoringplan_target_is_share, monitoringplan_cadence_positive,
    monitoringplan_stops_errors_alone, monitoringplan_has_reason.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    pipeline = models.ForeignKey(
        "governance.Pipeline", on_delete=models.PROTECT, related_name="monitoring_plans",
        db_index=False,
    )  # fmt: skip
    number = models.PositiveIntegerField()
    metric = models.CharField(max_length=17, choices=Metric, default=Metric.AUDITED_ERROR)
    tier = models.CharField(max_length=63, blank=True)
    target = models.FloatField(help_text="The largest share that is promised.")
    cadence = models.PositiveSmallIntegerField()
    stops = models.BooleanField(help_text="An alarm stops approvals by rule there.")
    ends = models.BooleanField(default=False)
    owner = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    made_by = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["pipeline", "number"], name="monitoringplan_number_uniq"
            ),
            models.CheckConstraint(
                condition=one_of("metric", Metric.values), name="monitoringplan_metric_valid"
            ),
            models.CheckConstraint(
                condition=Q(stops=False) | one_of("metric", sorted(STOPPABLE)),
                name="monitoringplan_stops_errors_alone",
            ),
            models.CheckConstraint(
                condition=Q(target__gt=0, target__lt=1), name="monitoringplan_target_is_share"
            ),
            models.CheckConstraint(
                condition=Q(cadence__gte=1), name="monitoringplan_cadence_positive"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="monitoringplan_has_reason"),
        ]

    def __str__(self) -> str:
        return f"plan {self.number} of {self.pipeline_id}"


class MonitoringWindow(models.Model):
    """What audits say under one plan while one activation was in force.

    `activation` names it: evidence of two never mixes, not even where the second brings back what
    the first had. The figures follow from the audits and can be worked out again.
    Constraints: monitoringwindow_activation_uniq, monitoringwindow_errors_among_audits,
    monitoringwindow_floor_is_share.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    plan = models.ForeignKey(
        MonitoringPlan, on_delete=models.PROTECT, related_name="windows", db_index=False
    )
    activation = models.CharField(max_length=60)
    floor = models.FloatField()
    opened_at = models.DateTimeField()
    audits = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)
    process = models.JSONField()
    detector = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "activation"], name="monitoringwindow_activation_uniq"
            ),
            models.CheckConstraint(
                condition=Q(errors__lte=F("audits")), name="monitoringwindow_errors_among_audits"
            ),
            models.CheckConstraint(
                condition=share("floor") & Q(floor__gt=0), name="monitoringwindow_floor_is_share"
            ),
        ]

    def __str__(self) -> str:
        return f"window of {self.activation}"


class MonitoredAudit(AppendOnlyModel):
    """One prediction as a plan counts it, once; `resolution` is where people settled it by then.

    `position` counts from 1 in a window. Constraints: monitoredaudit_once,
    monitoredaudit_position_uniq.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    plan = models.ForeignKey(
        MonitoringPlan, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    window = models.ForeignKey(
        MonitoringWindow, on_delete=models.PROTECT, related_name="rows", db_index=False
    )
    position = models.PositiveIntegerField()
    prediction = models.ForeignKey("reviews.Prediction", on_delete=models.PROTECT, related_name="+")
    resolution = models.ForeignKey(
        "reviews.Resolution", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    wrong = models.BooleanField()
    propensity = models.FloatField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "prediction"], name="monitoredaudit_once"),
            models.UniqueConstraint(
                fields=["window", "position"], name="monitoredaudit_position_uniq"
            ),
        ]

    def __str__(self) -> str:
        return f"audit {self.position}"


class MonitoringAlarm(AppendOnlyModel):
    """That a window alarmed, and the one incident that it opened. Constraint: monitoringalarm_once.

    One for each window, however often it is looked at and by how many.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    window = models.ForeignKey(
        MonitoringWindow, on_delete=models.PROTECT, related_name="alarms", db_index=False
    )
    incident = models.OneToOneField(
        "governance.Incident", on_delete=models.PROTECT, related_name="alarm"
    )
    audits = models.PositiveIntegerField()
    errors = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["window"], name="monitoringalarm_once")]

    def __str__(self) -> str:
        return f"alarm after {self.audits}"
