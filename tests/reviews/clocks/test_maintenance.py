"""While the system is in declared maintenance all clocks stand still, whenever that is noticed."""

from datetime import datetime, timedelta

import pytest
import time_machine

from governance.models import AuditEvent, OutboxMessage
from governance.selectors import principals
from reviews.models import ClockEvent, Escalation, SLAClock
from reviews.selectors import auditing, clock_terms
from reviews.services import (
    applying,
    clocks,
    decisions,
    escalations,
    following,
    sweeping,
    withdrawals,
)
from tests import factories
from tests.reviews.clocks.office import (
    B,
    Office,
    at,
    begin,
    end,
    ladder,
    policy,
    two_tiers,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("caches_follow_from_events")]
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
OUTAGE = "dependency_outage"


def history(office: Office, kind: str = "decide") -> list[tuple[str, datetime, datetime]]:
    """Return what happened to a clock: when it took effect, and when it was written."""
    rows = ClockEvent.objects.filter(clock=office.clock(kind)).order_by("seq")
    return [(row.kind, row.at, row.recorded_at) for row in rows]


def found(when: str) -> dict[str, int]:
    return {each.name: each.count for each in auditing.findings(at(when))}


def test_a_clock_stands_from_the_declaration_to_the_end_though_the_sweep_comes_later() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    begin("24 Nov 11:00")
    assert office.sweep("24 Nov 11:20").paused == 2
    assert office.due() is None
    end("24 Nov 13:00")
    assert office.sweep("24 Nov 13:10").resumed == 2
    assert office.due() == at("24 Nov 16:00")
    assert history(office)[1:] == [
        ("pause", at("24 Nov 11:00"), at("24 Nov 11:20")),
        ("resume", at("24 Nov 13:00"), at("24 Nov 13:10")),
    ]


def test_who_declared_it_paused_the_clocks_and_who_ended_it_let_them_go() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    begin("24 Nov 11:00", office.lea)
    office.sweep("24 Nov 11:20")
    end("24 Nov 13:00", office.max)
    office.sweep("24 Nov 13:10")
    rows = ClockEvent.objects.filter(clock=office.clock(), seq__gt=1).order_by("seq")
    assert [(row.actor, row.reason) for row in rows] == [(office.lea, OUTAGE), (office.max, "")]


def test_an_item_stays_where_it_is_and_is_claimed_and_decided_in_time() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    begin("24 Nov 11:00")
    office.sweep("24 Nov 11:01")
    office.item.refresh_from_db()
    assert (office.item.paused_at, office.item.open_slots) == (None, 1)
    office.decide(office.ann, "24 Nov 16:50")
    assert (office.clock().outcome, office.clock().breached_at) == ("met", None)
    assert office.state().elapsed == HOUR


def test_a_decision_before_the_sweep_finds_that_the_clock_has_stood_still() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    begin("24 Nov 11:00")
    office.decide(office.ann, "24 Nov 16:50")
    assert office.events() == ["start", "pause", "stop"]
    assert office.clock().outcome == "met"
    paused = ClockEvent.objects.get(clock=office.clock(), kind="pause")
    assert (paused.at, paused.actor) == (at("24 Nov 11:00"), None)


def test_a_maintenance_that_no_sweep_saw_counts_all_the_same() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    begin("24 Nov 11:00")
    end("24 Nov 13:00")
    assert office.sweep("24 Nov 14:01").breaches == 0
    assert office.due() == at("24 Nov 16:00")
    assert office.sweep("24 Nov 16:30").breaches == 1
    assert office.clock().breached_at == at("24 Nov 16:00")


def test_several_that_nobody_saw_count_one_after_the_other() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    for hour in (11, 13):
        begin(f"24 Nov {hour}:00")
        end(f"24 Nov {hour + 1}:00")
    office.sweep("24 Nov 14:30")
    assert office.due() == at("24 Nov 16:00")
    assert office.events() == ["start", "pause", "resume", "pause", "resume"]


