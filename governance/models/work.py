"""Work that outlives a request: the outbox, jobs, idempotency keys and heartbeats."""

from django.db import models
from django.db.models import Q

from governance.enums import JobState
from governance.models.base import one_of, share, uuid7


class OutboxMessage(models.Model):
    """A task that was promised in the transaction of an act; a relay sends it.

    `arguments` holds ids. `dedupe` makes a promise unique. `started_at` is when the attempt began
    that now runs; until `next_at` nobody else takes it. After five failed attempts the message is
    `dead_at` and waits for a person, who has it tried again or discards it.
    Constraints: outboxmessage_dedupe_uniq, outboxmessage_done_or_dead,
    outboxmessage_discarded_is_dead.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    task = models.CharField(max_length=120)
    arguments = models.JSONField(default=dict)
    dedupe = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001
    created_at = models.DateTimeField()
    next_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)
    discarded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dedupe"], name="outboxmessage_dedupe_uniq"),
            models.CheckConstraint(
                condition=Q(done_at=None) | Q(dead_at=None), name="outboxmessage_done_or_dead"
            ),
            models.CheckConstraint(
                condition=Q(discarded_at=None) | Q(dead_at__isnull=False),
                name="outboxmessage_discarded_is_dead",
            ),
        ]
        indexes = [
            # The relay's query: what is due and neither done nor dead.
            models.Index(
                fields=["next_at"],
                name="outboxmessage_due",
                condition=Q(done_at__isnull=True, dead_at__isnull=True),
            ),
            # What waits for a person: the vital signs and the list of dead messages.
            models.Index(
                fields=["dead_at"],
                name="outboxmessage_dead",
                condition=Q(dead_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.task


class Job(models.Model):
    """Long work that a caller polls; without a pipeline it is about several of them.

    Constraints: job_state_valid, job_progress_is_share.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=60)
    state = models.CharField(max_length=9, choices=JobState, default=JobState.QUEUED)
    progress = models.FloatField(default=0)
    result = models.JSONField(null=True)
    problem = models.JSONField(null=True)
    arguments = models.JSONField(default=dict)
    user = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="jobs")
    pipeline = models.ForeignKey(
        "governance.Pipeline", on_delete=models.PROTECT, null=True, related_name="jobs"
    )
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=one_of("state", JobState.values), name="job_state_valid"
            ),
            models.CheckConstraint(condition=share("progress"), name="job_progress_is_share"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"


class IdempotencyKey(models.Model):
    """What was answered to a write, so that a repeat gets the same answer.

    A row without `status` is a claim that is still running until `leased_until`.
    Constraint: idempotencykey_uniq.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=255)
    method = models.CharField(max_length=7)
    path = models.CharField(max_length=500)
    fingerprint = models.CharField(max_length=64)
    leased_until = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    body = models.BinaryField(null=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "key", "method", "path"], name="idempotencykey_uniq"
            ),
        ]

    def __str__(self) -> str:
        return self.key


class Heartbeat(models.Model):
    """When a part of the system last said that it is alive; or how often something happened."""

    name = models.CharField(max_length=40, primary_key=True)
    beat_at = models.DateTimeField()
    # Workers of the release before know nothing of it, hence a default in the database.
    times = models.PositiveBigIntegerField(
        default=1, db_default=1, help_text="Of what is counted: how often."
    )

    def __str__(self) -> str:
        return self.name
