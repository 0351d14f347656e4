"""Pipelines and the rows from which their policy is written."""

from django.db import models
from django.db.models import Q

from governance.enums import PolicyKind, PolicyMode, RationaleRule
from governance.models.base import AppendOnlyModel, TrackedModel, one_of, share, uuid7


class PolicyVersion(AppendOnlyModel):
    """One published document of a pipeline, calendar or SLA policy; nothing changes it.

    `number` counts from 1 in each (kind, slug). `guideline_version` counts the distinct texts of a
    pipeline's guideline, `glossary_version` its distinct glossaries (0 is none). Constraints:
    policyversion_number_uniq, policyversion_digest_uniq, policyversion_kind_valid.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=12, choices=PolicyKind)
    slug = models.CharField(max_length=63)
    number = models.PositiveIntegerField()
    document = models.JSONField()
    digest = models.CharField(max_length=64, help_text="SHA-256 of the RFC 8785 document.")
    guideline_version = models.PositiveIntegerField(default=1)
    glossary_version = models.PositiveIntegerField(
        default=0, help_text="Counts the distinct glossaries; 0: there is none."
    )
    diff = models.JSONField(help_text="What differs from the version that was live before.")
    author = models.ForeignKey(
        "governance.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    reason = models.CharField(max_length=500)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "slug", "number"], name="policyversion_number_uniq"
            ),
            models.UniqueConstraint(
                fields=["kind", "slug", "digest"], name="policyversion_digest_uniq"
            ),
            models.CheckConstraint(
                condition=one_of("kind", PolicyKind.values), name="policyversion_kind_valid"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.slug} v{self.number}"


class Pipeline(TrackedModel):
    """What is governed: a stream of predictions under one policy.

    The fields and the rows that point here are the working copy of the policy; what is in force is
    `live`. Constraints: pipeline_random_slice_is_share.
    """

    slug = models.SlugField(max_length=63, unique=True)
    name = models.CharField(max_length=200)
    enabled = models.BooleanField(default=True, help_text="Off: intake is refused, review goes on.")
    example = models.BooleanField(default=False, help_text="Made by the demo, and removed with it.")
    question = models.JSONField(default=dict)
    guideline = models.TextField(blank=True)
    default_tier = models.CharField(max_length=63)
    default_queue = models.CharField(max_length=63, blank=True)
    random_slice = models.FloatField(default=0)
    settings = models.JSONField(
        default=dict, blank=True, help_text="The sections gold and privacy of the document."
    )
    live = models.ForeignKey(
        PolicyVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="live_in"
    )
    shadow = models.ForeignKey(
        PolicyVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="shadow_in"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=share("random_slice"), name="pipeline_random_slice_is_share"
            ),
        ]

    def __str__(self) -> str:
        return self.slug


class PolicyActivation(AppendOnlyModel):
    """That a version came into force in a mode, or that a shadow was taken off (version null)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    pipeline = models.ForeignKey(Pipeline, on_delete=models.PROTECT, related_name="activations")
    mode = models.CharField(max_length=6, choices=PolicyMode)
    version = models.ForeignKey(
        PolicyVersion, on_delete=models.PROTECT, null=True, related_name="activations"
    )
    previous = models.ForeignKey(
        PolicyVersion, on_delete=models.PROTECT, null=True, related_name="+"
    )
    actor = models.ForeignKey(
        "governance.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    reason = models.CharField(max_length=500)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=one_of("mode", [PolicyMode.SHADOW, PolicyMode.LIVE]),
                name="policyactivation_mode_valid",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version} {self.mode}"


class Queue(TrackedModel):
    """Where items wait for people who have `skills`. Constraint: queue_slug_uniq."""

    pipeline = models.ForeignKey(Pipeline, on_delete=models.CASCADE, related_name="queues")
    slug = models.SlugField(max_length=63)
    skills = models.JSONField(default=list, blank=True)
    backup = models.CharField(max_length=63, blank=True)
    calendar = models.CharField(
        max_length=63, blank=True, help_text="Its own business time; empty: the SLA policy's."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pipeline", "slug"], name="queue_slug_uniq"),
        ]

    def __str__(self) -> str:
        return self.slug


