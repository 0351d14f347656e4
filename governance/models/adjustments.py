"""Changes that people sign: what is proposed, who signed what, and what came into force."""

from django.db import models
from django.db.models import F, Q

from governance.enums import (
    ActivationAct,
    AdjustmentKind,
    AdjustmentState,
    Meaning,
    Risk,
    SignedThing,
    Substantial,
)
from governance.models.base import AppendOnlyModel, TrackedModel, one_of, uuid7

SIGNED = [AdjustmentState.APPROVED, AdjustmentState.ACTIVE]


class Adjustment(models.Model):
    """A change of what is in force, from the draft to its end.

    What it says stands in its revisions; the columns here are of the one that `revision` counts.
    `digest` binds all that is signed, and is empty while nothing may be. `before` and `after` are
    `{config, model}`: the digest of a configuration and the name and version of a model. `steps`
    lead from the one to the other, `inverse` back. Constraints: adjustment_kind_valid,
    adjustment_state_valid, adjustment_risk_valid, adjustment_digest_iff_submitted,
    adjustment_superseded_by_another, adjustment_two_approvals; triggers adjustment_moves and
    adjustment_signed (governance.db.adjustment_walls).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    pipeline = models.ForeignKey(
        "governance.Pipeline", on_delete=models.PROTECT, related_name="adjustments"
    )
    kind = models.CharField(max_length=13, choices=AdjustmentKind)
    state = models.CharField(max_length=11, choices=AdjustmentState, default=AdjustmentState.DRAFT)
    revision = models.PositiveIntegerField(default=1)
    author = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    risk = models.CharField(max_length=6, choices=Risk, default=Risk.MEDIUM)
    approvals_needed = models.PositiveSmallIntegerField(default=2)
    validations_needed = models.PositiveSmallIntegerField(default=0)
    approving_roles = models.JSONField(default=list, help_text="Empty: all who may sign.")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    steps = models.JSONField(default=list)
    inverse = models.JSONField(default=list)
    digest = models.CharField(max_length=64, blank=True)
    superseded_by = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="superseded"
    )
    created_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        indexes = [
            # What awaits people, and the lists of a pipeline.
            models.Index(fields=["pipeline", "state"], name="adjustment_by_state"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=one_of("kind", AdjustmentKind.values), name="adjustment_kind_valid"
            ),
            models.CheckConstraint(
                condition=one_of("state", AdjustmentState.values), name="adjustment_state_valid"
            ),
            models.CheckConstraint(
                condition=one_of("risk", Risk.values), name="adjustment_risk_valid"
            ),
            models.CheckConstraint(
                condition=Q(state=AdjustmentState.DRAFT, digest="")
                | Q(state=AdjustmentState.WITHDRAWN)
                | (~Q(state=AdjustmentState.DRAFT) & ~Q(digest="")),
                name="adjustment_digest_iff_submitted",
            ),
            models.CheckConstraint(
                condition=Q(superseded_by__isnull=True) | ~Q(superseded_by=F("id")),
                name="adjustment_superseded_by_another",
            ),
            models.CheckConstraint(
                condition=Q(approvals_needed__gte=2), name="adjustment_two_approvals"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.pipeline_id}, {self.state}"


class AdjustmentRevision(AppendOnlyModel):
    """What an adjustment said from one edit to the next; an edit is a row of its own.

    `evidence` is as it was given, and `bound` the digests of what it refers to, where an upper
    layer can tell them. `digest` is SHA-256 of the RFC 8785 content. Constraints:
    adjustmentrevision_number_uniq, adjustmentrevision_risk_valid,
    adjustmentrevision_substantial_valid, adjustmentrevision_substantial_has_reason.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    adjustment = models.ForeignKey(Adjustment, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    change = models.JSONField()
    evidence = models.JSONField()
    bound = models.JSONField(default=dict)
    summary = models.CharField(max_length=2000)
    risk = models.CharField(max_length=6, choices=Risk)
    substantial = models.CharField(max_length=13, choices=Substantial, blank=True)
    rationale = models.CharField(
        max_length=2000, blank=True, help_text="Why it is a substantial modification or is none."
    )
    author = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    digest = models.CharField(max_length=64)
    salt = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["adjustment", "number"], name="adjustmentrevision_number_uniq"
            ),
            models.CheckConstraint(
                condition=one_of("risk", Risk.values), name="adjustmentrevision_risk_valid"
            ),
            models.CheckConstraint(
                condition=one_of("substantial", ["", *Substantial.values]),
                name="adjustmentrevision_substantial_valid",
            ),
            models.CheckConstraint(
                condition=Q(substantial="") | ~Q(rationale=""),
                name="adjustmentrevision_substantial_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"revision {self.number} of {self.adjustment_id}"


class Signature(AppendOnlyModel):
    """Who signed what, when, with which meaning (21 CFR 11.50), bound to it by `digest` (11.70).

    `person` tells the natural person, who may have several accounts. `author` is copied from what
    was signed. Constraints: signature_person_once, signature_not_by_author,
    signature_meaning_valid, signature_thing_valid, signature_named.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    adjustment = models.ForeignKey(Adjustment, on_delete=models.PROTECT, related_name="signatures")
    thing = models.CharField(max_length=9, choices=SignedThing)
    digest = models.CharField(max_length=64)
    signer = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    person = models.CharField(max_length=254)
    printed_name = models.CharField(max_length=310)
    meaning = models.CharField(max_length=10, choices=Meaning)
    method = models.CharField(max_length=20, default="password")
    reauthenticated_at = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["adjustment", "digest", "person"], name="signature_person_once"
            ),
            models.CheckConstraint(
                condition=~Q(signer=F("author")), name="signature_not_by_author"
            ),
            models.CheckConstraint(
                condition=one_of("meaning", Meaning.values), name="signature_meaning_valid"
            ),
            models.CheckConstraint(
                condition=one_of("thing", SignedThing.values), name="signature_thing_valid"
            ),
            models.CheckConstraint(
                condition=~Q(printed_name="") & ~Q(person="") & ~Q(digest=""),
                name="signature_named",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.printed_name}, {self.meaning}"


class AdjustmentChallenge(AppendOnlyModel):
    """An objection to what was submitted; while one is open, nobody approves.

    Constraint: adjustmentchallenge_has_text.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    adjustment = models.ForeignKey(Adjustment, on_delete=models.PROTECT, related_name="challenges")
    objection = models.CharField(max_length=2000)
    actor = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    salt = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(objection=""), name="adjustmentchallenge_has_text"),
        ]

    def __str__(self) -> str:
        return f"challenge of {self.adjustment_id}"


