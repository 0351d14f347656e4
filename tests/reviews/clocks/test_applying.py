"""Applying an SLA policy to running clocks: what it would do, and just that."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.forms import model_to_dict

from governance.enums import JobState
from governance.exceptions import Conflict, InvalidInput, NotFound, NotPermitted
from governance.models import AuditEvent, Job, OutboxMessage, SLAPolicy, User
from governance.selectors import principals
from governance.services import jobs
from reviews.models import ClockEvent, ReviewItem, SLAClock
from reviews.selectors import clocks as rows_of
from reviews.services import applying, retargeting
from reviews.services.applying import Applied
from tests import factories
from tests.reviews.clocks.office import Office, at, ladder, policy

pytestmark = pytest.mark.django_db
WHY = "The board asked for it"
BOTH = [("intents", "claim", 1, 0), ("intents", "decide", 1, 0)]


def apply(who: User, when: str, slug: str = "quick", reason: str = WHY) -> Applied:
    return applying.apply_to_running(
        principal=principals.of_person(who), actor=who, slug=slug, reason=reason, now=at(when)
    )


def run(job: Job, when: str) -> dict[str, Any]:
    """Let a worker do a job."""
    now = at(when)
    jobs.run(
        job_id=str(job.pk),
        work=lambda job: applying.carry_out(job=job, now=lambda: now),
        now=lambda: now,
    )
    job.refresh_from_db()
    assert job.state == JobState.SUCCEEDED
    return dict(job.result)


def preview(when: str, slug: str = "quick") -> applying.Preview:
    return applying.preview(slug=slug, now=at(when))


def due_of(item: ReviewItem) -> datetime | None:
    item.refresh_from_db()
    (row,) = SLAClock.objects.filter(item=item, kind="decide").order_by("-cycle")[:1]
    assert item.due_at == row.due_at
    return row.due_at


def kinds(row: SLAClock) -> list[str]:
    return list(ClockEvent.objects.filter(clock=row).order_by("seq").values_list("kind", flat=True))


def true(row: SLAClock) -> None:
    """Assert that a clock is what its events say."""
    assert rows_of.drift(row, rows_of.events_of([row.pk])[row.pk]) == {}


def seen(seen: applying.Preview) -> list[tuple[str, str, int, int]]:
    return [(p.pipeline.slug, p.kind, p.retargeted, p.newly_breached) for p in seen.parts]


def test_row_35_a_dry_run_says_what_a_run_then_does_to_exactly_those() -> None:
    office = Office(policy(), policy("other"))
    early = office.start("24 Nov 10:00").item
    late = office.start("24 Nov 12:30").item
    ended = office.start("24 Nov 11:00").item
    office.decide(office.ann, "24 Nov 12:31")  # the most urgent: early
    early, ended = ended, early
    others = {row.pk: model_to_dict(row) for row in SLAClock.objects.filter(item=ended)}
    factories.apply(policy(target="PT1H30M"))
    newer = office.start("24 Nov 12:45").item
    others |= {row.pk: model_to_dict(row) for row in SLAClock.objects.filter(item=newer)}
    assert office.due() == at("24 Nov 14:15")

    dry = preview("24 Nov 13:00")
    assert (dry.retargeted, dry.newly_breached) == (4, 1)
    assert seen(dry) == [("intents", "claim", 2, 0), ("intents", "decide", 2, 1)]
    assert dry.version.number == 3
    assert ClockEvent.objects.filter(kind="retarget").count() == 0

    applied = apply(office.max, "24 Nov 13:00")
    assert seen(applied.preview) == seen(dry)
    (job,) = applied.jobs
    assert run(job, "24 Nov 13:00") == {"retargeted": 4, "newly_breached": 1, "failed": 0}
    assert due_of(late) == at("24 Nov 14:00")
    assert due_of(early) == at("24 Nov 12:30")
    breached = SLAClock.objects.get(item=early, kind="decide")
    assert breached.breached_at == breached.detected_at == at("24 Nov 13:00")
    assert kinds(breached) == ["start", "retarget", "breach"]
    event = ClockEvent.objects.get(clock=breached, kind="breach")
    assert (event.reason, event.actor) == ("retarget", office.max)
    for pk, before in others.items():
        assert model_to_dict(SLAClock.objects.get(pk=pk)) == before
    for row in SLAClock.objects.all():
        true(row)
    assert preview("24 Nov 13:00").parts == ()


def test_row_34_until_it_is_applied_a_running_clock_keeps_its_version() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    factories.apply(policy(target="PT2H"))
    assert office.due() == at("24 Nov 14:00")
    (job,) = apply(office.max, "24 Nov 11:00").jobs
    assert office.due() == at("24 Nov 14:00")
    run(job, "24 Nov 11:00")
    assert office.due() == at("24 Nov 12:00")
    assert office.clock().policy_version == SLAPolicy.objects.get(slug="quick").current


def test_row_36_what_is_closed_stays_as_it_is_to_the_byte() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    office.decide(office.ann, "24 Nov 15:00")
    office.reopen("24 Nov 15:30")
    office.decide(office.ben, "24 Nov 15:45")
    before = list(SLAClock.objects.order_by("pk").values())
    events = list(ClockEvent.objects.order_by("pk").values())
    other = office.start("24 Nov 15:50").item
    factories.apply(policy(target="PT1H"))
    (job,) = apply(office.max, "24 Nov 16:00").jobs
    assert run(job, "24 Nov 16:00")["retargeted"] == 2
    assert list(SLAClock.objects.exclude(item=other).order_by("pk").values()) == before
    kept = ClockEvent.objects.exclude(clock__item=other).order_by("pk").values()
    assert list(kept) == events
    assert due_of(other) == at("24 Nov 16:50")


def test_the_act_is_one_event_and_each_item_tells_of_its_own_change() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    factories.apply(policy(target="PT2H"))
    before = AuditEvent.objects.count()
    (job,) = apply(office.max, "24 Nov 11:00").jobs
    event = AuditEvent.objects.get(action="sla_policy.applied")
    assert AuditEvent.objects.count() == before + 1
    assert (event.stream, event.actor, event.reason) == ("sla_policy:quick", office.max, WHY)
    assert event.detail["jobs"] == [str(job.pk)]
    assert event.detail["parts"] == [
        {"pipeline": "intents", "kind": kind, "retargeted": 1, "newly_breached": 0}
        for kind in ("claim", "decide")
    ]
    run(job, "24 Nov 11:00")
    event = AuditEvent.objects.get(action="sla.retargeted")
    assert AuditEvent.objects.count() == before + 2
    assert (event.stream, event.actor, event.reason) == (
        f"item:{office.item.pk}", office.max, WHY,
    )  # fmt: skip
    assert event.detail["clocks"] == {
        "claim": {"before": None, "due_at": None},
        "decide": {
            "before": "2026-11-24T13:00:00.000000Z",
            "due_at": "2026-11-24T11:00:00.000000Z",
        },
    }
    assert event.detail["job"] == str(job.pk)


def test_the_order_of_claims_follows_the_due_time() -> None:
    office = Office(policy(), policy("slow", target="PT3H"))
    item = office.start("24 Nov 10:00").item
    urgent, revision = item.urgent_at, item.revision
    factories.apply(policy(target="PT2H"))
    (job,) = apply(office.max, "24 Nov 11:00").jobs
    run(job, "24 Nov 11:00")
    item.refresh_from_db()
    assert item.urgent_at == urgent - timedelta(hours=2)
    assert item.revision == revision + 1


def test_a_breach_is_told_and_its_ladder_counts_from_the_change() -> None:
    office = Office(policy(ladder=ladder("PT0S", "PT1H"))).start("24 Nov 10:00")
    factories.apply(policy(target="PT30M", ladder=ladder("PT0S", "PT1H")))
    (job,) = apply(office.max, "24 Nov 11:00").jobs
    run(job, "24 Nov 11:00")
    told = OutboxMessage.objects.get(task="reviews.tell")
    assert told.arguments["events"] == [str(ClockEvent.objects.get(kind="breach").pk)]
    office.sweep("24 Nov 11:00")
    assert office.fired() == [(1, 1, at("24 Nov 11:00"))]


def test_a_breach_of_before_is_kept_and_no_new_one() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    factories.apply(policy(target="PT6H"))
    # Nobody has noticed it yet: it is written with its own instant.
    dry = preview("24 Nov 15:00")
    assert (dry.retargeted, dry.newly_breached) == (2, 0)
    (job,) = apply(office.max, "24 Nov 15:00").jobs
    assert run(job, "24 Nov 15:00") == {"retargeted": 2, "newly_breached": 0, "failed": 0}
    row = office.clock()
    assert (row.breached_at, row.detected_at) == (at("24 Nov 14:00"), at("24 Nov 15:00"))
    assert row.due_at == at("24 Nov 16:00")
    true(row)


def test_a_paused_clock_is_not_breached_before_it_resumes() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    office.pause("24 Nov 12:00")
    factories.apply(policy(target="PT1H"))
    assert seen(preview("24 Nov 13:00")) == BOTH
    (job,) = apply(office.max, "24 Nov 13:00").jobs
    assert run(job, "24 Nov 13:00") == {"retargeted": 2, "newly_breached": 0, "failed": 0}
    assert office.due() is None
    office.resume("24 Nov 14:00")
    office.sweep("24 Nov 14:00:01")
    assert office.clock().breached_at == at("24 Nov 11:00")
    true(office.clock())


def test_a_pause_that_is_over_is_left_to_the_sweep() -> None:
    office = Office(policy(max_pause_days=1)).start("24 Nov 10:00")
    office.pause("24 Nov 11:00")
    factories.apply(policy(target="PT2H", max_pause_days=1))
    (job,) = apply(office.max, "25 Nov 13:00").jobs
    assert seen(preview("25 Nov 13:00")) == BOTH
    assert run(job, "25 Nov 13:00")["retargeted"] == 2
    office.item.refresh_from_db()
    assert office.item.paused_at is not None
    office.sweep("25 Nov 13:00")
    office.item.refresh_from_db()
    assert office.item.paused_at is None
    assert office.clock().breached_at == at("25 Nov 12:00")
    true(office.clock())


def test_a_policy_that_has_no_target_any_more_leaves_clocks_unmonitored() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    factories.apply(policy(target=None))
    (job,) = apply(office.max, "24 Nov 15:00").jobs
    run(job, "24 Nov 12:00")
    assert office.due() is None
    assert office.clock().target is None


def test_a_queue_with_hours_of_its_own_keeps_them() -> None:
    night = {
        "kind": "Calendar", "slug": "night", "timezone": "Europe/Berlin",
        "windows": {day: ["18:00-24:00"] for day in factories.WEEK},
    }  # fmt: skip
    queues = {"general": {"calendar": "night"}, "experts": {"skills": ["cards"]}}
    office = Office(policy(), night, queues=queues).start("24 Nov 10:00")
    assert office.due() == at("24 Nov 22:00")
    factories.apply(policy(target="PT5H"))
    (job,) = apply(office.max, "24 Nov 19:00").jobs
    run(job, "24 Nov 19:00")
    assert office.due() == at("24 Nov 23:00")


def test_it_needs_the_permission_a_reason_a_policy_and_something_to_do() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    for refused in (NotPermitted, InvalidInput, NotFound, Conflict):
        who = office.lea if refused is NotPermitted else office.max
        slug = "nowhere" if refused is NotFound else "quick"
        reason = " " if refused is InvalidInput else WHY
        with pytest.raises(refused):
            apply(who, "24 Nov 11:00", slug, reason)
    assert Job.objects.count() == 0


def test_all_pipelines_concerned_must_be_within_reach_each_has_its_job() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    factories.apply(factories.pipeline_document(slug="second"))
    bot = factories.a_service("bot2", pipelines=("second",))
    factories.an_item(bot, pipeline="second", now=at("24 Nov 10:00"))
    factories.apply(policy(target="PT2H"))
    with pytest.raises(NotPermitted):
        apply(office.max, "24 Nov 11:00")
    both = factories.a_person("both", roles=("approver",), pipelines=("intents", "second"))
    found = apply(both, "24 Nov 11:00")
    assert [job.pipeline.slug for job in found.jobs] == ["intents", "second"]
    within = {found.jobs[0].pipeline_id}
    mine = applying.preview(slug="quick", now=at("24 Nov 11:00"), within=within)
    assert seen(mine) == BOTH
    for job in found.jobs:
        assert run(job, "24 Nov 11:00")["retargeted"] == 2


def test_an_administrator_may_apply() -> None:
    Office(policy()).start("24 Nov 10:00")
    factories.apply(policy(target="PT2H"))
    assert apply(factories.an_administrator(), "24 Nov 11:00").jobs


def test_it_is_not_applied_twice_at_once() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    factories.apply(policy(target="PT2H"))
    (job,) = apply(office.max, "24 Nov 11:00").jobs
    with pytest.raises(Conflict, match="already"):
        apply(office.max, "24 Nov 11:01")
    run(job, "24 Nov 11:02")
    with pytest.raises(Conflict, match="already"):
        apply(office.max, "24 Nov 11:03")


def test_what_is_published_after_the_act_is_none_of_its_business() -> None:
    office = Office(policy())
    first = office.start("24 Nov 10:00").item
    factories.apply(policy(target="PT2H"))
    (job,) = apply(office.max, "24 Nov 11:00").jobs
    factories.apply(policy(target="PT3H"))
    second = office.start("24 Nov 11:30").item
    assert run(job, "24 Nov 11:40")["retargeted"] == 2
    assert due_of(first) == at("24 Nov 12:00")
    assert due_of(second) == at("24 Nov 14:30")


def many(number: int, when: str = "24 Nov 10:00") -> tuple[Office, Job]:
    office = Office(policy())
    payloads = [factories.a_payload() for _ in range(number)]
    factories.send(office.bot, *payloads, now=at(when))
    factories.apply(policy(target="PT30M"))
    (job,) = apply(office.max, "24 Nov 11:00").jobs
    return office, job


class Killed(BaseException):
    pass


@pytest.mark.parametrize("batches", [1, 2])
def test_a_job_that_is_cut_off_goes_on_and_counts_everything_once(monkeypatch, batches) -> None:
    monkeypatch.setattr(retargeting, "BATCH", 2)
    _, job = many(7)
    seen = []

    def dying(*args: Any) -> Any:
        if len(seen) == batches:
            raise Killed
        seen.append(args)
        return change(*args)

    change = retargeting._change_batch
    monkeypatch.setattr(retargeting, "_change_batch", dying)
    with pytest.raises(Killed):
        run(job, "24 Nov 11:00")
    monkeypatch.setattr(retargeting, "_change_batch", change)
    job.refresh_from_db()
    assert job.state == JobState.RUNNING
    assert job.progress == pytest.approx(2 * batches / 14)
    assert ClockEvent.objects.filter(kind="retarget").count() == 2 * batches
    assert run(job, "24 Nov 11:00") == {"retargeted": 14, "newly_breached": 7, "failed": 0}
    assert ClockEvent.objects.filter(kind="retarget").count() == 14
    assert AuditEvent.objects.filter(action="sla.retargeted").count() == 7


def test_a_job_that_is_delivered_again_changes_nothing() -> None:
    _, job = many(3)
    run(job, "24 Nov 11:00")
    told = run(job, "24 Nov 11:05")
    assert told == {"retargeted": 6, "newly_breached": 3, "failed": 0}
    assert applying.carry_out(job=job, now=lambda: at("24 Nov 11:06")) == told
    assert ClockEvent.objects.count() == 3 * (2 + 3)


def test_a_clock_that_cannot_be_worked_out_harms_no_other(monkeypatch) -> None:
    _, job = many(3)
    odd = SLAClock.objects.filter(kind="decide").order_by("pk")[1]
    SLAClock.objects.filter(pk=odd.pk).update(events_count=7)  # whose events are not there
    monkeypatch.setattr(
        rows_of, "events_of", lambda keys: {key: [] for key in keys} | _without(keys, odd.pk)
    )
    assert run(job, "24 Nov 11:00") == {"retargeted": 5, "newly_breached": 2, "failed": 1}
    assert kinds(odd) == ["start"]


def _without(keys: Any, gone: uuid.UUID) -> dict[uuid.UUID, list[ClockEvent]]:
    found = ClockEvent.objects.filter(clock__in=[key for key in keys if key != gone])
    made: dict[uuid.UUID, list[ClockEvent]] = {}
    for event in found.order_by("clock", "seq"):
        made.setdefault(event.clock_id, []).append(event)
    return made


def test_an_item_that_is_moved_later_keeps_what_was_applied() -> None:
    queues = {"general": {}, "experts": {"skills": ["cards"]}, "other": {}}
    office = Office(policy(), queues=queues).start("24 Nov 10:00")
    factories.apply(policy(target="PT2H"))
    (job,) = apply(office.max, "24 Nov 10:30").jobs
    run(job, "24 Nov 10:30")
    factories.apply(policy(target="PT8H"))
    office.move(office.max, "24 Nov 11:00", queue="other")
    assert office.due() == at("24 Nov 12:00")
