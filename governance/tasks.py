"""What the worker does for the floor."""

from celery import shared_task
from django.conf import settings

from governance.models import Heartbeat
from governance.selectors import clock
from governance.services import (
    access_reviews,
    anchoring,
    dispatch,
    idempotency,
    jobs,
    sealing,
    timestamping,
    webhook_sending,
    webhook_telling,
    webhooks,
)


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


@shared_task(name="governance.suspend_access")
def suspend_access() -> int:
    """Take away what nobody looked at in an access review that is past due; returns how many."""
    return access_reviews.suspend_due(now=clock.now())


@shared_task(name="governance.seal_ledger")
def seal_ledger() -> int:
    """Seal the events that wait; returns how many."""
    return sealing.seal_all(now=clock.now())


@shared_task(name="governance.anchor_ledger")
def anchor_ledger() -> bool:
    """Copy the latest checkpoint to where nobody here can change it; returns whether one was."""
    now = clock.now()
    written = anchoring.in_folder(folder=settings.ANCHOR_DIR, now=now)
    if settings.ANCHOR_EMAIL:
        anchoring.promise_mail(address=settings.ANCHOR_EMAIL, now=now)
    if settings.TIMESTAMP_URL:
        timestamping.stamp(address=settings.TIMESTAMP_URL, roots=settings.TIMESTAMP_ROOTS, now=now)
    return written is not None


@shared_task(name="governance.mail_anchor")
def mail_anchor(*, address: str, size: int) -> None:
    """Send a checkpoint by mail."""
    anchoring.mail(address=address, size=size)


@shared_task(name="governance.send_webhooks")
def send_webhooks() -> int:
    """Tell other systems what was sealed, and what was not taken; returns how many were taken."""
    webhook_telling.tell(now=clock.now())
    taken = webhook_sending.send(now=clock.now)
    webhook_sending.alarm(now=clock.now())
    return taken


@shared_task(name="governance.forget_webhooks")
def forget_webhooks() -> int:
    """Delete what was told more than 30 days ago; returns how many messages."""
    return webhooks.forget(now=clock.now())
