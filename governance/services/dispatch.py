"""Promises of work that leaves the process: a row in the transaction, a hint after the commit."""

import logging
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from celery.exceptions import OperationalError as BrokerLost
from django.db import transaction
from django.db.models import F, QuerySet

from governance.exceptions import Conflict, InvalidInput, NotFound
from governance.models import OutboxMessage, User
from governance.services import ledger

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
LEASE = timedelta(seconds=120)
# What a relay takes at a time, and for how long nobody else takes it.
BATCH = 50
RESERVED = timedelta(seconds=30)
# Shorter than the time between two ticks.
RELAY_SECONDS = 10.0
TICK = timedelta(seconds=15)
# Long, since a worker judges it by its own clock, which may be off by hours.
HINT_EXPIRES = 24 * 3600
SILENCE = 15.0
KEPT = timedelta(days=30)
FORGOTTEN_AT_ONCE = 5000
LONGEST_ERROR = 4000
NO_END = "No attempt came to its end: whoever ran it was lost each time."


@dataclass(frozen=True, slots=True)
class Promise:
    """A task to run once: its registered name, the ids it takes, and what makes it unique."""

    task: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    dedupe: str | None = None


class _Broker:
    """How this process gets on with the broker: after a failure it is left alone for a while.

    A broker that is frozen takes a second of each call; an act may have made many promises.
    """

    silent_until = 0.0

    def tell(self, task: str, **options: Any) -> None:
        if time.monotonic() < self.silent_until:
            return
        try:
            current_app.tasks[task].apply_async(retry=False, ignore_result=True, **options)
        except (BrokerLost, OSError) as error:
            self.silent_until = time.monotonic() + SILENCE
            what = type(error.__cause__ or error).__name__
            logger.warning("The broker took no hint (%s); the relay will find the work.", what)


_broker = _Broker()


def enqueue(task: str, *, now: datetime, dedupe: str | None = None, **ids: Any) -> OutboxMessage:
    """Promise to run the registered `task` with `ids`; `dedupe` makes the promise unique.

    The row is the promise. The message that follows the commit only makes it quicker: when the
    broker is lost, the relay finds the row.
    """
    _refuse_unknown(task)
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


def enqueue_all(promises: Iterable[Promise], *, now: datetime) -> None:
    """Make many promises at once, as `enqueue` would; one hint tells the relay of all of them."""
    rows = [
        OutboxMessage(
            task=each.task, arguments=dict(each.arguments), dedupe=each.dedupe,
            created_at=now, next_at=now,
        )
        for each in promises
    ]  # fmt: skip
    for task in {row.task for row in rows}:
        _refuse_unknown(task)
    if rows:
        OutboxMessage.objects.bulk_create(rows, batch_size=1000, ignore_conflicts=True)
        transaction.on_commit(wake, robust=True)


def _refuse_unknown(task: str) -> None:
    if task not in current_app.tasks:
        raise LookupError(f"No task is registered as {task!r}.")


def hint(*, message_id: str, task: str) -> None:
    """Tell a worker of a promise, if the broker answers; never raises because it does not.

    A task that names a time limit of its own runs as bulk work.
    """
    limit = _time_limit(task)
    longer: dict[str, Any] = {}
    if limit:
        longer = {"queue": "bulk", "time_limit": limit, "soft_time_limit": limit - 30}
    _broker.tell(
        "governance.run_message",
        kwargs={"message_id": message_id},
        expires=HINT_EXPIRES,
        **longer,
    )


def wake() -> None:
    """Tell the relay that there is work, if the broker answers."""
    _broker.tell("governance.relay_outbox", queue="critical", expires=HINT_EXPIRES)


def is_long(task: str) -> bool:
    """Return whether a task may take longer than a sweep can wait for it."""
    return bool(_time_limit(task))


def _time_limit(task: str) -> int:
    """Return the limit of a task that may take longer than others, or 0."""
    # A task that names none has that of them all.
    limit = int(getattr(current_app.tasks.get(task), "time_limit", None) or 0)
    return limit if limit > int(current_app.conf.task_time_limit or 0) else 0


