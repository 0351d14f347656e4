"""What reviewers are told about what is measured of their work, and that they read it."""

from django.db import models
from django.db.models import Q

from governance.models.base import AppendOnlyModel, uuid7


class ReviewerNotice(AppendOnlyModel):
    """One version of the notice; the one with the highest number is in force.

    `written_by` is empty where it is the text that the software brings along.
    Constraints: reviewernotice_number_uniq, reviewernotice_has_text.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.PositiveIntegerField()
    text = models.TextField(max_length=20_000)
    written_by = models.ForeignKey(
        "governance.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    written_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["number"], name="reviewernotice_number_uniq"),
            models.CheckConstraint(condition=~Q(text=""), name="reviewernotice_has_text"),
        ]

    def __str__(self) -> str:
        return f"version {self.number}"


class NoticeAcknowledgement(AppendOnlyModel):
    """That a person said they read a version. Constraint: noticeacknowledgement_once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    notice = models.ForeignKey(
        ReviewerNotice, on_delete=models.PROTECT, related_name="acknowledgements"
    )
    person = models.ForeignKey(
        "governance.User",
        on_delete=models.PROTECT,
        related_name="acknowledgements",
        db_index=False,
    )
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "notice"], name="noticeacknowledgement_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} read {self.notice_id}"
