"""The ledger: one row for each act, written in the transaction of the act."""

from django.db import models
from django.db.models import Q

from governance.models.base import AppendOnlyModel, uuid7


class AuditEvent(AppendOnlyModel):
    """Who did what, when, why, to what.

    `stream` names the thing (`item:<id>`), `sequence` counts from 1 in it without gaps. `digest` is
    the leaf hash SHA-256(0x00 || RFC 8785 of the other columns); `detail` holds ids, never names;
    `commitments` hold HMAC-SHA256 digests of personal fields, whose salts are kept elsewhere.
    Constraints: auditevent_stream_sequence_uniq, auditevent_sequence_positive,
    auditevent_action_named.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    stream = models.CharField(max_length=120)
    sequence = models.PositiveBigIntegerField()
    action = models.CharField(max_length=60)
    actor = models.ForeignKey(
        "governance.User",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="Empty: the system itself.",
    )
    at = models.DateTimeField(db_index=True)
    reason = models.CharField(max_length=500, blank=True)
    detail = models.JSONField()
    commitments = models.JSONField(default=dict)
    request_id = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64)

    class Meta:
        indexes = [
            # The admin's list of one action, the newest first, and the words that there are.
            models.Index(fields=["action", "at"], name="auditevent_by_action"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["stream", "sequence"], name="auditevent_stream_sequence_uniq"
            ),
            models.CheckConstraint(
                condition=Q(sequence__gte=1), name="auditevent_sequence_positive"
            ),
            models.CheckConstraint(condition=~Q(action=""), name="auditevent_action_named"),
        ]

    def __str__(self) -> str:
        return f"{self.stream} #{self.sequence} {self.action}"
