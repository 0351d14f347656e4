"""Business time beyond the table: against a naive walk, on odd calendars, and how quick it is."""

import functools
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from governance.domain import business_time
from governance.domain.business_time import (
    WEEKDAYS,
    Calendar,
    UnusableCalendar,
    add,
    add_working_days,
    elapsed,
    parse_window,
)

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ALWAYS = {day: ["00:00-24:00"] for day in WEEKDAYS}
OFFICE = {day: ["09:00-17:00"] for day in WEEKDAYS[:5]}
# Zones whose changes fall at midnight, by half an hour, over the date line, or in another half of
# the year, with a day on or near one of them.
CHANGES = [
    ("Europe/Berlin", date(2026, 3, 29)), ("Europe/Berlin", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)), ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)), ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("America/Havana", date(2026, 3, 8)), ("America/Havana", date(2026, 11, 1)),
    ("America/Sao_Paulo", date(2018, 11, 4)), ("America/Sao_Paulo", date(2019, 2, 16)),
    ("Asia/Beirut", date(2026, 3, 29)), ("Africa/Casablanca", date(2026, 3, 22)),
    ("Pacific/Apia", date(2011, 12, 30)), ("Asia/Kathmandu", date(2026, 11, 24)),
    ("Antarctica/Troll", date(2026, 10, 25)), ("UTC", date(2026, 12, 31)),
]  # fmt: skip


def a_calendar(zone: str = "Europe/Berlin", windows: Any = OFFICE, **more: Any) -> Calendar:
    return Calendar.from_document({"timezone": zone, "windows": windows} | more)


def daily(windows: list[str]) -> dict[str, list[str]]:
    return dict.fromkeys(WEEKDAYS, windows)