def _lease_of(task: str) -> timedelta:
    return max(LEASE, timedelta(seconds=_time_limit(task) + 60))


def _due(now: datetime) -> "QuerySet[OutboxMessage]":
    return OutboxMessage.objects.filter(done_at=None, dead_at=None, next_at__lte=now)


def lease(*, message_id: str, now: datetime) -> OutboxMessage | None:
    """Take a due message for as long as it may run, or return None: it is done, dead, or another's.

    Who dies holding it keeps it for LEASE, or for the task's own time limit and a minute more.
    """
    with transaction.atomic():
        found = _due(now).select_for_update(skip_locked=True, of=("self",))
        message = found.filter(pk=message_id).first()
        return message if message is not None and _started(message, now) else None


def _started(message: OutboxMessage, now: datetime) -> bool:
    """Begin an attempt of a message, unless it is not as it was read."""
    same = OutboxMessage.objects.filter(
        pk=message.pk, next_at=message.next_at, done_at=None, dead_at=None
    )
    until = now + _lease_of(message.task)
    if not same.update(attempts=F("attempts") + 1, started_at=now, next_at=until):
        return False
    message.attempts += 1
    message.started_at, message.next_at = now, until
    return True


def run(*, message_id: str, now: datetime) -> bool:
    """Run a promised task here and mark it done; a failure is kept and tried again later.

    Returns whether it ran to its end. After MAX_ATTEMPTS the message is dead until a person acts.
    """
    message = lease(message_id=message_id, now=now)
    return message is not None and _run(message, now)


def _run(message: OutboxMessage, now: datetime) -> bool:
    if message.attempts > MAX_ATTEMPTS:
        _end_attempt(message, dead_at=now, last_error=message.last_error or NO_END)
        return False
    try:
        current_app.tasks[message.task].run(**message.arguments)
    except Exception:
        logger.exception("Task %s failed", message.task)
        _end_attempt(
            message,
            last_error=_told(traceback.format_exc()),
            dead_at=now if message.attempts >= MAX_ATTEMPTS else None,
            next_at=now + pause_after(message.attempts),
        )
        return False
    # Done is done, whoever has it now.
    open_still = OutboxMessage.objects.filter(pk=message.pk, done_at=None, dead_at=None)
    open_still.update(done_at=now, started_at=None)
    return True


