"""The rows of the table of clocks, each through the acts that people and the sweep do."""

from datetime import timedelta

import pytest
from django.db import transaction

from governance.exceptions import InvalidInput, NotPermitted
from governance.models import AuditEvent
from governance.selectors import principals
from reviews.models import ClockEvent, SLAClock
from reviews.selectors.clock_views import of_item
from reviews.services import assignments, decisions, withdrawals
from tests import factories
from tests.reviews.clocks.office import HOURS, Office, at, ladder, policy, two_tiers

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("caches_follow_from_events")]
HOUR = timedelta(hours=1)


def test_row_01_a_clock_is_due_when_its_target_is_used_up() -> None:
    assert Office(policy()).start("24 Nov 10:00").due() == at("24 Nov 14:00")


def test_row_05_met_at_the_closing_instant_and_missed_a_millisecond_later() -> None:
    office = Office(policy(target="PT8H")).start("24 Nov 09:00")
    office.decide(office.ann, "24 Nov 17:00:00")
    assert office.clock().outcome == "met"
    office.start("24 Nov 09:00").decide(office.ann, "24 Nov 17:00:00.001")
    assert (office.clock().outcome, office.clock().breached_at) == ("missed", at("24 Nov 17:00"))


def test_row_10_a_pause_moves_the_due_time_and_hides_it_meanwhile() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    office.pause("24 Nov 11:00")
    assert office.due() is None
    office.resume("24 Nov 13:00")
    assert office.due() == at("24 Nov 16:00")


def test_row_11_a_pause_over_night() -> None:
    office = Office(policy()).start("24 Nov 16:00")
    office.pause("24 Nov 16:30")
    office.resume("25 Nov 10:00")
    assert office.due() == at("25 Nov 13:30")


def test_row_12_a_pause_outside_hours_moves_nothing() -> None:
    office = Office(policy()).start("24 Nov 16:00")
    office.pause("24 Nov 17:30")
    office.resume("25 Nov 08:00")
    assert office.due() == at("25 Nov 12:00")


def test_row_13_sixty_pauses_of_thirty_seconds_add_up() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    for minute in range(60):
        office.pause(f"24 Nov 10:{minute}:0")
        office.resume(f"24 Nov 10:{minute}:30")
    assert office.state().elapsed_at(at("24 Nov 12:00")) == 2 * HOUR - timedelta(minutes=30)
    assert office.due() == at("24 Nov 14:30")


def test_row_14_a_breach_survives_a_pause_and_overdue_time_stands_still() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    office.sweep("24 Nov 14:01")
    office.pause("24 Nov 15:00")
    office.resume("24 Nov 16:00")
    assert office.clock().breached_at == at("24 Nov 14:00")
    view = next(v for v in of_item(office.item.pk) if v.row.kind == "decide")
    overdue = view.overdue(at("24 Nov 16:30"))
    assert overdue is not None
    assert overdue[0] == timedelta(hours=1, minutes=30)


def test_row_15_a_second_pause_or_resume_changes_nothing() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    for when in ("24 Nov 11:00", "24 Nov 11:10"):
        office.pause(when)
    for when in ("24 Nov 12:00", "24 Nov 12:10"):
        office.resume(when)
    assert office.events() == ["start", "pause", "resume"]
    assert office.due() == at("24 Nov 15:00")


def test_row_16_a_pause_ends_by_itself_after_five_working_days() -> None:
    office = Office(policy()).start("24 Nov 09:00")
    office.pause("24 Nov 10:00")
    assert office.sweep("1 Dec 09:59").resumed == 0
    assert office.sweep("1 Dec 10:20").resumed == 2
    row = ClockEvent.objects.get(clock=office.clock(), kind="resume")
    assert (row.at, row.actor_id, row.reason) == (at("1 Dec 10:00"), None, "max_pause")
    office.item.refresh_from_db()
    assert (office.item.paused_at, office.item.open_slots) == (None, 1)
    assert office.due() == at("1 Dec 13:00")


def test_row_17_a_stop_beats_a_pause_in_the_same_transaction() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    held = office.claim(office.ann, "24 Nov 11:00")
    with transaction.atomic():
        office.pause("24 Nov 11:00:01")
        factories.decide(office.ann, held, now=at("24 Nov 11:00"))
    assert office.clock().status == "stopped"
    assert office.state().running_since is None
    office.item.refresh_from_db()
    assert (office.item.status, office.item.paused_at) == ("resolved", None)


