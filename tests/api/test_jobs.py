"""Long work, as its caller polls it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from governance.exceptions import Conflict
from governance.models import Job, Pipeline
from governance.services import jobs
from tests import factories
from tests.api.answers import good, problem

pytestmark = pytest.mark.django_db


def a_job(user: Any, slug: str = "intents") -> Job:
    return jobs.start(
        kind="test", task="governance.beat", arguments={}, user=user,
        pipeline=Pipeline.objects.get(slug=slug), now=factories.NOW,
    )  # fmt: skip


def clock() -> datetime:
    return datetime(2026, 11, 24, 11, tzinfo=UTC)


def test_a_job_is_told_from_queued_to_its_result(api: Any) -> None:
    factories.a_pipeline()
    bot = factories.a_service()
    job, caller = a_job(bot), api(bot, "datasets:read")
    shown = good(caller.get(f"/jobs/{job.pk}"))
    assert (shown["state"], shown["progress"], shown["result"]) == ("queued", 0.0, None)
    seen = []

    def work(row: Job) -> dict[str, Any]:
        jobs.progress(row, 0.5)
        seen.append(good(caller.get(f"/jobs/{job.pk}")))
        return {"rows": 3}

    jobs.run(job_id=str(job.pk), work=work, now=clock)
    assert (seen[0]["state"], seen[0]["progress"]) == ("running", 0.5)
    shown = good(caller.get(f"/jobs/{job.pk}"))
    assert (shown["state"], shown["progress"], shown["result"]) == ("succeeded", 1.0, {"rows": 3})
    assert shown["finished_at"] == "2026-11-24T11:00:00.000000Z"
    jobs.run(job_id=str(job.pk), work=work, now=clock)
    assert len(seen) == 1


def test_a_job_that_is_refused_says_why(api: Any) -> None:
    factories.a_pipeline()
    bot = factories.a_service()
    job = a_job(bot)

    def work(row: Job) -> dict[str, Any]:
        raise Conflict("Nothing is resolved yet.")

    jobs.run(job_id=str(job.pk), work=work, now=clock)
    shown = good(api(bot).get(f"/jobs/{job.pk}"))
    assert shown["state"] == "failed"
    assert shown["problem"]["status"] == 409
    assert shown["problem"]["detail"] == "Nothing is resolved yet."


def test_a_job_is_shown_to_whoever_started_it_within_the_token(api: Any) -> None:
    factories.a_pipeline()
    factories.a_pipeline("other")
    bot, other = factories.a_service(pipelines=("intents", "other")), factories.a_service("bot-2")
    job = a_job(bot)
    problem(api(other).get(f"/jobs/{job.pk}"), 404)
    problem(api(bot, pipelines=("other",)).get(f"/jobs/{job.pk}"), 404)
    good(api(bot, pipelines=("intents",)).get(f"/jobs/{job.pk}"))