def test_what_was_late_before_is_a_breach_of_that_instant_and_is_climbed_from_the_end() -> None:
    office = Office(policy(ladder=ladder("PT30M"))).start("24 Nov 10:00")
    begin("24 Nov 14:10")
    swept = office.sweep("24 Nov 14:50")
    assert (swept.breaches, swept.escalations) == (1, 0)
    assert office.clock().breached_at == at("24 Nov 14:00")
    end("24 Nov 16:00")
    office.sweep("24 Nov 16:19")
    assert office.fired() == []
    office.sweep("24 Nov 16:20")
    assert office.fired() == [(1, 1, at("24 Nov 16:20"))]


def test_nothing_is_told_and_nothing_fires_inside() -> None:
    office = Office(policy(at_risk=[0.5], ladder=ladder("PT0S"))).start("24 Nov 10:00")
    begin("24 Nov 11:00")
    for hour in range(11, 17):
        office.sweep(f"24 Nov {hour}:30")
    end("24 Nov 16:00")
    office.sweep("24 Nov 16:00:05")
    assert not OutboxMessage.objects.filter(task="reviews.tell").exists()
    assert not Escalation.objects.exists()
    assert not ClockEvent.objects.filter(kind__in=("warn", "breach")).exists()
    # Half of the target is used up an hour after the end, and all of it three hours after it.
    assert office.sweep("25 Nov 09:00").warnings == 1
    assert office.due() == at("25 Nov 11:00")


def _ack(office: Office, when: str) -> None:
    escalations.acknowledge(
        principal=principals.of_person(office.lea), actor=office.lea,
        escalation_id=Escalation.objects.get().pk, now=at(when),
    )  # fmt: skip


def test_an_escalation_is_taken_up_inside_and_the_ladder_waits_from_the_end_on() -> None:
    office = Office(policy(ladder=ladder("PT0S", "PT40M"))).start("24 Nov 10:00")
    office.sweep("24 Nov 14:00:30")
    begin("24 Nov 14:30")
    _ack(office, "24 Nov 15:00")
    assert office.events()[-2:] == ["pause", "ack"]
    assert office.due() is None
    end("24 Nov 15:30")
    # Ten minutes were left, and who took it up has an hour.
    office.sweep("24 Nov 16:29")
    assert len(office.fired()) == 1
    office.sweep("24 Nov 16:30")
    assert office.fired()[1:] == [(1, 2, at("24 Nov 16:30"))]


def test_an_escalation_is_taken_up_after_the_end_that_no_sweep_has_seen() -> None:
    office = Office(policy(ladder=ladder("PT0S", "PT2H"))).start("24 Nov 10:00")
    office.sweep("24 Nov 14:00:30")
    begin("24 Nov 14:30")
    end("24 Nov 15:30")
    _ack(office, "24 Nov 15:31")
    assert office.events()[-3:] == ["pause", "resume", "ack"]
    assert office.due() == at("24 Nov 14:00")


def test_a_person_s_pause_outlives_the_maintenance() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    office.pause("24 Nov 11:00")
    begin("24 Nov 12:00")
    assert office.sweep("24 Nov 12:01").clocks == 0
    end("24 Nov 13:00")
    assert office.sweep("24 Nov 13:01").clocks == 0
    office.item.refresh_from_db()
    assert office.item.pause_reason == "awaiting_submitter"
    office.resume("24 Nov 14:00")
    assert office.due() == at("24 Nov 17:00")


def test_who_pauses_an_item_meanwhile_pauses_it_beyond_the_end() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    begin("24 Nov 11:00")
    office.sweep("24 Nov 11:01")
    office.pause("24 Nov 12:00", "legal_hold")
    end("24 Nov 13:00")
    office.sweep("24 Nov 13:01")
    office.item.refresh_from_db()
    assert (office.item.pause_reason, office.item.open_slots) == ("legal_hold", 0)
    assert office.due() is None
    office.resume("24 Nov 14:00")
    assert office.state().elapsed == HOUR
    assert office.due() == at("24 Nov 17:00")


