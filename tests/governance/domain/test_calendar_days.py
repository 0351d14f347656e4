"""A calendar day by day, as people read it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from governance.domain.business_time import WEEKDAYS, Calendar, add
from governance.domain.calendar_days import counted, day_of, week_of

HOUR = timedelta(hours=1)


def a_calendar(open_at: tuple[str, ...] = ("09:00-17:00",), **more: Any) -> Calendar:
    return Calendar.from_document(
        {
            "timezone": "Europe/Berlin",
            "windows": {day: list(open_at) for day in WEEKDAYS[:5]},
            "holidays": {"country": "DE"},
        }
        | more
    )


def test_a_week_starts_on_monday_and_has_seven_days() -> None:
    for day in (date(2026, 12, 21), date(2026, 12, 24), date(2026, 12, 27)):
        week = week_of(a_calendar(), day)
        assert [each.date.day for each in week] == [21, 22, 23, 24, 25, 26, 27]
        assert [each.hours // HOUR for each in week] == [8, 8, 8, 8, 0, 0, 0]


def test_a_day_says_whose_hours_it_has() -> None:
    opened = [
        {"date": "2026-12-24", "windows": ["09:00-12:00"]},
        {"date": "2026-12-25", "windows": ["10:00-11:00"]},
    ]
    week = week_of(a_calendar(exceptions=opened), date(2026, 12, 21))
    assert [day.source for day in week] == [
        "week", "week", "week", "exception", "exception", "holiday", "week",
    ]  # fmt: skip
    assert [day.holiday for day in week[3:]] == [
        "", "Christmas Day", "Second Day of Christmas", "",
    ]  # fmt: skip
    listed = a_calendar(holidays=["2026-12-28"])
    found = day_of(listed, date(2026, 12, 28))
    assert (found.source, found.holiday, found.windows) == ("holiday", "", ())


def test_windows_that_touch_are_shown_as_one() -> None:
    found = day_of(a_calendar(("12:00-17:00", "09:00-12:00")), date(2026, 11, 24))
    assert found.windows == ((540, 1020),)


def test_a_day_on_which_the_clocks_change_is_shorter_or_longer() -> None:
    always = a_calendar(windows={day: ["00:00-24:00"] for day in WEEKDAYS}, holidays=[])
    assert [day.change for day in week_of(always, date(2026, 3, 29))] == [0 * HOUR] * 6 + [-HOUR]
    autumn = day_of(always, date(2026, 10, 25))
    assert (autumn.change, autumn.hours) == (HOUR, 25 * HOUR)


def test_what_counts_of_each_day_adds_up_to_the_target() -> None:
    calendar, start = a_calendar(), datetime(2026, 12, 24, 15, tzinfo=UTC)
    due = add(calendar, start, 4 * HOUR)
    assert due is not None
    found = [(day.date.day, amount / HOUR) for day, amount in counted(calendar, start, due)]
    assert found == [(24, 1), (25, 0), (26, 0), (27, 0), (28, 3)]
