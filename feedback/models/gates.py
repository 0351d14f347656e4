"""Gates: by which plan a candidate is judged against a baseline, and how it was judged."""

from django.db import models
from django.db.models import F, Q

from feedback.enums import GateVerdict
from governance.models.base import AppendOnlyModel, one_of, uuid7


class Gate(AppendOnlyModel):
    """What versions of a model pass before they are released. Constraint: gate_slug_uniq."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=63, db_index=False)
    pipeline = models.ForeignKey(
        "governance.Pipeline", on_delete=models.PROTECT, related_name="gates"
    )
    model_name = models.CharField(max_length=120)
    created_by = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["slug"], name="gate_slug_uniq")]

    def __str__(self) -> str:
        return self.slug


class GatePlan(AppendOnlyModel):
    """How a gate judges, frozen: metric, sets with their digests, margins, slices, confidence.

    A change is the next number; what ran under a plan stays under it. `digest` is the SHA-256 of
    the document as RFC 8785 JSON. Constraint: gateplan_number_uniq.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    gate = models.ForeignKey(Gate, on_delete=models.PROTECT, related_name="plans", db_index=False)
    number = models.PositiveIntegerField()
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    frozen_by = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    frozen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gate", "number"], name="gateplan_number_uniq")
        ]

    def __str__(self) -> str:
        return f"{self.gate} plan {self.number}"


class GateRun(AppendOnlyModel):
    """That a candidate was judged, under a plan that was frozen before anything was known of it.

    `plan_digest` and `plan_frozen_at` are those of the plan (trigger gaterun_plan_as_frozen), and
    `candidate_evaluated_at` is when the first of its evaluations that count began. `digest` is the
    SHA-256 of `result` as RFC 8785 JSON. Constraints: gaterun_plan_frozen_first,
    gaterun_verdict_valid, gaterun_of_two.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    plan = models.ForeignKey(GatePlan, on_delete=models.PROTECT, related_name="runs")
    plan_digest = models.CharField(max_length=64)
    plan_frozen_at = models.DateTimeField()
    baseline = models.ForeignKey(
        "feedback.ModelVersion", on_delete=models.PROTECT, related_name="runs_as_baseline"
    )
    candidate = models.ForeignKey(
        "feedback.ModelVersion", on_delete=models.PROTECT, related_name="runs_as_candidate"
    )
    candidate_evaluated_at = models.DateTimeField()
    verdict = models.CharField(max_length=12, choices=GateVerdict)
    result = models.JSONField()
    digest = models.CharField(max_length=64)
    run_by = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(plan_frozen_at__lte=F("candidate_evaluated_at"))
                & Q(candidate_evaluated_at__lte=F("started_at")),
                name="gaterun_plan_frozen_first",
            ),
            models.CheckConstraint(
                condition=one_of("verdict", GateVerdict.values), name="gaterun_verdict_valid"
            ),
            models.CheckConstraint(condition=~Q(baseline=F("candidate")), name="gaterun_of_two"),
        ]

    def __str__(self) -> str:
        return f"{self.candidate} against {self.baseline}: {self.verdict}"


class GateRunEvaluation(AppendOnlyModel):
    """An evaluation that a run rests on; written before the run, which closes it.

    Constraint: gaterunevaluation_once.
    """

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(
        GateRun, on_delete=models.PROTECT, related_name="evaluations", db_index=False
    )
    evaluation = models.ForeignKey(
        "feedback.Evaluation", on_delete=models.PROTECT, related_name="gate_runs"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "evaluation"], name="gaterunevaluation_once")
        ]

    def __str__(self) -> str:
        return f"{self.run_id} on {self.evaluation_id}"
