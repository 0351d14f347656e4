"""Long work: promised in the transaction of the request, done by a worker, polled by its caller."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from governance.enums import JobState
from governance.exceptions import DomainError
from governance.models import Job, OutboxMessage, Pipeline, User
from governance.services import dispatch


@transaction.atomic
def start(
    *,
    kind: str,
    task: str,
    arguments: Mapping[str, Any],
    user: User,
    pipeline: Pipeline | None,
    now: datetime,
) -> Job:
    """Promise a job; `task` will be called with its id. No pipeline: it is about several."""
    job = Job.objects.create(
        kind=kind, arguments=dict(arguments), user=user, pipeline=pipeline, created_at=now
    )
    dispatch.enqueue(task, now=now, dedupe=_promise_of(job), job_id=str(job.pk))
    return job


def done(
    *,
    kind: str,
    arguments: Mapping[str, Any],
    user: User,
    pipeline: Pipeline | None,
    now: datetime,
) -> Job:
    """Put a job on record that is done within its request; the caller adds the result."""
    return Job.objects.create(
        kind=kind, arguments=dict(arguments), user=user, pipeline=pipeline, created_at=now,
        started_at=now, finished_at=now, state=JobState.SUCCEEDED, progress=1.0,
    )  # fmt: skip


def run(
    *, job_id: str, work: Callable[[Job], Mapping[str, Any]], now: Callable[[], datetime]
) -> None:
    """Do the work of a job once, and keep its result or its problem.

    `work` must be one transaction: when the worker dies, the outbox runs the job again.
    """
    job = Job.objects.filter(pk=job_id).first()
    if job is None or job.state not in (JobState.QUEUED, JobState.RUNNING):
        return
    job.state, job.started_at = JobState.RUNNING, now()
    job.save(update_fields=["state", "started_at"])
    try:
        result = work(job)
    except DomainError as error:
        problem = {"status": error.status, "title": error.title, "detail": error.detail}
        _end(job, JobState.FAILED, now(), problem=problem)
    else:
        _end(job, JobState.SUCCEEDED, now(), result=dict(result), progress=1.0)


def end_abandoned(*, now: datetime) -> int:
    """End the open jobs whose promise was given up after its last attempt; returns how many."""
    lost = [job for job in Job.objects.filter(finished_at=None) if _is_given_up(job)]
    for job in lost:
        detail = "Every attempt failed; the log says why."
        problem = {"status": 500, "title": "Failed", "detail": detail}
        _end(job, JobState.FAILED, now, problem=problem)
    return len(lost)


def _is_given_up(job: Job) -> bool:
    promise = OutboxMessage.objects.filter(dedupe=_promise_of(job), dead_at__isnull=False)
    return promise.exists()


def _promise_of(job: Job) -> str:
    return f"job:{job.pk}"


def _end(job: Job, state: JobState, at: datetime, **fields: Any) -> None:
    job.state, job.finished_at = state, at
    for name, value in fields.items():
        setattr(job, name, value)
    job.save(update_fields=["state", "finished_at", *fields])


def progress(job: Job, share: float) -> None:
    """Tell how far a job is, from 0 to 1."""
    Job.objects.filter(pk=job.pk).update(progress=min(max(share, 0.0), 1.0))


def hold(job: Job) -> Job | None:
    """Lock a job for one of the batches of its work, or return None: it is over."""
    return Job.objects.select_for_update(of=("self",)).filter(pk=job.pk, finished_at=None).first()


def note(job: Job, counts: Mapping[str, int], *, share: float) -> None:
    """Add what a batch did to the result of a job that is held, and tell how far it is.

    So each thing is counted once, however often the job is run.
    """
    so_far = job.result or {}
    job.result = {name: so_far.get(name, 0) + count for name, count in counts.items()}
    job.progress = min(max(share, 0.0), 1.0)
    job.save(update_fields=["result", "progress"])