def _end_attempt(message: OutboxMessage, **changes: Any) -> None:
    # Who held it for too long has lost it: what another attempt does is not his to change.
    mine = OutboxMessage.objects.filter(
        pk=message.pk, attempts=message.attempts, done_at=None, dead_at=None
    )
    mine.update(started_at=None, **changes)


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait after so many failures: 5 s, then five times as long each time."""
    return timedelta(seconds=5**attempts)


def _told(trace: str) -> str:
    """Return a traceback without the values that a database names beside its error."""
    lines = [line for line in trace.splitlines() if not line.startswith(("DETAIL:", "CONTEXT:"))]
    return "\n".join(lines)[-LONGEST_ERROR:]


def relay(*, now: Callable[[], datetime], seconds: float = RELAY_SECONDS) -> int:
    """Run what waits, the oldest first, until nothing is due or `seconds` are over.

    Returns how many ran. Any number of relays share the work: each reserves a batch at a time. Long
    work is left to the workers of bulk work, who are told of it.
    """
    end = time.monotonic() + seconds
    long = [task for task in current_app.tasks if is_long(task)]
    _tell_of(_due(now()).filter(task__in=long).order_by("next_at")[:BATCH], now())
    ran = 0
    while time.monotonic() < end and (batch := _reserve(long, now())):
        for place, message in enumerate(batch):
            if time.monotonic() >= end:
                _give_back(batch[place:], now())
                break
            at = now()
            ran += _started(message, at) and _run(message, at)
    return ran


def _tell_of(waiting: Iterable[OutboxMessage], now: datetime) -> None:
    """Tell of long work at once, and later in some ticks only: its worker may be busy for hours."""
    for message in waiting:
        ticks = (now - message.next_at) // TICK
        if ticks < 4 or ticks % 8 == 0:
            hint(message_id=str(message.pk), task=message.task)


def _reserve(long: Sequence[str], now: datetime) -> list[OutboxMessage]:
    """Take a batch of due messages, which is no attempt yet: whoever has it may die in the first.

    What failed before runs last, so that it does not take its neighbours along.
    """
    until = now + RESERVED
    with transaction.atomic():
        waiting = _due(now).exclude(task__in=long).order_by("next_at")
        batch = list(waiting.select_for_update(skip_locked=True, of=("self",))[:BATCH])
        OutboxMessage.objects.filter(pk__in=[message.pk for message in batch]).update(next_at=until)
    for message in batch:
        message.next_at = until
    return sorted(batch, key=lambda message: message.attempts)


def _give_back(batch: Sequence[OutboxMessage], now: datetime) -> None:
    if batch:
        keys = [message.pk for message in batch]
        untouched = OutboxMessage.objects.filter(pk__in=keys, next_at=batch[0].next_at)
        untouched.filter(done_at=None, dead_at=None).update(next_at=now)


def due(*, now: datetime, limit: int = 100) -> list[tuple[str, str]]:
    """Return the ids and tasks of messages that wait, the oldest first."""
    found = _due(now).order_by("next_at").values_list("pk", "task")[:limit]
    return [(str(pk), task) for pk, task in found]


@transaction.atomic
def retry(*, message_id: str, actor: User | None, reason: str, now: datetime) -> OutboxMessage:
    """Let a dead message be tried again, as often as a new one; Conflict when it is not dead."""
    message = _lock_dead(message_id, reason)
    failed = message.attempts
    message.dead_at, message.attempts, message.next_at = None, 0, now
    message.save(update_fields=["dead_at", "attempts", "next_at"])
    _record(message, "outbox.retried", actor, reason, now, attempts=failed)
    told = {"message_id": str(message.pk), "task": message.task}
    transaction.on_commit(lambda: hint(**told), robust=True)
    return message


@transaction.atomic
def discard(*, message_id: str, actor: User | None, reason: str, now: datetime) -> OutboxMessage:
    """Give a dead message up for good; it stays on record. Conflict when it is not dead."""
    message = _lock_dead(message_id, reason)
    message.discarded_at = now
    message.save(update_fields=["discarded_at"])
    _record(message, "outbox.discarded", actor, reason, now, attempts=message.attempts)
    return message


def _lock_dead(message_id: str, reason: str) -> OutboxMessage:
    if not reason.strip():
        raise InvalidInput.at("/reason", "Say why: an act without a reason is refused.")
    message = OutboxMessage.objects.select_for_update().filter(pk=message_id).first()
    if message is None:
        raise NotFound("There is no such message.")
    if message.discarded_at is not None:
        raise Conflict("This message was discarded.")
    if message.dead_at is None:
        state = "is done" if message.done_at else "is still being tried"
        raise Conflict(f"This message {state}: only a dead one is retried or discarded.")
    return message


def _record(
    message: OutboxMessage, action: str, actor: User | None, reason: str, now: datetime,
    *, attempts: int,
) -> None:  # fmt: skip
    ledger.append(
        stream=f"outbox:{message.pk}",
        action=action,
        actor=actor,
        now=now,
        reason=reason,
        detail={"task": message.task, "attempts": attempts},
    )


def forget(*, now: datetime) -> int:
    """Delete messages that were done more than KEPT ago; returns how many.

    The dead stay, discarded or not: they are what somebody may still ask about.
    """
    gone = 0
    while old := list(_forgettable(now)[:FORGOTTEN_AT_ONCE]):
        gone += OutboxMessage.objects.filter(pk__in=old).delete()[0]
    return gone


def _forgettable(now: datetime) -> "QuerySet[OutboxMessage, Any]":
    before = now - KEPT
    # Keys begin with the time at which they were made, so this reads only the old end of the table.
    made = f"{int(before.timestamp() * 1000):012x}"
    oldest = f"{made[:8]}-{made[8:]}-7fff-bfff-ffffffffffff"
    found = OutboxMessage.objects.filter(pk__lte=oldest, done_at__lt=before)
    return found.order_by("pk").values_list("pk", flat=True)
