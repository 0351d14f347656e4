"""Derived: what people make of signals."""

from django.db import models
from django.db.models import Q

from feedback.enums import LessonState
from governance.models.base import AppendOnlyModel, TrackedModel, one_of, uuid7


class Lesson(TrackedModel):
    """What somebody concludes from signals, until it is to be looked at again.

    `adjustment` is a reference into the graph of lineage (`adjustment:ID`), or empty. `salt` blinds
    the commitment to the text in the ledger. Constraints: lesson_titled, lesson_has_text,
    lesson_state_valid, lesson_adopted_until, lesson_adjustment_is_reference.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    pipeline = models.ForeignKey(
        "governance.Pipeline", on_delete=models.PROTECT, related_name="lessons"
    )
    title = models.CharField(max_length=120)
    text = models.TextField(max_length=4000)
    state = models.CharField(max_length=8, choices=LessonState, default=LessonState.PROPOSED)
    owner = models.ForeignKey(
        "governance.User", on_delete=models.PROTECT, related_name="lessons", db_index=False
    )
    adjustment = models.CharField(max_length=120, blank=True, db_index=True)
    revalidate_on = models.DateField(null=True, blank=True)
    salt = models.CharField(max_length=64)
    written_at = models.DateTimeField()

    class Meta:
        indexes = [
            # The sweep: what is adopted, by the day on which it is to be looked at again.
            models.Index(
                fields=["revalidate_on"],
                name="lesson_by_day",
                condition=Q(state=LessonState.ADOPTED),
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(title=""), name="lesson_titled"),
            models.CheckConstraint(condition=~Q(text=""), name="lesson_has_text"),
            models.CheckConstraint(
                condition=one_of("state", LessonState.values), name="lesson_state_valid"
            ),
            models.CheckConstraint(
                condition=~Q(state=LessonState.ADOPTED) | Q(revalidate_on__isnull=False),
                name="lesson_adopted_until",
            ),
            models.CheckConstraint(
                condition=Q(adjustment="") | Q(adjustment__startswith="adjustment:"),
                name="lesson_adjustment_is_reference",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class LessonDue(AppendOnlyModel):
    """That the day of a lesson came, and its owner was asked. Constraint: lessondue_once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    lesson = models.ForeignKey(Lesson, on_delete=models.PROTECT, related_name="due", db_index=False)
    day = models.DateField()
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "lessons due"
        constraints = [
            models.UniqueConstraint(fields=["lesson", "day"], name="lessondue_once"),
        ]

    def __str__(self) -> str:
        return f"{self.lesson_id} on {self.day}"


class LessonSource(AppendOnlyModel):
    """That a lesson was drawn from a signal. Constraint: lessonsource_once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    lesson = models.ForeignKey(
        Lesson, on_delete=models.PROTECT, related_name="sources", db_index=False
    )
    signal = models.ForeignKey(
        "feedback.FeedbackSignal", on_delete=models.PROTECT, related_name="lessons"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["lesson", "signal"], name="lessonsource_once"),
        ]

    def __str__(self) -> str:
        return f"{self.lesson_id} from {self.signal_id}"