class AdjustmentChallengeAnswer(AppendOnlyModel):
    """What was answered to a challenge, which closes it.

    Constraints: a challenge is answered once (its key), adjustmentchallengeanswer_has_text.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    challenge = models.OneToOneField(
        AdjustmentChallenge, on_delete=models.PROTECT, related_name="answer"
    )
    response = models.CharField(max_length=2000)
    actor = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    salt = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(response=""), name="adjustmentchallengeanswer_has_text"
            ),
        ]

    def __str__(self) -> str:
        return f"answer to {self.challenge_id}"


class AdjustmentActivation(AppendOnlyModel):
    """That a change came into force or was rolled back, and what was in force before and after.

    `number` counts from 1 in each pipeline: of two that act at once, one finds its number taken.
    `digest` and `digest_before` are those of the effective state. Constraints:
    adjustmentactivation_number_uniq, adjustmentactivation_once, adjustmentactivation_act_valid,
    adjustmentactivation_has_reason.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    pipeline = models.ForeignKey(
        "governance.Pipeline", on_delete=models.PROTECT, related_name="adjustment_activations"
    )
    number = models.PositiveIntegerField()
    adjustment = models.ForeignKey(Adjustment, on_delete=models.PROTECT, related_name="activations")
    act = models.CharField(max_length=9, choices=ActivationAct)
    config_before = models.ForeignKey(
        "governance.PolicyVersion", on_delete=models.PROTECT, null=True, related_name="+"
    )
    config = models.ForeignKey(
        "governance.PolicyVersion", on_delete=models.PROTECT, null=True, related_name="+"
    )
    model_before = models.JSONField(null=True)
    model = models.JSONField(null=True)
    digest_before = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    actor = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["pipeline", "number"], name="adjustmentactivation_number_uniq"
            ),
            models.UniqueConstraint(fields=["adjustment", "act"], name="adjustmentactivation_once"),
            models.CheckConstraint(
                condition=one_of("act", ActivationAct.values),
                name="adjustmentactivation_act_valid",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="adjustmentactivation_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.number}"


class SignaturePolicy(TrackedModel):
    """Which signatures the changes of a pipeline take that have one risk.

    Constraints: signaturepolicy_risk_uniq, signaturepolicy_risk_valid,
    signaturepolicy_two_approvals.
    """

    pipeline = models.ForeignKey(
        "governance.Pipeline", on_delete=models.PROTECT, related_name="signature_policies"
    )
    risk = models.CharField(max_length=6, choices=Risk)
    approvals = models.PositiveSmallIntegerField(default=2, help_text="By as many people.")
    validations = models.PositiveSmallIntegerField(
        default=0, help_text="By people who neither wrote nor approve it."
    )
    roles = models.JSONField(
        default=list, blank=True, help_text="Roles that may approve; empty: all who may sign."
    )
    assessed = models.BooleanField(
        default=False, help_text="Only with a signed impact assessment that is relied on."
    )

    class Meta:
        verbose_name_plural = "signature policies"
        constraints = [
            models.UniqueConstraint(fields=["pipeline", "risk"], name="signaturepolicy_risk_uniq"),
            models.CheckConstraint(
                condition=one_of("risk", Risk.values), name="signaturepolicy_risk_valid"
            ),
            models.CheckConstraint(
                condition=Q(approvals__gte=2), name="signaturepolicy_two_approvals"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pipeline_id} {self.risk}"
