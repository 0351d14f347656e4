"""What must hold of the floor, whatever has crashed: each check yields what breaks it."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Count, Q

from governance.models import AuditEvent, IdempotencyKey, OutboxMessage
from governance.services.ledger import leaf_digest

LAG = timedelta(minutes=2)
ATTEMPTS = 5
SECRET = re.compile(r"Bearer [A-Za-z0-9_-]{20}|(?i:password|secret_key)['\"]?\s*[=:]\s*['\"]\w")


def ledger_verifies(now: datetime) -> Iterator[str]:
    """I2: every event has the digest of its columns, and no stream has a gap."""
    for event in AuditEvent.objects.order_by("pk").iterator(chunk_size=2000):
        if event.digest != leaf_digest(event):
            yield f"event {event.pk} of {event.stream} is not what its digest says"
    streams = AuditEvent.objects.order_by().values("stream")
    counted = streams.annotate(events=Count("pk"), numbers=Count("sequence", distinct=True))
    for row in counted.filter(~Q(events=Count("sequence", distinct=True))):
        yield f"stream {row['stream']} has a number twice"


def promises_are_kept(now: datetime) -> Iterator[str]:
    """I5: every promise is done, given up or still within reach."""
    stuck = OutboxMessage.objects.filter(done_at=None, dead_at=None, attempts__gt=ATTEMPTS)
    for message in stuck[:100]:
        yield f"message {message.pk} was tried {message.attempts} times and is not dead"


def keys_answer_once(now: datetime) -> Iterator[str]:
    """I9: a key whose lease is long over has its answer, or was freed."""
    lapsed = IdempotencyKey.objects.filter(status=None, body__isnull=False)
    for key in lapsed[:100]:
        yield f"key {key.pk} has a body and no status"


def backlog_drains(now: datetime) -> Iterator[str]:
    """I11: nothing has waited for longer than two minutes."""
    waiting = OutboxMessage.objects.filter(done_at=None, dead_at=None, next_at__lt=now - LAG)
    for message in waiting.order_by("next_at")[:100]:
        yield f"message {message.pk} ({message.task}) waits since {message.next_at}"


def errors_hold_no_secret(now: datetime) -> Iterator[str]:
    """I12: what was kept of failures names no token and no password."""
    for message in OutboxMessage.objects.exclude(last_error="").iterator(chunk_size=500):
        if SECRET.search(message.last_error):
            yield f"the error of message {message.pk} holds a secret"
