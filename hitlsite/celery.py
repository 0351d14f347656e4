"""The Celery app and the schedule. The schedule is code: nobody can switch off the sweeps."""

import os
from contextvars import Token
from typing import Any

from celery import Celery, signals
from celery.schedules import crontab
from django.conf import settings
from kombu import Exchange, Queue

from governance.domain import correlation
from hitlsite import broker, environment
from hitlsite.ending import EndsInTime

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitlsite.settings")

# In this order: a backlog of bulk work never delays a tick, even where one worker does it all.
# Each has its own exchange: with one for all, every queue would get every message.
QUEUES = tuple(Queue(name, Exchange(name), name) for name in ("critical", "default", "bulk"))
SWEEP = 15
# A tick that nobody takes is dropped after a day. A worker judges that by its own clock, so it
# is long enough for one that is off by hours: a sweep that comes too often finds nothing to do.
TICK_EXPIRES = 24 * 3600

app = Celery("countersign")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_queues = QUEUES
app.steps["worker"].add(EndsInTime)


def every(seconds: int | crontab, task: str, queue: str = "critical") -> dict[str, Any]:
    """Return an entry of the schedule."""
    return {
        "task": task,
        "schedule": seconds,
        "options": {"queue": queue, "expires": TICK_EXPIRES},
    }


app.conf.beat_schedule = {
    "heartbeat": every(SWEEP, "governance.beat"),
    "seal": every(1, "governance.seal_ledger"),
    "anchor": every(300, "governance.anchor_ledger", "default"),
    "outbox": every(SWEEP, "governance.relay_outbox"),
    "clocks": every(SWEEP, "reviews.sweep_clocks"),
    "watch over the clocks": every(60, "reviews.audit_clocks", "default"),
    "replay of the clocks": every(3600, "reviews.recompute_clocks", "bulk"),
    "calendars": every(SWEEP, "reviews.follow_calendars"),
    "leases": every(SWEEP, "reviews.expire_leases"),
    "signals": every(SWEEP, "feedback.distil_signals", "default"),
    "approvals by rule": every(60, "feedback.watch_approvals", "default"),
    # Once for each lesson and day, however often it looks.
    "lessons": every(3600, "feedback.revalidate", "default"),
    "webhooks": every(5, "governance.send_webhooks", "default"),
    "mail": every(SWEEP, "reviews.hand_over_mail", "default"),
    "access reviews": every(300, "governance.suspend_access", "default"),
    "idempotency keys": every(3600, "governance.forget_idempotency_keys", "bulk"),
    # At night (UTC), again and again: a run takes what it can in 40 s, the next takes the rest.
    "retention": every(crontab(hour="1-4", minute="*/5"), "reviews.purge", "bulk"),
    "bytes of audit packs": every(3600, "feedback.forget_packs", "bulk"),
    "old webhooks": every(3600, "governance.forget_webhooks", "bulk"),
    "kept promises": every(3600, "governance.forget_messages", "bulk"),
}

_marks: dict[str, Token[str]] = {}


@signals.setup_logging.connect
def keep_our_logging(**kwargs: Any) -> None:
    """Stop Celery from setting up logging of its own: Django's is in force already."""


@signals.worker_init.connect
def refuse_evicting_broker(**kwargs: Any) -> None:
    """Leave with status 2 when the broker would drop messages."""
    if fault := broker.fault_of(settings.BROKER.external_url, must_answer=False):
        environment.refuse(fault)


@signals.beat_init.connect
def sweep_at_once(**kwargs: Any) -> None:
    """Do the sweeps when the schedule starts, and not a period later; bulk work can wait."""
    for entry in app.conf.beat_schedule.values():
        if entry["options"]["queue"] != "bulk":
            app.send_task(entry["task"], **entry["options"])


@signals.task_prerun.connect
def begin_correlation(task_id: str, **kwargs: Any) -> None:
    """Let what a task logs and records carry its id."""
    _marks[task_id] = correlation.begin(task_id)


@signals.task_postrun.connect
def end_correlation(task_id: str, **kwargs: Any) -> None:
    """Forget the id of a task that ended."""
    if mark := _marks.pop(task_id, None):
        correlation.end(mark)
