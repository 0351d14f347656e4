"""Long work: promised, done by a worker, and never left running for ever."""

from datetime import timedelta

import pytest
from django.utils import timezone

from governance.models import Job, OutboxMessage
from governance.services import dispatch, jobs
from tests import factories

pytestmark = pytest.mark.django_db


def a_job() -> Job:
    pipeline = factories.a_pipeline()
    return jobs.start(
        kind="dataset_version",
        task="feedback.seal_version",
        arguments={},
        user=factories.a_service(),
        pipeline=pipeline,
        now=timezone.now(),
    )


def test_a_job_whose_promise_was_given_up_ends_as_failed() -> None:
    job = a_job()
    now = timezone.now()
    assert jobs.end_abandoned(now=now) == 0
    OutboxMessage.objects.update(dead_at=now)
    assert jobs.end_abandoned(now=now) == 1
    job.refresh_from_db()
    assert (job.state, job.finished_at) == ("failed", now)
    assert job.problem["status"] == 500
    assert jobs.end_abandoned(now=now) == 0


def test_long_work_is_held_for_longer_than_it_may_run() -> None:
    a_job()
    message = OutboxMessage.objects.get()
    now = timezone.now()
    assert dispatch.is_long(message.task)
    leased = dispatch.lease(message_id=str(message.pk), now=now)
    assert leased is not None
    assert leased.next_at - now > timedelta(seconds=900)
    assert dispatch.lease(message_id=str(message.pk), now=now + timedelta(seconds=900)) is None
