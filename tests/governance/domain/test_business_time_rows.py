"""Rows of the table of sla.md that are arithmetic on a calendar alone; the rest are clocks'."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from governance.domain.business_time import WEEKDAYS, Calendar, add, add_working_days, elapsed
from governance.domain.documents import InvalidDocuments, Known, validate

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
HOUR = timedelta(hours=1)


def a_calendar(*windows: str, days: tuple[str, ...] = WEEKDAYS, **more: Any) -> Calendar:
    return Calendar.from_document(
        {"timezone": "Europe/Berlin", "windows": {day: list(windows) for day in days}} | more
    )


def b(*windows: str, **more: Any) -> Calendar:
    """Return B of the table: Berlin, Monday to Friday 09-17, two holidays at Christmas."""
    holidays = ["2026-12-25", "2026-12-28"]
    return a_calendar(*(windows or ("09:00-17:00",)), days=WEEKDAYS[:5], holidays=holidays, **more)


def berlin(month: int, day: int, hour: int, minute: int = 0, **more: int) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN, **more)


def test_row_01_within_a_day() -> None:
    assert add(b(), berlin(11, 24, 10), 4 * HOUR) == berlin(11, 24, 14)


def test_row_02_over_a_weekend() -> None:
    assert add(b(), berlin(11, 27, 16), 4 * HOUR) == berlin(11, 30, 12)


def test_row_03_a_start_outside_hours_waits_for_the_opening() -> None:
    start = berlin(11, 28, 12)
    assert elapsed(b(), start, berlin(11, 30, 9)) == timedelta(0)
    assert elapsed(b(), start, berlin(11, 30, 9, 1)) == timedelta(minutes=1)
    assert add(b(), start, 4 * HOUR) == berlin(11, 30, 13)


def test_row_04_the_closing_instant_is_outside() -> None:
    assert add(b(), berlin(11, 24, 17), HOUR) == berlin(11, 25, 10)


def test_row_05_a_target_that_ends_at_closing_time_is_due_then() -> None:
    start = berlin(11, 24, 9)
    assert add(b(), start, 8 * HOUR) == berlin(11, 24, 17)
    # What has passed stands still until the morning, which is why it is not what decides.
    assert elapsed(b(), start, berlin(11, 25, 9)) == 8 * HOUR


def test_row_06_over_christmas() -> None:
    assert add(b(), berlin(12, 24, 16), 4 * HOUR) == berlin(12, 29, 12)


def test_row_07_half_a_day_by_exception() -> None:
    half = b(exceptions=[{"date": "2026-12-24", "windows": ["09:00-12:00"]}])
    assert add(half, berlin(12, 24, 11), 2 * HOUR) == berlin(12, 29, 10)


def test_row_08_two_windows_a_day() -> None:
    assert add(b("09:00-12:00", "13:00-17:00"), berlin(11, 24, 11), 2 * HOUR) == berlin(11, 24, 14)


def test_row_09_round_the_clock_midnight_is_no_gap() -> None:
    always = a_calendar("00:00-24:00")
    assert elapsed(always, berlin(11, 24, 23, 59), berlin(11, 25, 0, 1)) == timedelta(minutes=2)


def test_row_16_five_working_days_later_at_the_same_time() -> None:
    assert add_working_days(b(), berlin(11, 24, 10), 5) == berlin(12, 1, 10)


def test_row_19_an_hour_that_does_not_exist_is_not_counted() -> None:
    always = a_calendar("00:00-24:00")
    assert add(always, berlin(3, 29, 0, 30), 4 * HOUR) == berlin(3, 29, 5, 30)


def test_row_20_an_hour_that_comes_twice_is_counted_twice() -> None:
    always = a_calendar("00:00-24:00")
    assert add(always, berlin(10, 25, 0, 30), 4 * HOUR) == berlin(10, 25, 3, 30)
    assert elapsed(always, berlin(10, 25, 0), berlin(10, 26, 0)) == 25 * HOUR
    assert elapsed(always, berlin(3, 29, 0), berlin(3, 30, 0)) == 23 * HOUR


def test_row_21_over_the_weekend_on_which_summer_time_begins() -> None:
    due = datetime(2026, 3, 30, 8, tzinfo=UTC)
    assert add(b(), berlin(3, 27, 16), 2 * HOUR) == due == berlin(3, 30, 10)


def test_row_22_over_the_weekend_on_which_summer_time_ends() -> None:
    due = datetime(2026, 10, 26, 9, tzinfo=UTC)
    assert add(b(), berlin(10, 23, 16), 2 * HOUR) == due == berlin(10, 26, 10)


@pytest.mark.parametrize(("month", "day", "due"), [(3, 7, 5), (10, 31, 3)])
def test_row_23_nights_over_both_changes(month: int, day: int, due: int) -> None:
    nights = a_calendar("22:00-24:00", "00:00-06:00", timezone="America/New_York")
    start = datetime(2026, month, day, 22, tzinfo=NEW_YORK)
    expected = datetime(2026, month, day, due, tzinfo=NEW_YORK).replace(tzinfo=None)
    found = add(nights, start, 6 * HOUR)
    assert found is not None
    assert found.astimezone(NEW_YORK).replace(tzinfo=None) == expected + timedelta(days=1)


def test_row_24_from_the_first_to_the_second_half_past_two() -> None:
    first, second = berlin(10, 25, 2, 30, fold=0), berlin(10, 25, 2, 30, fold=1)
    assert elapsed(a_calendar("00:00-24:00"), first, second) == HOUR


def test_row_25_an_offset_of_three_quarters_of_an_hour() -> None:
    kathmandu = a_calendar("09:00-17:00", timezone="Asia/Kathmandu")
    start = datetime(2026, 11, 24, 3, 15, tzinfo=UTC)
    assert add(kathmandu, start, HOUR) == datetime(2026, 11, 24, 4, 15, tzinfo=UTC)


@pytest.mark.parametrize("holidays", [[], ["2026-12-25"], {"country": "DE", "subdivision": "BE"}])
def test_row_39_a_calendar_without_hours_is_refused_and_harmless(holidays: Any) -> None:
    document = {"timezone": "Europe/Berlin", "windows": {}, "holidays": holidays}
    with pytest.raises(InvalidDocuments) as refused:
        validate([{"kind": "Calendar", "slug": "none", **document}], Known())
    assert [(f.pointer, f.code) for f in refused.value.faults] == [("/0/windows", "empty")]
    none = Calendar.from_document(document)
    start = berlin(11, 24, 10)
    assert add(none, start, timedelta(microseconds=1)) is None
    assert elapsed(none, start, start + timedelta(days=36_500)) == timedelta(0)
    assert add_working_days(none, start, 1) is None


@pytest.mark.parametrize("target", ["PT0S", "P0D", "PT0H0M"])
def test_row_41_a_target_of_nothing_is_refused(target: str) -> None:
    policy = {"kind": "SLAPolicy", "slug": "s", "calendar": "c", "targets": {"decide": target}}
    with pytest.raises(InvalidDocuments) as refused:
        validate([policy], Known(calendars=frozenset({"c"})))
    pointers = [fault.pointer for fault in refused.value.faults]
    assert pointers == ["/0/targets/decide"]
