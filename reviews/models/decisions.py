"""What people decided, and what stands."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q

from governance.models.base import ERASED, AppendOnlyModel, one_of, share, uuid7
from reviews.enums import ResolutionKind, Verdict


class Decision(AppendOnlyModel):
    """One person's judgement of one item, as it was given.

    An undo is a row of its own (`undoes` points at what it takes back), so that the first judgement
    stays on record. So does an answer that was given blind first: what its reviewer answers once
    they have seen the prediction is a decision too, which `revises` it. `blind` is whether the
    reviewer had not seen the prediction. `evidence_opened` is what lay open before it (`Evidence`),
    as far as the page or the caller said. `salt` blinds the commitment to the rationale in the
    ledger. Constraints: decision_one_per_assignment, decision_verdict_valid,
    decision_correction_has_answer, decision_certainty_is_share, decision_not_its_own_undo,
    decision_revision_has_seen.
    """

    # Without its salt a commitment binds nobody to a guess.
    personal: ClassVar[Mapping[str, Any]] = {"answer": ERASED, "rationale": "", "salt": ""}

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    assignment = models.ForeignKey(
        "reviews.Assignment", on_delete=models.PROTECT, related_name="decisions", db_index=False
    )
    item = models.ForeignKey(
        "reviews.ReviewItem", on_delete=models.PROTECT, related_name="decisions"
    )
    reviewer = models.ForeignKey(
        "governance.User", on_delete=models.PROTECT, related_name="decisions"
    )
    config_version = models.ForeignKey(
        "governance.PolicyVersion", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    verdict = models.CharField(max_length=8, choices=Verdict)
    answer = models.JSONField(null=True)
    reason_codes = models.JSONField(default=list)
    rationale = models.TextField(blank=True)
    checklist = models.JSONField(default=dict)
    certainty = models.FloatField(null=True)
    evidence_opened = models.JSONField(default=list)
    blind = models.BooleanField(default=False)
    undoes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="undone_by"
    )
    revises = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="revised_by"
    )
    salt = models.CharField(max_length=64)
    decided_at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [
            # The admin's list of one verdict, the newest first; some are rare.
            models.Index(fields=["verdict", "decided_at"], name="decision_by_verdict"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["assignment"],
                condition=Q(undoes__isnull=True),
                name="decision_one_per_assignment",
            ),
            models.CheckConstraint(
                condition=one_of("verdict", Verdict.values), name="decision_verdict_valid"
            ),
            models.CheckConstraint(
                condition=Q(certainty__isnull=True) | share("certainty"),
                name="decision_certainty_is_share",
            ),
            models.CheckConstraint(
                condition=~Q(verdict=Verdict.CORRECT) | Q(answer__isnull=False),
                name="decision_correction_has_answer",
            ),
            models.CheckConstraint(condition=~Q(undoes=F("id")), name="decision_not_its_own_undo"),
            models.CheckConstraint(
                condition=Q(revises__isnull=True)
                | (Q(blind=False, undoes__isnull=True) & ~Q(revises=F("id"))),
                name="decision_revision_has_seen",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} by {self.reviewer_id}"


class Resolution(AppendOnlyModel):
    """The outcome of an item. The one that stands is the item's `resolution`.

    `decided_on` lists the decisions it rests on. Constraints: resolution_kind_valid,
    resolution_agreement_is_share.
    """

    personal: ClassVar[Mapping[str, Any]] = {"answer": ERASED, "rationale": "", "salt": ""}

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    item = models.ForeignKey(
        "reviews.ReviewItem", on_delete=models.PROTECT, related_name="resolutions"
    )
    kind = models.CharField(max_length=11, choices=ResolutionKind)
    verdict = models.CharField(max_length=8, choices=Verdict)
    answer = models.JSONField(null=True, help_text="Empty: rejected without a better answer.")
    agreement = models.FloatField()
    decided_on = models.JSONField()
    rationale = models.TextField(blank=True)
    actor = models.ForeignKey(
        "governance.User", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="superseded_by"
    )
    salt = models.CharField(max_length=64)
    resolved_at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [
            # The admin's list of one kind, the newest first; some are rare.
            models.Index(fields=["kind", "resolved_at"], name="resolution_by_kind"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=one_of("kind", [k for k in ResolutionKind.values if k != "auto"]),
                name="resolution_kind_valid",
            ),
            models.CheckConstraint(
                condition=share("agreement"), name="resolution_agreement_is_share"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.item_id}"
