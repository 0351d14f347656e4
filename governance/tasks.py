"""What the worker does for the floor."""

from celery import shared_task

from governance.models import Heartbeat
from governance.selectors import clock
from governance.services import dispatch, idempotency, jobs


@shared_task(name="governance.beat")
def beat() -> None:
    """Note that scheduler and worker are alive."""
    Heartbeat.objects.update_or_create(name="worker", defaults={"beat_at": clock.now()})


@shared_task(name="governance.run_message")
def run_message(*, message_id: str) -> bool:
    """Run one promise of the outbox."""
    return dispatch.run(message_id=message_id, now=clock.now())


@shared_task(name="governance.relay_outbox")
def relay_outbox() -> int:
    """Run the promises whose message was lost or whose runner died; returns how many ran."""
    jobs.end_abandoned(now=clock.now())
    return dispatch.relay(now=clock.now)


@shared_task(name="governance.forget_idempotency_keys")
def forget_idempotency_keys() -> int:
    """Delete idempotency keys that are past their time."""
    return idempotency.forget(now=clock.now())


@shared_task(name="governance.forget_messages")
def forget_messages() -> int:
    """Delete promises that were kept long ago."""
    return dispatch.forget(now=clock.now())
