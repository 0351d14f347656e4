"""What became of the promises of work, for those who look after it."""

from datetime import datetime

from django.db.models import Q, QuerySet, TextChoices

from governance.models import OutboxMessage


class State(TextChoices):
    """Where a message is; told from its times, and stored nowhere."""

    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    DEAD = "dead", "Dead"
    DISCARDED = "discarded", "Discarded"


def in_state(
    rows: "QuerySet[OutboxMessage]", state: State, *, now: datetime
) -> "QuerySet[OutboxMessage]":
    """Return those of `rows` that are in a state now; each row is in exactly one."""
    under_way = Q(done_at=None, dead_at=None)
    held = Q(started_at__isnull=False, next_at__gt=now)
    conditions = {
        State.WAITING: under_way & ~held,
        State.RUNNING: under_way & held,
        State.DONE: Q(done_at__isnull=False),
        State.DEAD: Q(dead_at__isnull=False, discarded_at=None),
        State.DISCARDED: Q(dead_at__isnull=False, discarded_at__isnull=False),
    }
    return rows.filter(conditions[state])


def state_of(message: OutboxMessage, *, now: datetime) -> State:
    """Return the state that a message is in now, as `in_state` would."""
    if message.done_at:
        return State.DONE
    if message.dead_at:
        return State.DISCARDED if message.discarded_at else State.DEAD
    held = message.started_at is not None and message.next_at > now
    return State.RUNNING if held else State.WAITING
