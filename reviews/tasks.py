"""What the worker does for reviews."""

import logging
import uuid
from typing import Any

from celery import shared_task

from governance.models import Job
from governance.selectors import clock
from governance.services import heartbeats, jobs, vital
from reviews.selectors import auditing
from reviews.services import (
    applying,
    assignments,
    challenge_clocks,
    following,
    incident_clocks,
    mail,
    notifications,
    objection_clocks,
    purging,
    recomputing,
    sign_offs,
    sweeping,
    webhook_alarms,
)

logger = logging.getLogger(__name__)
# Some thousands of clocks a second; who is cut off goes on where they were at the next attempt.
LONG_WORK = 900


@shared_task(name="reviews.expire_leases")
def expire_leases() -> int:
    """Return items whose lease lapsed to their queues; returns how many."""
    return assignments.expire_leases(now=clock.now())


@shared_task(name="reviews.sweep_clocks")
def sweep_clocks() -> int:
    """Let happen what is due on every clock; returns on how many something did."""
    return sweeping.sweep(now=clock.now).clocks


@shared_task(name="reviews.purge")
def purge() -> int:
    """Take what is past the time for which it is kept; returns how many rows went."""
    return purging.purge(now=clock.now())


@shared_task(name="reviews.tell")
def tell(*, events: list[str]) -> int:
    """Tell people what happened to clocks; returns how many were told."""
    return notifications.tell(event_ids=events, now=clock.now())


@shared_task(name="reviews.apply_policy", time_limit=LONG_WORK)
def apply_policy(*, job_id: str) -> None:
    """Let the running clocks of one pipeline follow a version of an SLA policy."""
    jobs.run(job_id=job_id, work=_apply, now=clock.now)


def _apply(job: Job) -> dict[str, Any]:
    return applying.carry_out(job=job, now=clock.now)


@shared_task(name="reviews.hand_over_mail")
def hand_over_mail() -> int:
    """Hand the mail that is due to the outbox; returns how many letters that made."""
    return mail.hand_over(now=clock.now())


@shared_task(name="reviews.send_mail")
def send_mail(*, notifications: list[str], more: int) -> bool:
    """Send one letter about these notifications; returns whether there was anybody to read it."""
    return mail.send(notification_ids=notifications, more=more)


@shared_task(name="reviews.follow_calendars")
def follow_calendars() -> int:
    """Note the calendars that were edited, and promise that clocks follow; returns how many."""
    return following.note_edits(now=clock.now())


@shared_task(name="reviews.follow_calendar", time_limit=LONG_WORK)
def follow_calendar(*, calendar: str) -> int:
    """Let the running clocks of a calendar follow its edits; returns how many did."""
    return following.follow(slug=calendar, now=clock.now).retargeted


@shared_task(name="reviews.audit_clocks")
def audit_clocks() -> int:
    """Raise the alarm over what should have happened to clocks and has not; returns how much.

    Where nothing is found the watch elsewhere is told so.
    """
    found = auditing.findings(clock.now())
    for finding in found:
        logger.error("Clocks: %s (%s)", finding, ", ".join(finding.examples))
    vital.beat(name="clock audit", now=clock.now())
    if not found:
        heartbeats.send(now=clock.now())
    return sum(finding.count for finding in found)


@shared_task(name="reviews.recompute_clocks")
def recompute_clocks() -> None:
    """Promise the replay of the night; it runs once a day."""
    recomputing.promise_report(now=clock.now())


@shared_task(name="reviews.report_clocks", time_limit=LONG_WORK)
def report_clocks(*, day: str) -> int:
    """Raise the alarm over clocks that their events do not explain; returns how many it named."""
    drifted = recomputing.report(day=day, now=clock.now)
    for found in drifted:
        logger.error("Drifted: %s", found)
    return len(drifted)


@shared_task(name="reviews.follow_roll_back")
def follow_roll_back(*, activation_id: str) -> None:
    """Start the clock of the second signature of a roll-back."""
    sign_offs.start(activation_id=uuid.UUID(activation_id), now=clock.now())


@shared_task(name="reviews.follow_incident")
def follow_incident(*, incident_id: str) -> None:
    """Start the clock of an incident that is to be reported."""
    incident_clocks.start(incident_id=uuid.UUID(incident_id))


@shared_task(name="reviews.follow_challenge")
def follow_challenge(*, challenge_id: str) -> None:
    """Start the clock of a challenge that awaits its judge."""
    challenge_clocks.start(challenge_id=uuid.UUID(challenge_id))


@shared_task(name="reviews.follow_objection")
def follow_objection(*, challenge_id: str) -> None:
    """Bring the clock of an objection to a change to where that stands."""
    objection_clocks.follow(challenge_id=uuid.UUID(challenge_id))


@shared_task(name="reviews.end_incident")
def end_incident(*, step_id: str) -> None:
    """Stop the clock of an incident that was reported."""
    incident_clocks.end(step_id=uuid.UUID(step_id))


@shared_task(name="reviews.end_sign_off")
def end_sign_off(*, signature_id: str) -> None:
    """Stop the clock of a roll-back that a second person has signed."""
    sign_offs.end(signature_id=uuid.UUID(signature_id))


@shared_task(name="reviews.tell_unacknowledged")
def tell_unacknowledged(*, message_id: str) -> int:
    """Tell people that a receiver has not acknowledged a message; returns how many notices."""
    return webhook_alarms.tell(message_id=uuid.UUID(message_id), now=clock.now())