def test_a_pause_that_people_end_meanwhile_goes_over_into_the_maintenance() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    office.pause("24 Nov 11:00")
    begin("24 Nov 12:00")
    office.resume("24 Nov 12:30")
    office.item.refresh_from_db()
    assert (office.item.paused_at, office.item.open_slots) == (None, 1)
    office.sweep("24 Nov 12:31")
    assert office.due() is None
    end("24 Nov 14:00")
    office.sweep("24 Nov 14:01")
    assert office.due() == at("24 Nov 17:00")


@pytest.mark.parametrize("seen", [True, False])
def test_a_pause_that_lasts_too_long_ends_at_its_instant_inside(seen: bool) -> None:
    office = Office(policy()).start("24 Nov 09:00")
    office.pause("24 Nov 10:00")
    begin("30 Nov 12:00")
    if seen:
        office.sweep("1 Dec 10:20")
        office.item.refresh_from_db()
        assert (office.item.paused_at, office.item.open_slots) == (None, 1)
        assert office.due() is None
    end("1 Dec 12:00")
    office.sweep("1 Dec 12:30")
    office.item.refresh_from_db()
    assert office.item.paused_at is None
    assert office.due() == at("1 Dec 15:00")
    rows = [(kind, when) for kind, when, _ in history(office)][2:]
    assert rows == [
        ("resume", at("1 Dec 10:00")), ("pause", at("1 Dec 10:00")), ("resume", at("1 Dec 12:00")),
    ]  # fmt: skip


def test_an_item_that_arrives_meanwhile_has_all_of_its_time_from_the_end_on() -> None:
    office = Office(policy())
    begin("24 Nov 10:00", office.lea)
    office.start("24 Nov 11:00")
    office.sweep("24 Nov 11:01")
    paused = ClockEvent.objects.get(clock=office.clock(), kind="pause")
    assert (paused.at, paused.actor) == (at("24 Nov 11:00"), None)
    end("24 Nov 12:00")
    office.sweep("24 Nov 12:01")
    assert office.due() == at("24 Nov 16:00")


def test_an_item_that_is_withdrawn_meanwhile_leaves_no_clock() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    begin("24 Nov 11:00")
    office.sweep("24 Nov 11:01")
    withdrawals.withdraw(
        principal=principals.of_person(office.bot), actor=office.bot,
        prediction_id=office.item.prediction_id, reason="Sent twice", now=at("24 Nov 12:00"),
    )  # fmt: skip
    end("24 Nov 13:00")
    assert office.sweep("24 Nov 13:01").clocks == 0
    assert set(SLAClock.objects.values_list("status", "maintenance")) == {("cancelled", None)}


def test_an_item_that_moves_meanwhile_goes_on_by_the_hours_of_its_new_place() -> None:
    documents = policy("long", target="PT8H"), policy("short", target="PT1H")
    office = Office(*documents, tiers=two_tiers()).start("24 Nov 10:00")
    begin("24 Nov 12:00")
    office.move(office.max, "24 Nov 13:00", tier="high")
    assert office.events() == ["start", "pause", "retarget"]
    end("24 Nov 14:00")
    office.sweep("24 Nov 14:01")
    breach = ClockEvent.objects.get(clock=office.clock(), kind="breach")
    assert not at("24 Nov 12:00") <= breach.at < at("24 Nov 14:00")


def test_a_stop_from_before_that_is_taken_back_inside_stands_from_the_declaration() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    made = office.decide(office.ann, "24 Nov 11:00")
    begin("24 Nov 11:02")
    decisions.undo(decision_id=made.decision.pk, actor=office.ann, now=at("24 Nov 11:08"))
    assert office.events()[-2:] == ["void_stop", "pause"]
    end("24 Nov 12:02")
    office.sweep("24 Nov 12:03")
    assert office.due() == at("24 Nov 15:00")


