"""Which side of a day the edit of a calendar touches."""

from datetime import date
from typing import Any

import pytest

from governance.domain.business_time import Calendar
from governance.domain.calendar_edits import Differs, differs

WEEK = {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
B: dict[str, Any] = {
    "timezone": "Europe/Berlin", "windows": WEEK, "holidays": ["2026-12-25"], "exceptions": [],
}  # fmt: skip
TODAY = date(2026, 12, 1)
NOTHING, PAST, FUTURE = (
    Differs(past=False, future=False),
    Differs(True, False),
    Differs(False, True),
)
BOTH = Differs(past=True, future=True)


def closed(*days: str) -> dict[str, Any]:
    return {"exceptions": [{"date": day, "windows": []} for day in days]}


@pytest.mark.parametrize(
    ("change", "touched"),
    [
        ({}, NOTHING),
        ({"holidays": ["2026-12-25", "2026-12-28"]}, FUTURE),
        ({"holidays": []}, FUTURE),
        ({"holidays": ["2026-11-27", "2026-12-25"]}, PAST),
        ({"holidays": ["2026-11-27"]}, BOTH),
        (closed("2026-12-24"), FUTURE),
        (closed("2026-11-30"), PAST),
        # A day that has begun is no day to come.
        (closed("2026-12-01"), PAST),
        (closed("2026-12-02"), FUTURE),
        # What is closed anyway does not differ: a Sunday, and a holiday.
        (closed("2026-12-06", "2026-12-25"), NOTHING),
        ({"windows": WEEK | {"fri": ["09:00-12:00"]}}, BOTH),
        ({"timezone": "Europe/Paris"}, BOTH),
        ({"holidays": {"country": "DE", "subdivision": "BE"}}, BOTH),
    ],
)
def test_an_edit_touches_the_days_whose_hours_differ(change: Any, touched: Differs) -> None:
    before, after = (Calendar.from_document(document) for document in (B, B | change))
    assert differs(before, after, today=TODAY) == touched
    assert differs(after, before, today=TODAY) == touched


def test_another_part_of_a_country_touches_both_sides() -> None:
    parts = ({"country": "DE", "subdivision": part} for part in ("BE", "BY"))
    before, after = (Calendar.from_document(B | {"holidays": part}) for part in parts)
    assert differs(before, after, today=TODAY) == BOTH


def test_a_day_more_beside_the_public_holidays_is_compared_alone() -> None:
    public = B | {"holidays": {"country": "DE", "subdivision": "BE"}}
    before, after = (Calendar.from_document(d) for d in (public, public | closed("2026-12-24")))
    assert differs(before, after, today=TODAY) == FUTURE