class Tier(TrackedModel):
    """How carefully a prediction is looked at.

    Constraints: tier_slug_uniq, tier_max_decisions_covers, tier_monitor_rate_is_share,
    tier_agreement_min_is_share, tier_rationale_valid, tier_blind_first_is_share,
    tier_blind_has_no_draw.
    """

    pipeline = models.ForeignKey(Pipeline, on_delete=models.CASCADE, related_name="tiers")
    slug = models.SlugField(max_length=63)
    position = models.PositiveSmallIntegerField(default=0)
    criteria = models.TextField(blank=True)
    decisions = models.PositiveSmallIntegerField(default=1)
    max_decisions = models.PositiveSmallIntegerField(default=1)
    agreement_min = models.FloatField(default=1)
    blind = models.BooleanField(default=False)
    adjudicate_by = models.CharField(max_length=63, blank=True)
    sla = models.CharField(max_length=63, blank=True)
    queue = models.CharField(max_length=63, blank=True)
    rationale = models.CharField(max_length=9, choices=RationaleRule, default=RationaleRule.NEVER)
    monitor_rate = models.FloatField(default=0)
    blind_first = models.FloatField(
        default=0,
        help_text="The share of its items on which reviewers answer before they see the "
        "prediction; then they see it and may revise once. It shows how much the prediction "
        "sways them.",
    )

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["pipeline", "slug"], name="tier_slug_uniq"),
            models.CheckConstraint(
                condition=Q(max_decisions__gte=models.F("decisions")),
                name="tier_max_decisions_covers",
            ),
            models.CheckConstraint(
                condition=share("monitor_rate"), name="tier_monitor_rate_is_share"
            ),
            models.CheckConstraint(
                condition=share("agreement_min"), name="tier_agreement_min_is_share"
            ),
            models.CheckConstraint(
                condition=one_of("rationale", RationaleRule.values), name="tier_rationale_valid"
            ),
            models.CheckConstraint(
                condition=share("blind_first"), name="tier_blind_first_is_share"
            ),
            models.CheckConstraint(
                condition=Q(blind=False) | Q(blind_first=0), name="tier_blind_has_no_draw"
            ),
        ]

    def __str__(self) -> str:
        return self.slug


class ChecklistItem(TrackedModel):
    """A question that a tier wants answered with each decision.

    Constraint: checklistitem_key_uniq.
    """

    tier = models.ForeignKey(Tier, on_delete=models.CASCADE, related_name="checklist")
    key = models.SlugField(max_length=63)
    text = models.CharField(max_length=500)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["tier", "key"], name="checklistitem_key_uniq"),
        ]

    def __str__(self) -> str:
        return self.key


class RoutingRule(TrackedModel):
    """One rule of a pipeline; the first whose expression holds decides.

    Constraint: routingrule_name_uniq.
    """

    pipeline = models.ForeignKey(Pipeline, on_delete=models.CASCADE, related_name="rules")
    position = models.PositiveSmallIntegerField(default=0)
    name = models.SlugField(max_length=63)
    when = models.TextField(max_length=2000)
    tier = models.CharField(max_length=63)
    queue = models.CharField(max_length=63, blank=True)
    skills = models.JSONField(default=list, blank=True)
    priority = models.SmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["pipeline", "name"], name="routingrule_name_uniq"),
        ]

    def __str__(self) -> str:
        return self.name


class ReasonCode(TrackedModel):
    """A word for why a prediction was not accepted. Constraint: reasoncode_code_uniq."""

    pipeline = models.ForeignKey(Pipeline, on_delete=models.CASCADE, related_name="reason_codes")
    code = models.SlugField(max_length=63)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["pipeline", "code"], name="reasoncode_code_uniq"),
        ]

    def __str__(self) -> str:
        return self.code


class GlossaryTerm(TrackedModel):
    """What a word means in a pipeline; `see` names another of its terms.

    Constraint: glossaryterm_term_uniq.
    """

    pipeline = models.ForeignKey(Pipeline, on_delete=models.CASCADE, related_name="glossary")
    term = models.CharField(max_length=80)
    meaning = models.TextField(max_length=2000)
    see = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["term", "id"]
        constraints = [
            models.UniqueConstraint(fields=["pipeline", "term"], name="glossaryterm_term_uniq"),
        ]

    def __str__(self) -> str:
        return self.term
