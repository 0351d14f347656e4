"""What the worker does for feedback."""

import uuid
from typing import Any

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded

from feedback.services import (
    audit_packs,
    editions,
    monitoring,
    revalidating,
    sealing,
    signals,
    thresholds,
)
from governance.exceptions import Conflict
from governance.models import Job
from governance.selectors import clock
from governance.services import jobs

# Some two thousand rows a second; it is cut off in time for its lease to pass to another worker.
SEALING_LIMIT = 900


@shared_task(name="feedback.distil_signals")
def distil_signals() -> int:
    """Make the signals of what was resolved since; returns how many there are more."""
    return signals.sweep(now=clock.now)


@shared_task(name="feedback.revalidate")
def revalidate() -> int:
    """Ask the owners of lessons whose day has come; returns of how many."""
    return revalidating.sweep(now=clock.now)


@shared_task(name="feedback.seal_version", time_limit=SEALING_LIMIT)
def seal_version(*, job_id: str) -> None:
    """Seal the version that a job promised."""
    jobs.run(job_id=job_id, work=_seal, now=clock.now)


@shared_task(name="feedback.make_editions", time_limit=SEALING_LIMIT)
def make_editions(*, version_id: str) -> int:
    """Measure the downloads of a version anew after an erasure; returns how many."""
    return editions.make(version_id=uuid.UUID(version_id), now=clock.now())


@shared_task(name="feedback.watch_approvals")
def watch_approvals() -> int:
    """Count what people found of what rules approve, and alarm; returns how many audits."""
    return monitoring.watch_all(now=clock.now())


@shared_task(name="feedback.make_pack", time_limit=SEALING_LIMIT)
def make_pack(*, job_id: str) -> None:
    """Make the audit pack that a job promised."""
    jobs.run(job_id=job_id, work=_pack, now=clock.now)


@shared_task(name="feedback.certify_threshold", time_limit=SEALING_LIMIT)
def certify_threshold(*, job_id: str) -> None:
    """Certify the threshold that a job promised."""
    jobs.run(
        job_id=job_id, work=lambda job: thresholds.certify(job=job, now=clock.now()), now=clock.now
    )


@shared_task(name="feedback.forget_packs")
def forget_packs() -> int:
    """Delete the bytes of audit packs that are past their week; returns of how many."""
    return audit_packs.forget(now=clock.now())


def _pack(job: Job) -> dict[str, Any]:
    try:
        return audit_packs.make(job=job, now=clock.now())
    except SoftTimeLimitExceeded:
        detail = "The pack took too long and was given up; ask for a shorter time, or one pipeline."
        raise Conflict(detail) from None


def _seal(job: Job) -> dict[str, Any]:
    try:
        return sealing.seal(job=job, now=clock.now())
    except SoftTimeLimitExceeded:
        # Trying again would take as long; nothing was written.
        detail = "Sealing took too long and was given up; narrow the filter, or make two datasets."
        raise Conflict(detail) from None
