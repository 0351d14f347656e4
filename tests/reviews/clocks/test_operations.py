"""What the figures of operations count, on days of which everything is known."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from governance.exceptions import InvalidInput, NotFound, NotPermitted
from governance.selectors import principals
from reviews.domain.shares import Share
from reviews.selectors import operations, operations_report, operations_series
from reviews.services import withdrawals
from tests import factories
from tests.reviews.clocks.office import HOURS, Office, at, policy

pytestmark = pytest.mark.django_db


def report(office: Office, since: str, until: str, **more: Any) -> operations_report.Report:
    scope = operations.scope(
        principals.of_person(office.lea), now=at(until), since=at(since), until=at(until)
    )
    return operations_report.report(scope, **({"kind": "decide", "by": "started_at"} | more))


def settled(office: Office, arrived: str, decided: str) -> None:
    office.start(arrived)
    office.decide(office.ann, decided)


def of_kind(found: operations_report.Report, kind: str = "decide") -> operations.Kept:
    return next(each for each in found.kept if each.kind == kind)


def test_open_items_are_arrivals_less_what_was_settled_on_each_day() -> None:
    office = Office(policy())
    settled(office, "23 Nov 10:00", "23 Nov 11:00")
    settled(office, "23 Nov 15:00", "24 Nov 10:00")
    office.start("24 Nov 11:00")
    office.start("25 Nov 09:00")

    found = report(office, "23 Nov 00:00", "25 Nov 12:00")

    told = [(d.date.day, d.arrived, d.settled, d.open) for d in found.days]
    assert told == [(23, 2, 1, 1), (24, 1, 1, 1), (25, 1, 0, 2)]
    assert (found.zone, found.arrived, found.settled) == ("Europe/Berlin", 4, 2)
    assert found.standing.open == 2


def test_a_period_that_has_passed_ends_with_what_was_open_then() -> None:
    office = Office(policy())
    settled(office, "23 Nov 10:00", "25 Nov 11:00")
    office.start("25 Nov 09:00")
    scope = operations.scope(
        principals.of_person(office.lea), now=at("26 Nov 12:00"),
        since=at("23 Nov 00:00"), until=at("24 Nov 00:00"),
    )  # fmt: skip

    (day,) = operations_series.days(scope, "Europe/Berlin")

    assert (day.arrived, day.settled, day.open) == (1, 0, 1)


def test_what_is_late_or_near_is_counted_once_though_two_clocks_are() -> None:
    both = policy() | {"targets": {"claim": "PT1H", "decide": "PT4H"}, "at_risk": [0.5]}
    office = Office(both)
    office.start("24 Nov 11:00")
    office.claim(office.ann, "24 Nov 11:01")
    # Late to be taken, and near its time to be settled.
    office.start("24 Nov 11:05")
    office.start("24 Nov 12:50")
    office.sweep("24 Nov 13:15")

    standing = report(office, "23 Nov 00:00", "24 Nov 13:15").standing

    assert (standing.open, standing.breached, standing.at_risk) == (3, 1, 1)


def test_a_breach_that_no_sweep_has_seen_counts_too() -> None:
    office = Office(policy()).start("24 Nov 09:00")

    assert report(office, "23 Nov 00:00", "24 Nov 13:00").standing.breached == 0
    assert report(office, "23 Nov 00:00", "24 Nov 13:01").standing.breached == 1


def test_row_43_late_detection_is_told_for_the_period_of_the_breach() -> None:
    office = Office(policy()).start("23 Nov 08:00")
    office.sweep("23 Nov 13:30")

    found = of_kind(report(office, "23 Nov 00:00", "24 Nov 00:00"))

    assert found.late_detection == timedelta(minutes=30)


def test_row_58_a_cancelled_clock_is_in_no_share_and_shown_beside_it() -> None:
    office = Office(policy())
    settled(office, "23 Nov 10:00", "23 Nov 11:00")
    settled(office, "23 Nov 10:00", "24 Nov 11:00")
    office.start("23 Nov 12:00")
    withdrawals.withdraw(
        principal=principals.of_person(office.bot), actor=office.bot,
        prediction_id=office.item.prediction_id, reason="Sent twice", now=at("23 Nov 12:30"),
    )  # fmt: skip

    found = report(office, "23 Nov 00:00", "25 Nov 00:00")

    kept = of_kind(found)
    assert (kept.met, kept.missed, kept.cancelled) == (1, 1, 1)
    assert kept.share == Share(1, 2)
    assert [d.settled for d in found.days] == [2, 1]


def test_row_41_a_clock_without_a_target_is_in_no_share() -> None:
    office = Office(policy(target=None))
    settled(office, "23 Nov 10:00", "23 Nov 11:00")

    kept = of_kind(report(office, "23 Nov 00:00", "25 Nov 00:00"))

    assert (kept.share.n, kept.unmonitored, kept.share.value) == (0, 1, None)


def test_hours_of_the_week_are_those_of_the_calendar_on_both_sides_of_a_change_of_time() -> None:
    always = factories.CALENDAR | {"slug": "b", "timezone": "Europe/Berlin"}
    office = Office(always, policy())
    # 25 October 2026: at 03:00 summer time clocks go back to 02:00.
    for instant in (
        datetime(2026, 10, 24, 7, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
        datetime(2026, 10, 31, 8, 30, tzinfo=UTC),
    ):
        factories.an_item(office.bot, "mid", now=instant)
        held = factories.claim(office.ann, now=instant)
        assert held is not None
        factories.decide(office.ann, held, now=instant)

    found = report(office, "24 Oct 00:00", "1 Nov 12:00")

    told = {(cell.weekday, cell.hour): cell.share.n for cell in found.hours}
    assert told == {(6, 9): 2, (7, 2): 2}
    sunday = next(day for day in found.days if day.date.day == 25)
    assert (sunday.end - sunday.start, sunday.arrived) == (timedelta(hours=25), 2)


def test_hours_are_told_in_the_zone_of_each_calendar() -> None:
    kathmandu = {
        "kind": "Calendar", "slug": "k", "timezone": "Asia/Kathmandu", "windows": HOURS,
    }  # fmt: skip
    office = Office(kathmandu, policy() | {"calendar": "k"})
    instant = datetime(2026, 11, 24, 4, tzinfo=UTC)
    factories.an_item(office.bot, now=instant)
    held = factories.claim(office.ann, now=instant)
    assert held is not None
    factories.decide(office.ann, held, now=instant + timedelta(hours=1))

    started = report(office, "23 Nov 00:00", "25 Nov 00:00").hours
    stopped = report(office, "23 Nov 00:00", "25 Nov 00:00", by="stopped_at")

    assert [(c.weekday, c.hour) for c in started] == [(2, 9)]
    assert [(c.weekday, c.hour) for c in stopped.hours] == [(2, 10)]
    assert list(stopped.zones) == ["Asia/Kathmandu"]


def test_the_cells_of_a_week_add_up_to_the_share_of_the_period() -> None:
    office = Office(policy())
    for day in (23, 24, 25):
        settled(office, f"{day} Nov 09:30", f"{day} Nov {10 + (day - 23) * 3}:30")

    found = report(office, "23 Nov 00:00", "26 Nov 00:00")

    assert sum(c.share.n for c in found.hours) == found.of_kind.share.n == 3
    assert sum(c.share.hits for c in found.hours) == found.of_kind.met == 2


def test_turnaround_tells_half_and_nine_in_ten_in_working_time_and_on_the_wall() -> None:
    office = Office(policy())
    for n in range(9):
        settled(office, "24 Nov 10:00", f"24 Nov 11:{n:02}")
    settled(office, "24 Nov 10:00", "25 Nov 10:00")

    found = report(office, "23 Nov 00:00", "26 Nov 00:00").turnaround

    assert found.n == 10
    half, most = (timedelta(minutes=64), timedelta(minutes=68))
    assert all(
        abs(a - b) <= timedelta(seconds=2)
        for a, b in zip(found.business, (half, most), strict=True)
    )
    assert all(
        abs(a - b) <= timedelta(seconds=2) for a, b in zip(found.wall, (half, most), strict=True)
    )


def test_the_interval_of_a_share_is_wilsons() -> None:
    low, high = Share(81, 100).interval or (0, 0)

    assert (round(low, 4), round(high, 4)) == (0.7222, 0.8749)
    assert Share(0, 0).interval is None
    assert Share(3, 3).interval == (pytest.approx(0.4385, abs=1e-4), 1.0)


def test_only_who_adjudicates_or_audits_sees_figures_and_of_their_pipelines_only() -> None:
    office = Office(policy()).start("24 Nov 09:00")
    auditor = factories.a_person(roles=("auditor",))
    factories.a_pipeline("other")
    stranger = factories.a_person(roles=("lead",), pipelines=("other",))
    now = at("24 Nov 10:00")

    def see(person: Any, **more: Any) -> operations.Scope:
        return operations.scope(principals.of_person(person), now=now, **more)

    with pytest.raises(NotPermitted):
        see(office.ann)
    with pytest.raises(NotFound):
        see(stranger, pipeline="intents")
    assert operations.standing(see(auditor)).open == 1
    assert operations.standing(see(stranger)).open == 0


def test_a_period_without_time_or_of_years_is_refused() -> None:
    office = Office(policy())
    lea, now = principals.of_person(office.lea), at("24 Nov 10:00")

    with pytest.raises(InvalidInput):
        operations.scope(lea, now=now, since=now)
    with pytest.raises(InvalidInput):
        operations.scope(lea, now=now, since=now - timedelta(days=400))
