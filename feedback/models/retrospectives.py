"""Retrospectives: what people found when they looked back together at real items."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q

from feedback.enums import CaseKind, RetrospectiveState
from governance.models.base import ERASED_TEXT, AppendOnlyModel, TrackedModel, one_of, uuid7


class Retrospective(TrackedModel):
    """A look back at what was resolved in a pipeline in `since` <= t < `until`.

    It names no reviewer. `findings` and `concluded` count its findings and those that came to a
    lesson or to a reason why there is none, so that the database itself refuses to close what is
    not concluded. Constraints: retrospective_titled, retrospective_period_runs_on,
    retrospective_state_valid, retrospective_held_iff, retrospective_closed_iff,
    retrospective_concluded_are_findings, retrospective_closed_is_concluded.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    pipeline = models.ForeignKey(
        "governance.Pipeline", on_delete=models.PROTECT, related_name="retrospectives"
    )
    title = models.CharField(max_length=120)
    since = models.DateTimeField()
    until = models.DateTimeField()
    state = models.CharField(
        max_length=6, choices=RetrospectiveState, default=RetrospectiveState.OPEN
    )
    called_by = models.ForeignKey(
        "governance.User", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    opened_at = models.DateTimeField()
    held_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    findings = models.PositiveSmallIntegerField(default=0)
    concluded = models.PositiveSmallIntegerField(default=0)
    salt = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(title=""), name="retrospective_titled"),
            models.CheckConstraint(
                condition=Q(since__lt=F("until")), name="retrospective_period_runs_on"
            ),
            models.CheckConstraint(
                condition=one_of("state", RetrospectiveState.values),
                name="retrospective_state_valid",
            ),
            models.CheckConstraint(
                condition=Q(state=RetrospectiveState.OPEN, held_at__isnull=True)
                | (~Q(state=RetrospectiveState.OPEN) & Q(held_at__isnull=False)),
                name="retrospective_held_iff",
            ),
            models.CheckConstraint(
                condition=Q(state=RetrospectiveState.CLOSED, closed_at__isnull=False)
                | (~Q(state=RetrospectiveState.CLOSED) & Q(closed_at__isnull=True)),
                name="retrospective_closed_iff",
            ),
            models.CheckConstraint(
                condition=Q(concluded__lte=F("findings")),
                name="retrospective_concluded_are_findings",
            ),
            models.CheckConstraint(
                condition=~Q(state=RetrospectiveState.CLOSED)
                | Q(findings__gt=0, concluded=F("findings")),
                name="retrospective_closed_is_concluded",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class RetrospectiveItem(AppendOnlyModel):
    """That an item was picked to be looked back at, and why.

    Constraints: retrospectiveitem_once, retrospectiveitem_kind_valid, retrospectiveitem_has_why.
    """

    personal: ClassVar[Mapping[str, Any]] = {"why": ERASED_TEXT, "salt": ""}

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    retrospective = models.ForeignKey(
        Retrospective, on_delete=models.PROTECT, related_name="items", db_index=False
    )
    item = models.ForeignKey(
        "reviews.ReviewItem", on_delete=models.PROTECT, related_name="retrospectives"
    )
    kind = models.CharField(max_length=17, choices=CaseKind)
    why = models.TextField(max_length=500)
    salt = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["retrospective", "item"], name="retrospectiveitem_once"
            ),
            models.CheckConstraint(
                condition=one_of("kind", CaseKind.values), name="retrospectiveitem_kind_valid"
            ),
            models.CheckConstraint(condition=~Q(why=""), name="retrospectiveitem_has_why"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.item_id}"


class RetrospectiveFinding(AppendOnlyModel):
    """What was found. Constraints: retrospectivefinding_has_text."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    retrospective = models.ForeignKey(Retrospective, on_delete=models.PROTECT, related_name="found")
    text = models.TextField(max_length=2000)
    salt = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="retrospectivefinding_has_text"),
        ]

    def __str__(self) -> str:
        return self.text[:60]


class RetrospectiveConclusion(AppendOnlyModel):
    """What a finding came to, once: a lesson, or a reason why there is none.

    Constraint: retrospectiveconclusion_lesson_or_reason.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    finding = models.OneToOneField(
        RetrospectiveFinding, on_delete=models.PROTECT, related_name="conclusion"
    )
    lesson = models.ForeignKey(
        "feedback.Lesson", on_delete=models.PROTECT, null=True, related_name="findings"
    )
    reason = models.TextField(max_length=2000, blank=True)
    salt = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(Q(lesson__isnull=False) & Q(reason=""))
                | (Q(lesson__isnull=True) & ~Q(reason="")),
                name="retrospectiveconclusion_lesson_or_reason",
            ),
        ]

    def __str__(self) -> str:
        return "a lesson" if self.lesson_id else "no lesson"
