"""Webhooks: who is told of what, each message to each of them, and every attempt."""

from django.db import models
from django.db.models import Q

from governance.enums import WebhookState
from governance.models.base import one_of, uuid7


class WebhookEndpoint(models.Model):
    """An address that is told of events; of one pipeline, or without one of all of them.

    No `events` means all. `secret` is sealed under the site's key; the one before it signs too
    until `former_until`. One that is `removed` stays on record.
    Constraints: webhookendpoint_state_valid, webhookendpoint_former_ends.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    pipeline = models.ForeignKey(
        "governance.Pipeline", on_delete=models.PROTECT, null=True, related_name="webhooks"
    )
    url = models.CharField(max_length=500)
    description = models.CharField(max_length=200, blank=True)
    events = models.JSONField(default=list)
    state = models.CharField(max_length=8, choices=WebhookState, default=WebhookState.ACTIVE)
    failing_since = models.DateTimeField(null=True)
    secret = models.TextField()
    former_secret = models.TextField(blank=True)
    former_until = models.DateTimeField(null=True)
    revision = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=one_of("state", WebhookState.values), name="webhookendpoint_state_valid"
            ),
            models.CheckConstraint(
                condition=Q(former_secret="", former_until=None)
                | ~Q(former_secret="") & Q(former_until__isnull=False),
                name="webhookendpoint_former_ends",
            ),
        ]

    def __str__(self) -> str:
        return self.description or self.url


class WebhookCursor(models.Model):
    """How far into the sealed ledger messages were made; one row. Constraint: webhookcursor_one."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    position = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="webhookcursor_one")]

    def __str__(self) -> str:
        return f"up to {self.position}"


class WebhookMessage(models.Model):
    """One message to one endpoint: it is tried until it was taken, or given up.

    `message` is what the receiver knows it by. What is to be acknowledged has `acknowledge_by`;
    `alarmed_at` is when somebody was told that it was not.
    Constraints: webhookmessage_once, webhookmessage_ends_once.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.PROTECT, related_name="messages", db_index=False
    )
    message = models.CharField(max_length=100)
    kind = models.CharField(max_length=40)
    body = models.BinaryField()
    created_at = models.DateTimeField(db_index=True)
    next_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    failures = models.PositiveSmallIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    acknowledge_by = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    alarmed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "message"], name="webhookmessage_once"),
            models.CheckConstraint(
                condition=Q(delivered_at=None) | Q(given_up_at=None),
                name="webhookmessage_ends_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["endpoint", "next_at"], name="webhookmessage_due",
                condition=Q(delivered_at__isnull=True, given_up_at__isnull=True),
            ),
            models.Index(
                fields=["acknowledge_by"], name="webhookmessage_silent",
                condition=Q(acknowledge_by__isnull=False, acknowledged_at__isnull=True),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.kind} {self.message}"


class WebhookAttempt(models.Model):
    """One try to send a message: what was answered, or why nothing was."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    message = models.ForeignKey(WebhookMessage, on_delete=models.CASCADE, related_name="tries")
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    fault = models.CharField(max_length=200, blank=True)
    seconds = models.FloatField()

    def __str__(self) -> str:
        return str(self.status or self.fault)