def test_a_calendar_that_is_edited_meanwhile_leaves_the_clock_where_it_stood() -> None:
    with time_machine.travel(at("20 Nov 09:00"), tick=False):
        office = Office(policy())
    office.start("24 Nov 16:00")
    begin("24 Nov 16:30")
    with time_machine.travel(at("24 Nov 16:45"), tick=False):
        factories.apply(B | {"holidays": ["2026-11-26"]})
    following.follow(slug="b", now=lambda: at("24 Nov 16:50"))
    assert history(office)[1:] == [
        ("pause", at("24 Nov 16:30"), at("24 Nov 16:50")),
        ("retarget", at("24 Nov 16:45"), at("24 Nov 16:50")),
    ]
    end("25 Nov 16:00")
    office.sweep("25 Nov 16:01")
    assert office.due() == at("27 Nov 11:30")


def test_a_policy_that_is_applied_meanwhile_breaches_nothing_inside() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    begin("24 Nov 11:30")
    factories.apply(policy("quick", target="PT1H"))
    root = factories.an_administrator()
    applied = applying.apply_to_running(
        principal=principals.of_person(root), actor=root, slug="quick", reason="Sooner",
        now=at("24 Nov 12:00"),
    )  # fmt: skip
    for job in applied.jobs:
        applying.carry_out(job=job, now=lambda: at("24 Nov 12:00"))
    assert "breach" not in office.events()
    assert office.events()[:3] == ["start", "pause", "retarget"]


def test_what_is_to_be_signed_stands_still_too() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    law = clock_terms.law_of("quick", version_id=office.item.config_version_id, queue="general")
    assert law is not None
    clocks.request_signoff(
        subject="change:1", pipeline_id=office.item.pipeline_id, law=law, actor=None,
        now=at("24 Nov 10:00"),
    )  # fmt: skip
    begin("24 Nov 11:00")
    office.sweep("24 Nov 11:01")
    row = SLAClock.objects.get(subject="change:1")
    assert (row.status, row.next_at) == ("paused", None)
    end("24 Nov 12:00")
    clocks.signed(subject="change:1", actor=office.lea, now=at("24 Nov 12:30"))
    row.refresh_from_db()
    assert (row.status, row.maintenance) == ("stopped", None)


def test_the_same_sweep_again_changes_nothing() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    begin("24 Nov 11:00")
    assert [office.sweep("24 Nov 11:01").clocks for _ in range(2)] == [2, 0]
    end("24 Nov 12:00")
    assert [office.sweep("24 Nov 12:01").clocks for _ in range(2)] == [2, 0]
    actions = AuditEvent.objects.filter(stream=f"item:{office.item.pk}").values_list("action")
    assert [a for (a,) in actions if a.startswith("sla.")] == ["sla.paused"] * 2 + [
        "sla.resumed"
    ] * 2


def test_many_clocks_follow_over_several_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office(policy())
    for _ in range(5):
        office.start("24 Nov 10:00")
    monkeypatch.setattr(sweeping, "FOLLOW", 4)
    begin("24 Nov 11:00")
    swept = [sweeping.sweep(now=lambda: at("24 Nov 11:01"), limit=2).paused for _ in range(4)]
    assert swept == [4, 4, 2, 0]
    assert set(SLAClock.objects.values_list("paused_at", flat=True)) == {at("24 Nov 11:00")}


def test_the_auditor_finds_nothing_while_it_lasts_even_without_a_sweep() -> None:
    office = Office(policy(at_risk=[0.5])).start("24 Nov 10:00")
    begin("24 Nov 11:00")
    assert found("24 Nov 16:00") == {}
    office.sweep("24 Nov 16:00")
    assert found("24 Nov 16:01") == {}
    assert auditing.figures(at("24 Nov 16:01"))["lag_seconds"] == 0


def test_the_auditor_still_finds_what_was_late_before_it_began() -> None:
    Office(policy()).start("24 Nov 10:00")
    begin("24 Nov 14:05")
    assert found("24 Nov 14:06") == {"breach_unseen": 1}