@pytest.mark.parametrize("reason", ["", "coffee"])
def test_row_18_a_pause_needs_a_reason_of_the_list(reason: str) -> None:
    office = Office(policy()).start("24 Nov 10:00")
    with pytest.raises(InvalidInput) as refused:
        office.pause("24 Nov 11:00", reason)
    assert refused.value.faults[0].pointer == "/reason"
    assert office.clock().status == "running"


def test_row_26_reassigning_never_moves_the_due_time() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    office.claim(office.ann, "24 Nov 10:30")
    office.move(office.lea, "24 Nov 11:00", reviewer="ben")
    office.move(office.lea, "24 Nov 12:00", reviewer="ann")
    assert office.due() == at("24 Nov 14:00")
    rows = office.item.assignments.order_by("claimed_at")
    assert [(row.reviewer.username, row.state) for row in rows] == [
        ("ann", "released"), ("ben", "released"), ("ann", "claimed"),
    ]  # fmt: skip
    stream = AuditEvent.objects.filter(stream=f"item:{office.item.pk}")
    assert stream.filter(action="item.reassigned").count() == 2


def test_row_27_a_silent_lease_returns_the_item_and_leaves_its_clocks() -> None:
    office = Office(policy()).start("24 Nov 09:30")
    held = office.claim(office.ann, "24 Nov 10:00")
    lapse = held.assignment.lease_expires_at + timedelta(seconds=1)
    assert assignments.expire_leases(now=lapse) == 1
    office.item.refresh_from_db()
    assert office.item.open_slots == 1
    assert (office.clock("claim").status, office.clock().status) == ("stopped", "running")


def test_row_28_a_queue_with_other_hours_goes_on_with_what_is_left() -> None:
    york = {
        "kind": "Calendar", "slug": "york", "timezone": "America/New_York", "windows": HOURS,
    }  # fmt: skip
    queues = {"general": {}, "experts": {"skills": ["cards"], "calendar": "york"}}
    office = Office(policy(), york, queues=queues).start("24 Nov 10:00")
    office.move(office.lea, "24 Nov 12:00", queue="experts")
    assert office.due() == at("24 Nov 17:00")  # 16:00 in UTC
    assert office.events() == ["start", "retarget"]


def test_row_29_an_undo_lets_the_clock_go_on_as_if_it_had_never_stopped() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    decided = office.decide(office.ann, "24 Nov 13:00")
    decisions.undo(decision_id=decided.decision.pk, actor=office.ann, now=at("24 Nov 13:05"))
    assert office.events() == ["start", "stop", "void_stop"]
    assert office.due() == at("24 Nov 14:00")
    assert office.state().elapsed_at(at("24 Nov 13:05")) == timedelta(hours=3, minutes=5)


def test_row_30_a_reopened_item_has_a_cycle_of_its_own() -> None:
    office = Office(policy(reopen_target="PT4H")).start("24 Nov 10:00")
    office.decide(office.ann, "24 Nov 12:00")
    before = office.clock()
    office.reopen("25 Nov 10:00")
    assert office.due() == at("25 Nov 14:00")
    assert SLAClock.objects.get(pk=before.pk).__dict__.items() >= {
        (name, value) for name, value in before.__dict__.items() if name != "_state"
    }
    assert (before.outcome, before.cycle) == ("met", 1)
    again = office.decide(office.ben, "25 Nov 11:00", "balance")
    assert again.resolution.supersedes_id is not None
    assert (again.item.cycle, again.item.status) == (2, "resolved")


def test_row_30_what_was_left_may_be_the_policy() -> None:
    office = Office(policy(reopen="resume")).start("24 Nov 10:00")
    office.decide(office.ann, "24 Nov 12:00")
    office.reopen("25 Nov 10:00")
    assert office.due() == at("25 Nov 12:00")


def test_row_31_a_missed_cycle_stays_missed() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    office.decide(office.ann, "24 Nov 15:00")
    office.reopen("25 Nov 10:00")
    office.decide(office.ben, "25 Nov 11:00")
    assert [office.clock(cycle=n).outcome for n in (1, 2)] == ["missed", "met"]


def test_row_32_a_tier_whose_target_is_used_up_is_breached_by_the_change() -> None:
    long, short = (
        policy("long", target="PT8H"), policy("short", target="PT1H", ladder=ladder("PT0S")),
    )  # fmt: skip
    office = Office(long, short, tiers=two_tiers()).start("24 Nov 10:00")
    office.move(office.max, "24 Nov 12:00", tier="high")
    row = ClockEvent.objects.get(clock=office.clock(), kind="breach")
    assert (row.at, row.reason, office.due()) == (
        at("24 Nov 12:00"), "retarget", at("24 Nov 11:00"),
    )  # fmt: skip
    office.sweep("24 Nov 12:00:05")
    assert office.fired() == [(1, 1, at("24 Nov 12:00:05"))]


