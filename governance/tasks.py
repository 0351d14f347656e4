"""What the worker does for the floor."""

from celery import shared_task
from django.utils import timezone

from governance.models import Heartbeat
from governance.services import dispatch, idempotency


@shared_task(name="governance.beat")
def beat() -> None:
    """Note that scheduler and worker are alive."""
    Heartbeat.objects.update_or_create(name="worker", defaults={"beat_at": timezone.now()})


@shared_task(name="governance.run_message")
def run_message(*, message_id: str) -> bool:
    """Run one promise of the outbox."""
    return dispatch.run(message_id=message_id, now=timezone.now())


@shared_task(name="governance.relay_outbox")
def relay_outbox() -> int:
    """Run the promises whose message was lost or whose runner died; returns how many ran."""
    ids = dispatch.due(now=timezone.now())
    return sum(dispatch.run(message_id=message_id, now=timezone.now()) for message_id in ids)


@shared_task(name="governance.forget_idempotency_keys")
def forget_idempotency_keys() -> int:
    """Delete idempotency keys that are past their time."""
    return idempotency.forget(now=timezone.now())
