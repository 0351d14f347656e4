"""Promises of work that leaves the process: a row in the transaction, a hint after the commit."""

import logging
import traceback
from collections.abc import Callable
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
        transaction.on_commit(lambda: hint(message_id=str(message.pk), task=task), robust=True)
    return message


def hint(*, message_id: str, task: str) -> None:
    """Tell a worker of a promise. A task that names a time limit of its own runs as bulk work."""
    limit = _time_limit(task)
    longer: dict[str, Any] = {}
    if limit:
        longer = {"queue": "bulk", "time_limit": limit, "soft_time_limit": limit - 30}
    current_app.tasks["governance.run_message"].apply_async(
        kwargs={"message_id": message_id}, retry=False, ignore_result=True, **longer
    )


def is_long(task: str) -> bool:
    """Return whether a task may take longer than a sweep can wait for it."""
    return bool(_time_limit(task))


def _time_limit(task: str) -> int:
    return int(getattr(current_app.tasks.get(task), "time_limit", None) or 0)


def lease(*, message_id: str, now: datetime) -> OutboxMessage | None:
    """Take a due message for as long as it may run, or return None: it is done, dead, or another's.

    Who dies holding it keeps it for LEASE, or for the task's own time limit and a minute more.
    """
    with transaction.atomic():
        message = (
            OutboxMessage.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(pk=message_id, done_at=None, dead_at=None, next_at__lte=now)
            .first()
        )
        if message is None:
            return None
        message.attempts += 1
        longest = timedelta(seconds=_time_limit(message.task) + 60)
        message.next_at = now + max(LEASE, longest)
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


def relay(*, now: Callable[[], datetime], limit: int = 100) -> int:
    """Run what waits, the oldest first, and tell workers of long work; returns how many ran."""
    ran = 0
    for message_id, task in due(now=now(), limit=limit):
        if is_long(task):
            hint(message_id=message_id, task=task)
        else:
            ran += run(message_id=message_id, now=now())
    return ran


def due(*, now: datetime, limit: int = 100) -> list[tuple[str, str]]:
    """Return the ids and tasks of messages that wait, the oldest first."""
    waiting = OutboxMessage.objects.filter(done_at=None, dead_at=None, next_at__lte=now)
    found = waiting.order_by("next_at").values_list("pk", "task")[:limit]
    return [(str(pk), task) for pk, task in found]
