"""Promises of work that leaves the process: a row in the transaction, a hint after the commit."""

import logging
import traceback
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.db import transaction

from governance.models import OutboxMessage

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
LEASE = timedelta(seconds=120)


def enqueue(task: str, *, now: datetime, dedupe: str | None = None, **ids: Any) -> OutboxMessage:
    """Promise to run the registered `task` with `ids`; `dedupe` makes the promise unique.

    The row is the promise. The message that follows the commit only makes it quicker: when the
    broker is lost, the relay finds the row.
    """
    if task not in current_app.tasks:
        raise LookupError(f"No task is registered as {task!r}.")
    message, created = (
        OutboxMessage.objects.get_or_create(
            dedupe=dedupe,
            defaults={"task": task, "arguments": ids, "created_at": now, "next_at": now},
        )
        if dedupe
        else (
            OutboxMessage.objects.create(task=task, arguments=ids, created_at=now, next_at=now),
            True,
        )
    )
    if created:
        # Not a partial: when the hint fails, Django logs the name of what it called.
        transaction.on_commit(lambda: _hint(str(message.pk)), robust=True)
    return message


def _hint(message_id: str) -> None:
    current_app.tasks["governance.run_message"].apply_async(
        kwargs={"message_id": message_id}, retry=False, ignore_result=True
    )


def lease(*, message_id: str, now: datetime) -> OutboxMessage | None:
    """Take a due message for LEASE, or return None when it is done, dead, or another's."""
    with transaction.atomic():
        message = (
            OutboxMessage.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(pk=message_id, done_at=None, dead_at=None, next_at__lte=now)
            .first()
        )
        if message is None:
            return None
        message.attempts += 1
        message.next_at = now + LEASE
        message.save(update_fields=["attempts", "next_at"])
        return message


def run(*, message_id: str, now: datetime) -> bool:
    """Run a promised task here and mark it done; a failure is kept and tried again later.

    Returns whether it ran to its end. After MAX_ATTEMPTS the message is dead until a person acts.
    """
    message = lease(message_id=message_id, now=now)
    if message is None:
        return False
    if message.attempts > MAX_ATTEMPTS:
        OutboxMessage.objects.filter(pk=message.pk).update(dead_at=now)
        return False
    try:
        current_app.tasks[message.task].run(**message.arguments)
    except Exception:
        logger.exception("Task %s failed", message.task)
        OutboxMessage.objects.filter(pk=message.pk).update(
            last_error=traceback.format_exc()[-4000:],
            dead_at=now if message.attempts >= MAX_ATTEMPTS else None,
            next_at=now + timedelta(seconds=2**message.attempts),
        )
        return False
    OutboxMessage.objects.filter(pk=message.pk).update(done_at=now)
    return True


def due(*, now: datetime, limit: int = 100) -> list[str]:
    """Return the ids of messages that wait, the oldest first."""
    waiting = OutboxMessage.objects.filter(done_at=None, dead_at=None, next_at__lte=now)
    return [str(pk) for pk in waiting.order_by("next_at").values_list("pk", flat=True)[:limit]]