def test_row_33_more_time_needs_a_permission() -> None:
    long, short = policy("long", target="PT8H"), policy("short", target="PT4H")
    office = Office(long, short, tiers=two_tiers(), tier="high").start("24 Nov 10:00")
    with pytest.raises(NotPermitted):
        office.move(office.lea, "24 Nov 12:00", tier="mid")
    assert office.due() == at("24 Nov 14:00")
    office.move(office.max, "24 Nov 12:00", tier="mid")
    assert office.due() == at("25 Nov 10:00")


def test_row_34_a_running_clock_keeps_its_version() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    factories.apply(policy(target="PT2H"))
    assert office.due() == at("24 Nov 14:00")
    assert office.start("24 Nov 11:00").due() == at("24 Nov 13:00")


def test_row_36_an_edit_leaves_what_is_closed_alone() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    office.decide(office.ann, "24 Nov 12:00")
    before = SLAClock.objects.filter(item=office.item).order_by("pk").values()
    kept = list(before)
    factories.apply(policy(target="PT1H"))
    office.sweep("25 Nov 12:00")
    assert list(before.all()) == kept


def test_row_41_without_a_target_nothing_is_monitored() -> None:
    office = Office(policy(target=None)).start("24 Nov 10:00")
    assert office.due() is None
    office.sweep("1 Dec 12:00")
    assert office.events() == ["start"]
    office.decide(office.ann, "1 Dec 12:00")
    assert (office.clock().status, office.clock().outcome) == ("stopped", "")


def test_row_57_the_clock_runs_until_all_have_decided_and_a_conflict_starts_another() -> None:
    tiers = two_tiers()
    tiers["high"] |= {"decisions": 3, "max_decisions": 3, "sla": "short"}
    office = Office(policy("long"), policy("short"), tiers=tiers, tier="high")
    office.start("24 Nov 10:00")
    office.decide(office.ann, "24 Nov 10:30")
    office.decide(office.ben, "24 Nov 10:40")
    assert office.clock().status == "running"
    office.decide(office.max, "24 Nov 10:50")
    assert office.clock().status == "stopped"
    office.start("24 Nov 11:00")
    office.decide(office.ann, "24 Nov 11:30")
    office.decide(office.ben, "24 Nov 11:40", "balance")
    assert office.clock("adjudicate").status == "running"
    assert office.clock().status == "running"


def test_row_58_a_withdrawn_item_counts_neither_way() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    withdrawals.withdraw(
        principal=principals.of_person(office.bot), actor=office.bot,
        prediction_id=office.item.prediction_id, reason="Sent twice", now=at("24 Nov 11:00"),
    )  # fmt: skip
    assert (office.clock().status, office.clock().outcome) == ("cancelled", "")


def test_row_59_overdue_is_told_in_business_time_and_on_the_wall() -> None:
    office = Office(policy()).start("27 Nov 12:30")
    office.sweep("30 Nov 10:00")
    view = next(v for v in of_item(office.item.pk) if v.row.kind == "decide")
    assert office.clock().breached_at == at("27 Nov 16:30")
    assert view.overdue(at("30 Nov 10:00")) == (
        timedelta(hours=1, minutes=30), timedelta(days=2, hours=17, minutes=30),
    )  # fmt: skip


def test_row_61_a_retroactive_start_is_at_most_so_long_before_the_receipt() -> None:
    office = Office(policy(start="occurred_at", max_backdate="PT2H"))
    office.start("24 Nov 13:00", occurred_at=at("24 Nov 10:00").isoformat())
    assert office.clock().started_at == at("24 Nov 11:00")
    (event,) = ClockEvent.objects.filter(clock=office.clock())
    assert "clamped_from" in event.detail
    office.start("24 Nov 13:00", occurred_at=at("24 Nov 12:00").isoformat())
    assert office.due() == at("24 Nov 16:00")


def test_row_62_time_that_steps_back_never_makes_less_time() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    office.pause("24 Nov 11:00")
    office.resume("24 Nov 10:58")
    assert office.state().elapsed == HOUR
    assert office.due() == at("24 Nov 14:00")


def test_a_reopened_item_is_not_given_to_who_decided_before() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    office.decide(office.ann, "24 Nov 12:00")
    office.reopen("25 Nov 10:00")
    assert factories.claim(office.ann, now=at("25 Nov 10:05")) is None
    assert factories.claim(office.ben, now=at("25 Nov 10:05")) is not None