def text(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@st.composite
def days(draw: st.DrawFn) -> list[str]:
    """Return the windows of a day on full quarters, which may touch and overlap."""
    quarters = st.integers(0, 96)
    pairs = draw(st.lists(st.tuples(quarters, quarters), max_size=3))
    return [f"{text(15 * min(p))}-{text(15 * max(p))}" for p in pairs if p[0] != p[1]]


@st.composite
def cases(draw: st.DrawFn) -> tuple[Calendar, datetime, date]:
    """Return a calendar, an instant within some days of a change of its clocks, and its day."""
    zone, day = draw(st.sampled_from(CHANGES))
    near = st.integers(-4, 4).map(lambda n: day + n * DAY)
    exceptions = draw(st.dictionaries(near, days(), max_size=3))
    calendar = a_calendar(
        zone,
        {name: draw(days()) for name in WEEKDAYS},
        exceptions=[{"date": d.isoformat(), "windows": w} for d, w in exceptions.items()],
        holidays=[d.isoformat() for d in draw(st.lists(near, max_size=2))],
    )
    midnight = datetime.combine(day, time(0), UTC)
    minutes = draw(st.integers(-3 * 1440, 2 * 1440))
    return calendar, midnight + minutes * MINUTE, day


@functools.cache
def edge(zone: ZoneInfo, wanted: datetime, *, last: bool) -> datetime:
    """Return the instant of a local minute, looked for among all instants around it."""
    around = datetime.combine(wanted.date(), wanted.time(), UTC) - 15 * HOUR
    shown = [(around + n * MINUTE) for n in range(30 * 60 + 1)]
    found = [at for at in shown if at.astimezone(zone).replace(tzinfo=None) == wanted]
    if found:
        return found[-1 if last else 0]
    # It is skipped: the clock says as much more as the gap is long, at the end of as long a time.
    before = wanted.replace(tzinfo=zone, fold=0).utcoffset()
    assert before is not None
    return wanted.replace(tzinfo=UTC) - before


def open_minutes(calendar: Calendar, day: date) -> set[datetime]:
    """Return every open minute of the days around a day, one by one."""
    found = set()
    for n in range(-5, 6):
        local = day + n * DAY
        for opens, closes in calendar.windows_on(local):
            midnight = datetime.combine(local, time(0))
            at = edge(calendar.zone, midnight + opens * MINUTE, last=False)
            end = edge(calendar.zone, midnight + closes * MINUTE, last=True)
            while at < end:
                found.add(at)
                at += MINUTE
    return found


@settings(max_examples=60, deadline=None)
@given(cases(), st.integers(0, 2 * 1440), st.integers(1, 2000))
def test_it_agrees_with_a_walk_minute_by_minute(
    case: tuple[Calendar, datetime, date], length: int, target: int
) -> None:
    calendar, start, day = case
    minutes = open_minutes(calendar, day)
    end = start + length * MINUTE
    walked = [start + n * MINUTE for n in range(length) if start + n * MINUTE in minutes]
    assert elapsed(calendar, start, end) == len(walked) * MINUTE
    following = sorted(at for at in minutes if at >= start)
    if target <= len(following) and following[target - 1] < start + 2 * DAY:
        assert add(calendar, start, target * MINUTE) == following[target - 1] + MINUTE


MOMENTS = st.datetimes(datetime(2011, 1, 1), datetime(2031, 1, 1), timezones=st.just(UTC))
LENGTHS = st.timedeltas(timedelta(microseconds=1), timedelta(days=400))


@settings(max_examples=80, deadline=None)
@given(cases(), st.lists(MOMENTS, min_size=3, max_size=3).map(sorted))
def test_row_63_time_adds_up(
    case: tuple[Calendar, datetime, date], moments: list[datetime]
) -> None:
    calendar, (first, second, third) = case[0], moments
    whole = elapsed(calendar, first, third)
    assert elapsed(calendar, first, second) + elapsed(calendar, second, third) == whole
    assert timedelta(0) <= whole <= third - first
    assert elapsed(calendar, third, first) == timedelta(0)


@settings(max_examples=80, deadline=None)
@given(cases(), MOMENTS, LENGTHS, LENGTHS)
def test_row_63_a_target_is_used_up_when_it_is_due_and_not_before(
    case: tuple[Calendar, datetime, date], start: datetime, target: timedelta, more: timedelta
) -> None:
    calendar = case[0]
    due, later = add(calendar, start, target), add(calendar, start, target + more)
    assume(due is not None)
    assert due is not None
    assert due > start
    assert elapsed(calendar, start, due) == target
    assert elapsed(calendar, start, due - timedelta(microseconds=1)) < target
    assert later is None or later > due


def test_touching_windows_are_one_whatever_the_clocks_do() -> None:
    for zone, day in CHANGES:
        whole = a_calendar(zone, ALWAYS)
        parts = ["00:00-00:30", "00:30-01:00", "01:00-02:15", "02:15-02:45", "02:45-24:00"]
        cut = a_calendar(zone, daily(parts))
        start = datetime.combine(day - 2 * DAY, time(1, 20), UTC)
        for hours in range(1, 96):
            assert add(cut, start, hours * HOUR) == add(whole, start, hours * HOUR)
            assert add(whole, start, hours * HOUR) == start + hours * HOUR, (zone, hours)


def test_a_window_inside_the_gap_and_one_inside_the_repeated_hour() -> None:
    early = a_calendar(windows=daily(["02:15-02:45"]))
    # Both ends move forward by the gap, to 03:15 and 03:45.
    opens = datetime(2026, 3, 29, 1, 15, tzinfo=UTC)
    assert elapsed(early, opens, opens + 30 * MINUTE) == 30 * MINUTE
    assert elapsed(early, opens - HOUR, opens + HOUR) == 30 * MINUTE
    # It opens the first time that it is 02:15 and closes the second time that it is 02:45.
    opens = datetime(2026, 10, 25, 0, 15, tzinfo=UTC)
    assert elapsed(early, opens - HOUR, opens + 3 * HOUR) == 90 * MINUTE
    assert add(early, opens - HOUR, 90 * MINUTE) == opens + 90 * MINUTE


def test_windows_that_meet_in_the_gap_count_once() -> None:
    meeting = a_calendar(windows=daily(["01:00-02:30", "03:00-04:00"]))
    midnight = datetime(2026, 3, 29, tzinfo=UTC)
    # 01:00 to 02:00 in winter time, and 03:00 to 04:00 in summer time, which follows at once.
    assert elapsed(meeting, midnight, midnight + DAY - HOUR) == 2 * HOUR


def test_microseconds_are_kept() -> None:
    office, tick = a_calendar(), timedelta(microseconds=1)
    start = datetime(2026, 11, 24, 15, 59, 59, 999_999, tzinfo=UTC)
    assert add(office, start, tick) == start + tick
    assert add(office, start, 2 * tick) == datetime(2026, 11, 25, 8, 0, 0, 1, tzinfo=UTC)
    assert elapsed(office, start, start + HOUR) == tick


@pytest.mark.parametrize("target", [timedelta(0), -HOUR])
def test_nothing_has_passed_at_the_start_itself(target: timedelta) -> None:
    closed = datetime(2026, 11, 28, 12, tzinfo=UTC)
    assert add(a_calendar(), closed, target) == closed
    assert add(a_calendar(windows={}), closed, target) == closed


def test_hours_by_exception_alone_end_with_the_last_exception() -> None:
    saturday = {"exceptions": [{"date": "2026-11-28", "windows": ["10:00-14:00"]}]}
    once = a_calendar(windows={}, **saturday)
    start = datetime(2026, 11, 24, tzinfo=UTC)
    assert add(once, start, 4 * HOUR) == datetime(2026, 11, 28, 13, tzinfo=UTC)
    assert add(once, start, 4 * HOUR + timedelta(microseconds=1)) is None
    assert add_working_days(once, start, 1) == datetime(2026, 11, 28, tzinfo=UTC)
    assert add_working_days(once, start, 2) is None
    assert elapsed(once, start, start + 10_000 * DAY) == 4 * HOUR


@pytest.mark.parametrize("year", [1, 1899, 2200, 9999])
def test_what_lies_outside_the_years_that_are_counted_is_closed(year: int) -> None:
    always = a_calendar("UTC", ALWAYS)
    far = datetime(year, 6, 1, tzinfo=UTC)
    assert elapsed(always, far, far + HOUR) == timedelta(0)
    found = add(always, far, HOUR)
    assert found == (datetime(1900, 1, 1, 1, tzinfo=UTC) if year < 1900 else None)
    assert add(always, datetime(2026, 1, 1, tzinfo=UTC), timedelta(days=999_999)) is None


def test_the_day_before_and_the_day_after_count_in_the_year_in_which_they_lie_in_utc() -> None:
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        always = a_calendar(zone, ALWAYS)
        start = datetime(2026, 12, 30, tzinfo=UTC)
        assert add(always, start, 72 * HOUR) == start + 72 * HOUR
        office = a_calendar(zone, daily(["09:00-17:00"]))
        assert elapsed(office, start, start + 4 * DAY) == 32 * HOUR


def test_working_days_keep_the_time_of_day_over_a_change_and_forward_out_of_a_gap() -> None:
    sunday = a_calendar(windows={"sun": ["00:00-24:00"]})
    berlin = ZoneInfo("Europe/Berlin")
    start = datetime(2026, 3, 28, 2, 30, tzinfo=berlin)
    assert add_working_days(sunday, start, 1) == datetime(2026, 3, 29, 3, 30, tzinfo=berlin)
    assert add_working_days(sunday, start, 2) == datetime(2026, 4, 5, 2, 30, tzinfo=berlin)
    start = datetime(2026, 10, 24, 2, 30, tzinfo=berlin)
    assert add_working_days(sunday, start, 1) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert add_working_days(sunday, start, 0) == start


def test_public_holidays_are_those_of_the_country_and_its_part() -> None:
    women = datetime(2027, 3, 8, 8, tzinfo=UTC)
    country = a_calendar(holidays={"country": "DE"})
    berlin = a_calendar(holidays={"country": "DE", "subdivision": "BE"})
    assert add(country, women, HOUR) == women + HOUR
    assert add(berlin, women, HOUR) == women + DAY + HOUR
    assert berlin.public(2027)[date(2027, 3, 8)] == "Women's Day"
    opened = a_calendar(
        holidays={"country": "DE", "subdivision": "BE"},
        exceptions=[{"date": "2027-03-08", "windows": ["09:00-12:00"]}],
    )
    assert elapsed(opened, women, women + DAY) == 3 * HOUR


@pytest.mark.parametrize("zone", ["Mars/Base", "", "../etc/passwd", "Europe", "a\x00b", "x" * 300])
def test_a_zone_that_this_machine_does_not_know_is_said_so(zone: str) -> None:
    with pytest.raises(UnusableCalendar, match="no time zone"):
        add(a_calendar(zone), datetime(2026, 1, 1, tzinfo=UTC), HOUR)


@pytest.mark.parametrize("holidays", [{"country": "ZZ"}, {"country": "DE", "subdivision": "ZZ"}])
def test_holidays_that_nobody_knows_are_said_so(holidays: dict[str, str]) -> None:
    with pytest.raises(UnusableCalendar, match="No public holidays are known"):
        elapsed(
            a_calendar(holidays=holidays),
            datetime(2026, 1, 1, tzinfo=UTC),
            datetime(2026, 1, 2, tzinfo=UTC),
        )


@pytest.mark.parametrize(
    "text",
    ["22:00-06:00", "09:00-09:00", "09:00-24:01", "9-17", "+9:00-17:00", "09:60-10:00", 9, None],
)
def test_a_window_that_is_none_is_refused_with_how_to_write_it(text: Any) -> None:
    with pytest.raises(ValueError, match=r"\d\d:\d\d-\d\d:\d\d"):
        parse_window(text)


def test_threads_that_ask_at_the_same_moment_are_told_the_same() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    questions: list[Callable[[Calendar], Any]] = [
        lambda c: elapsed(c, start.replace(year=2016), start),
        lambda c: add(c, start, 5000 * HOUR),
        lambda c: elapsed(c, start, start.replace(year=2034)),
    ]
    expected = [question(a_calendar(holidays={"country": "DE"})) for question in questions]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(9) as pool:
            for _ in range(5):
                fresh = a_calendar(holidays={"country": "DE"})
                found = [pool.submit(question, fresh) for question in questions * 3]
                assert [each.result() for each in found] == expected * 3
    finally:
        sys.setswitchinterval(interval)


def quickest(question: Callable[[], Any], times: int = 30) -> float:
    """Return the seconds of the quickest of some calls."""

    def once() -> float:
        began = perf_counter()
        question()
        return perf_counter() - began

    return min(once() for _ in range(times))


def test_long_spans_cost_no_more_than_short_ones_once_they_are_known() -> None:
    office = a_calendar(holidays={"country": "DE", "subdivision": "BE"})
    start = datetime(2026, 11, 24, 9, tzinfo=UTC)
    assert quickest(lambda: add(office, start, 5000 * HOUR)) < 0.001
    assert quickest(lambda: elapsed(office, start.replace(year=2016), start)) < 0.001
    assert quickest(lambda: add(office, start, 100_000 * HOUR)) < 0.001


def test_a_first_question_costs_milliseconds() -> None:
    start = datetime(2026, 11, 24, 9, tzinfo=UTC)
    assert quickest(lambda: add(a_calendar(), start, 4 * HOUR), 10) < 0.02
    assert quickest(lambda: elapsed(a_calendar(), start.replace(year=2016), start), 5) < 0.1
    assert business_time.LAST_YEAR - business_time.FIRST_YEAR < 400
