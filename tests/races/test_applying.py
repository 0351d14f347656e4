"""Applying a policy while everything else goes on: each clock changes once, and nothing is lost."""

import pytest

from governance.models import AuditEvent, Job
from governance.selectors import principals
from reviews.models import ClockEvent, ReviewItem, SLAClock
from reviews.selectors import clocks
from reviews.services import applying
from tests import factories
from tests.races.crowd import Crowd, member

pytestmark = [
    pytest.mark.race,
    pytest.mark.xdist_group("races"),
    pytest.mark.django_db(transaction=True),
]
ITEMS = 300


def a_job() -> Job:
    """Promise another target to the clocks of many items."""
    factories.a_pipeline()
    bot, root = factories.a_service(), factories.an_administrator()
    factories.send(bot, *[factories.a_payload() for _ in range(ITEMS)])
    factories.apply(factories.SLA | {"targets": {"claim": "PT1H", "decide": "PT2H"}})
    done = applying.apply_to_running(
        principal=principals.of_person(root), actor=root, slug="quick", reason="For a test",
        now=factories.NOW,
    )  # fmt: skip
    (job,) = done.jobs
    return job


def deliver(job: Job, dies: str | None = None) -> dict[str, object]:
    arguments = {"job_id": str(job.pk)}
    return member("deliver", dies=dies, task="reviews.apply_policy", arguments=arguments)


def assert_true() -> None:
    """Assert that every clock is what its events make of it, and every item what its clock says."""
    rows = list(SLAClock.objects.all())
    events = clocks.events_of([row.pk for row in rows])
    assert [found for row in rows if (found := clocks.drift(row, events[row.pk]))] == []
    for item in ReviewItem.objects.exclude(status="resolved"):
        assert item.due_at == SLAClock.objects.get(item=item, kind="decide").due_at


def test_a_job_that_many_do_at_once_and_one_is_killed_changes_each_clock_once(crowd: Crowd) -> None:
    job = a_job()

    done = crowd.go(deliver(job), deliver(job, dies="inside"), deliver(job), deliver(job))

    assert [entry for entry in done if entry and "error" in entry] == []
    job.refresh_from_db()
    assert job.state == "succeeded"
    assert job.result is not None
    assert (job.result["retargeted"], job.result["failed"]) == (2 * ITEMS, 0)
    told = ClockEvent.objects.filter(kind="retarget")
    assert told.count() == told.values("clock").distinct().count() == 2 * ITEMS
    assert AuditEvent.objects.filter(action="sla.retargeted").count() >= ITEMS
    assert_true()


def test_people_sweeps_and_a_job_share_the_items_and_lose_nothing(crowd: Crowd) -> None:
    job = a_job()
    people = [factories.a_person().pk for _ in range(3)]

    done = crowd.go(
        deliver(job),
        *(member("claim_and_decide", user=pk) for pk in people),
        *(member("sweep", after=3 * 3600) for _ in range(2)),
        deliver(job),
    )

    assert [entry for entry in done if entry and "error" in entry] == []
    left = SLAClock.objects.filter(status__in=["running", "paused"])
    job.refresh_from_db()
    assert job.state == "succeeded"
    assert {row.policy_version.number for row in left.select_related("policy_version")} == {2}
    assert_true()
