"""The rows of the table that are about warnings, breaches and the ladder."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from governance.models import AuditEvent, OutboxMessage
from governance.selectors import principals
from reviews.models import ClockEvent, Escalation, Notification, ReviewItem
from reviews.services import escalations
from tests.reviews.clocks.office import Office, at, ladder, policy, two_tiers

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("caches_follow_from_events")]
HOUR = timedelta(hours=1)


def test_row_42_each_share_warns_once() -> None:
    office = Office(policy(at_risk=[0.5, 0.75])).start("27 Nov 16:00")
    for when in ("30 Nov 09:59", "30 Nov 10:00", "30 Nov 10:30", "30 Nov 11:00", "30 Nov 11:30"):
        office.sweep(when)
    rows = ClockEvent.objects.filter(clock=office.clock(), kind="warn").order_by("seq")
    assert [(row.share, row.at) for row in rows] == [
        (0.5, at("30 Nov 10:00")), (0.75, at("30 Nov 11:00")),
    ]  # fmt: skip


def test_row_43_a_breach_that_is_found_late_has_its_true_instant_and_no_warnings() -> None:
    office = Office(policy(at_risk=[0.5, 0.75], ladder=ladder("PT0S"))).start("27 Nov 16:00")
    office.sweep("30 Nov 12:30")
    assert office.events() == ["start", "breach", "escalate"]
    row = office.clock()
    assert (row.breached_at, row.detected_at) == (at("30 Nov 12:00"), at("30 Nov 12:30"))
    event = AuditEvent.objects.get(stream=f"item:{office.item.pk}", action="sla.breached")
    assert event.detail["late_detection_s"] == 1800


def test_row_44_each_delay_counts_from_the_level_before() -> None:
    rungs = ladder("PT0S", "PT2H", "PT6H")
    office = Office(policy(ladder=rungs)).start("24 Nov 15:00")
    for when in ("25 Nov 11:00:00.000001", "25 Nov 13:00:01", "26 Nov 11:00:01"):
        office.sweep(when)
    assert [(level, when.strftime("%d %H:%M")) for _, level, when in office.fired()] == [
        (1, "25 11:00"), (2, "25 13:00"), (3, "26 11:00"),
    ]  # fmt: skip


def test_row_44_a_level_may_count_on_the_wall() -> None:
    rungs = ladder("PT0S", "PT8H")
    rungs["levels"][1]["basis"] = "wall"
    office = Office(policy(ladder=rungs)).start("24 Nov 15:00")
    office.sweep("25 Nov 11:00:00.000001")
    assert office.clock().ladder_at == at("25 Nov 19:00:00.000001")


@pytest.mark.parametrize(
    ("acked", "resumes"), [("25 Nov 12:50", "25 Nov 13:50"), ("25 Nov 11:20", "25 Nov 13:00:01")]
)
def test_row_45_an_ack_never_makes_the_next_level_sooner(acked: str, resumes: str) -> None:
    office = Office(policy(ladder=ladder("PT0S", "PT2H"))).start("24 Nov 15:00")
    office.sweep("25 Nov 11:00:01")
    _ack(office, acked)
    _ack(office, acked)
    assert office.clock().ladder_at == at(resumes)
    assert office.events().count("ack") == 1
    office.sweep(resumes)
    assert [level for _, level, _ in office.fired()] == [1, 2]


def _ack(office: Office, when: str) -> None:
    latest = Escalation.objects.filter(item=office.item).latest("fired_at")
    escalations.acknowledge(
        principal=principals.of_person(office.lea), actor=office.lea, escalation_id=latest.pk,
        now=at(when),
    )  # fmt: skip


def test_row_45_a_claim_by_whom_it_told_takes_it_up() -> None:
    office = Office(policy(ladder=ladder("PT0S", "PT2H"))).start("24 Nov 15:00")
    office.sweep("25 Nov 11:00:01")
    office.claim(office.lea, "25 Nov 12:50")
    assert office.clock().ladder_at == at("25 Nov 13:50")


def test_row_46_a_decision_ends_the_ladder() -> None:
    office = Office(policy(ladder=ladder("PT0S", "PT2H"))).start("24 Nov 15:00")
    office.sweep("25 Nov 11:00:01")
    _ack(office, "25 Nov 11:30")
    office.decide(office.ann, "25 Nov 12:00")
    office.sweep("26 Nov 16:00")
    assert len(office.fired()) == 1
    assert (office.clock().ladder_at, office.clock().next_at) == (None, None)


def test_row_47_a_repeated_ladder_fires_each_level_once_more_and_then_ends() -> None:
    office = Office(policy(ladder=ladder("PT0S", "PT1H", repeat=1))).start("23 Nov 09:00")
    for day in ("24", "25", "26", "27"):
        for hour in range(9, 18):
            office.sweep(f"{day} Nov {hour}:30")
    assert [(loop, level) for loop, level, _ in office.fired()] == [
        (1, 1), (1, 2), (2, 1), (2, 2), (2, 3),
    ]  # fmt: skip
    assert Escalation.objects.get(level=3).outcome == "final"


def test_row_48_a_level_that_reaches_nobody_is_followed_at_once() -> None:
    rungs = ladder("PT0S", "PT2H", "PT8H")
    rungs["levels"][1]["notify"] = []
    office = Office(policy(ladder=rungs)).start("24 Nov 10:00")
    office.sweep("24 Nov 14:00:01")
    office.sweep("24 Nov 16:00:01")
    outcomes = Escalation.objects.order_by("level").values_list("level", "outcome")
    assert list(outcomes) == [(1, "fired"), (2, "no_target"), (3, "fired")]


def test_row_52_a_level_fires_once_whatever_comes_again() -> None:
    office = Office(policy(ladder=ladder("PT0S", "PT2H"))).start("24 Nov 10:00")
    for _ in range(3):
        office.sweep("24 Nov 14:00:01")
    assert len(office.fired()) == 1
    row = Escalation.objects.get()
    row.pk, row._state.adding = None, True
    with pytest.raises(IntegrityError, match=r"(?i)escalation"), transaction.atomic():
        Escalation.objects.bulk_create([row])


def test_row_54_a_late_decision_is_missed_though_no_sweep_saw_it() -> None:
    office = Office(policy(ladder=ladder("PT0S"))).start("24 Nov 08:00")
    office.decide(office.ann, "24 Nov 13:40")
    row = office.clock()
    assert (row.outcome, row.breached_at) == ("missed", at("24 Nov 13:00"))
    office.sweep("24 Nov 14:00")
    assert office.fired() == []


def test_row_55_a_decision_in_time_is_met_whatever_the_sweep_finds_later() -> None:
    office = Office(policy(ladder=ladder("PT0S"))).start("24 Nov 09:00")
    office.decide(office.ann, "24 Nov 12:50")
    office.sweep("24 Nov 14:00")
    assert (office.clock().outcome, office.clock().breached_at) == ("met", None)


def test_row_60_an_exhausted_ladder_expires_the_item_and_never_approves_it() -> None:
    short = policy("short", ladder=ladder("PT0S"))
    office = Office(policy("long"), short, tiers=two_tiers(), tier="high").start("24 Nov 10:00")
    office.sweep("24 Nov 14:00:01")
    office.sweep("24 Nov 15:00:01")
    office.item.refresh_from_db()
    assert (office.item.status, office.item.resolution_id) == ("expired", None)
    assert (office.clock().status, office.clock().outcome) == ("stopped", "missed")
    assert office.clock("claim").status == "cancelled"


def test_a_level_raises_priority_opens_the_backup_and_asks_for_one_more() -> None:
    rungs = ladder("PT0S")
    rungs["levels"][0]["actions"] = ["raise_priority", "open_backup_queue", "add_reviewer"]
    queues = {"general": {"backup": "experts"}, "experts": {"skills": ["cards"]}}
    office = Office(policy(ladder=rungs), queues=queues).start("24 Nov 10:00")
    office.sweep("24 Nov 14:00:01")
    item = ReviewItem.objects.select_related("lane").get(pk=office.item.pk)
    assert (item.priority, item.queue, item.slots, item.open_slots) == (10, "experts", 2, 2)
    assert item.lane.skills == {"cards"}


def test_a_level_gives_the_item_to_whom_it_tells() -> None:
    rungs = ladder("PT0S")
    rungs["levels"][0]["actions"] = ["reassign"]
    office = Office(policy(ladder=rungs)).start("24 Nov 10:00")
    office.claim(office.ann, "24 Nov 13:50")
    office.sweep("24 Nov 14:00:01")
    states = office.item.assignments.order_by("claimed_at").values_list(
        "reviewer__username", "state"
    )
    assert next(iter(states)) == ("ann", "released")
    assert list(states)[1][1] == "claimed"


def test_ladders_of_two_clocks_that_end_at_once_end_the_item_once() -> None:
    office = Office(policy(targets={"claim": "PT4H", "decide": "PT4H"}, ladder=ladder("PT0S")))
    office.start("24 Nov 10:00").sweep("24 Nov 14:00:01")
    assert office.sweep("24 Nov 16:00").failed == 0
    office.item.refresh_from_db()
    assert office.item.status == "expired"
    assert {office.clock(kind).status for kind in ("claim", "decide")} == {"stopped"}


def test_a_breach_that_an_act_finds_first_is_told_of() -> None:
    office = Office(policy(targets={"claim": "PT1H", "decide": "PT2H"})).start("24 Nov 10:00")
    office.pause("24 Nov 12:30")
    promised = OutboxMessage.objects.filter(task="reviews.tell")
    events = [event for message in promised for event in message.arguments["events"]]
    assert ClockEvent.objects.filter(pk__in=events, kind="breach").count() == 2


def test_a_person_who_is_given_an_item_is_told() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    office.move(office.lea, "24 Nov 11:00", reviewer="ben")
    (row,) = Notification.objects.filter(person=office.ben)
    assert (row.kind, row.item_id) == ("assigned", office.item.pk)


def test_a_move_ends_a_pause_that_has_lasted_too_long() -> None:
    office = Office(policy()).start("24 Nov 09:00")
    office.pause("24 Nov 10:00")
    office.move(office.lea, "1 Dec 10:30", reviewer="ben")
    office.item.refresh_from_db()
    assert (office.item.paused_at, office.item.status) == (None, "in_review")
    assert office.due() == at("1 Dec 13:00")
