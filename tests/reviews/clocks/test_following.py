"""Calendars that are edited while clocks run: days to come are followed, days gone are not."""

from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.db import append_only
from governance.domain.business_time import WEEKDAYS
from governance.models import AuditEvent, Calendar, OutboxMessage
from reviews.models import ClockEvent, ReviewItem, SLAClock
from reviews.selectors import clocks as rows_of
from reviews.services import following
from reviews.services.retargeting import Changed
from tests import factories
from tests.reviews.clocks.office import B, Office, at, policy

pytestmark = pytest.mark.django_db


def edit(when: str, *holidays: str, **changes: Any) -> None:
    """Publish a calendar at a moment, as its history will say."""
    changed = {"holidays": sorted(holidays)} if holidays else {}
    with time_machine.travel(at(when), tick=False):
        factories.apply(B | changed | changes)


def tick(when: str) -> int:
    return following.note_edits(now=at(when))


def follow(when: str, slug: str = "b") -> Changed:
    """Let the sweep note what was edited, and the worker do what that promised."""
    tick(when)
    moment = at(when)
    return following.follow(slug=slug, now=lambda: moment)


def office(start: str, *holidays: str, **changes: Any) -> Office:
    """Return an office with these holidays, in which an item has arrived."""
    with time_machine.travel(at("20 Nov 09:00"), tick=False):
        here = Office(policy())
    edit("20 Nov 10:00", *holidays, **changes)
    return here.start(start)


def events() -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action="calendar.followed").order_by("sequence"))


def all_true() -> None:
    for row in SLAClock.objects.all():
        assert rows_of.drift(row, rows_of.events_of([row.pk])[row.pk]) == {}


def test_row_37_a_holiday_to_come_moves_the_due_time_of_running_clocks() -> None:
    here = office("24 Dec 16:00", "2026-12-25")
    assert here.due() == at("28 Dec 12:00")
    edit("24 Dec 16:30", "2026-12-25", "2026-12-28")
    assert follow("24 Dec 16:30:10").retargeted == 2
    assert here.due() == at("29 Dec 12:00")
    event = ClockEvent.objects.get(clock=here.clock(), kind="retarget")
    assert (event.at, event.recorded_at) == (at("24 Dec 16:30"), at("24 Dec 16:30:10"))
    assert (event.reason, event.actor) == ("calendar", None)
    assert here.events() == ["start", "retarget"]
    here.sweep("28 Dec 13:00")
    assert here.clock().breached_at is None
    all_true()


def test_row_38_a_holiday_that_has_passed_is_for_new_clocks_only() -> None:
    here = office("27 Nov 16:00", "2026-12-25")
    done = here.item
    here.decide(here.ann, "30 Nov 10:00")
    running = here.start("30 Nov 10:30").item
    before = list(SLAClock.objects.order_by("pk").values())
    old = here.clock().calendar_version_id
    edit("1 Dec 11:00", "2026-11-27", "2026-12-25")
    assert follow("1 Dec 11:00:10") == Changed()
    assert list(SLAClock.objects.order_by("pk").values()) == before
    assert {done.pk, running.pk} == set(ReviewItem.objects.values_list("pk", flat=True))
    new = here.start("1 Dec 12:00")
    assert new.clock().calendar_version == Calendar.objects.get(slug="b").current
    assert str(old) not in events()[-1].detail["moves"]


def test_hours_of_the_week_are_for_new_clocks_only() -> None:
    here = office("24 Nov 16:00", "2026-12-25")
    edit("24 Nov 16:30", windows={day: ["09:00-12:00"] for day in WEEKDAYS})
    assert follow("24 Nov 16:30:10") == Changed()
    assert here.due() == at("25 Nov 12:00")


def test_the_edit_is_noted_once_with_what_follows_it() -> None:
    here = office("24 Dec 16:00", "2026-12-25")
    while tick("24 Dec 16:10"):
        pass
    before = len(events())
    old = str(here.clock().calendar_version_id)
    edit("24 Dec 16:30", "2026-12-25", "2026-12-28")
    assert tick("24 Dec 16:30:10") == 1
    assert tick("24 Dec 16:30:25") == 0
    (event,) = events()[before:]
    current = Calendar.objects.get(slug="b").current
    assert current is not None
    assert (event.stream, event.actor) == ("calendar:b", None)
    assert event.detail["version"] == str(current.pk)
    assert event.detail["moves"][old] == str(current.pk)
    assert event.detail["clocks"] == 2
    key = f"calendar:{event.detail['edit']}"
    assert OutboxMessage.objects.get(dedupe=key).arguments == {"calendar": "b"}
    # Whatever came in while the calendar was edited is looked for once more.
    tick("24 Dec 16:33")
    tick("24 Dec 16:34")
    assert OutboxMessage.objects.filter(dedupe__startswith=key).count() == 2


def test_done_again_it_changes_nothing() -> None:
    here = office("24 Dec 16:00", "2026-12-25")
    edit("24 Dec 16:30", "2026-12-25", "2026-12-28")
    assert follow("24 Dec 16:30:10").retargeted == 2
    assert follow("24 Dec 16:31") == Changed()
    assert here.events() == ["start", "retarget"]


def test_each_item_tells_of_its_new_due_time() -> None:
    here = office("24 Dec 16:00", "2026-12-25")
    edit("24 Dec 16:30", "2026-12-25", "2026-12-28")
    follow("24 Dec 16:30:10")
    event = AuditEvent.objects.get(action="sla.retargeted")
    assert (event.stream, event.actor) == (f"item:{here.item.pk}", None)
    assert event.detail["calendar"] == "b"
    assert event.detail["clocks"]["decide"]["due_at"] == "2026-12-29T11:00:00.000000Z"


def test_a_holiday_that_is_taken_back_moves_the_due_time_back() -> None:
    here = office("24 Dec 15:00", "2026-12-25")
    edit("24 Dec 16:00", "2026-12-25", "2026-12-28")
    follow("24 Dec 16:00:10")
    assert here.due() == at("29 Dec 11:00")
    edit("24 Dec 16:30", "2026-12-25")
    assert follow("24 Dec 16:30:10").retargeted == 2
    assert here.due() == at("28 Dec 11:00")
    assert here.events() == ["start", "retarget", "retarget"]
    all_true()


def test_edits_between_two_looks_are_followed_one_after_the_other() -> None:
    here = office("24 Dec 16:00", "2026-12-25")
    edit("24 Dec 16:10", "2026-12-25", "2026-12-28")
    edit("24 Dec 16:20", "2026-12-25", "2026-12-28", "2026-12-29")
    assert follow("24 Dec 16:20:10").retargeted == 2
    assert here.due() == at("30 Dec 12:00")
    rows = ClockEvent.objects.filter(clock=here.clock(), kind="retarget").order_by("seq")
    assert [row.at for row in rows] == [at("24 Dec 16:10"), at("24 Dec 16:20")]


def test_what_was_done_late_counts_from_the_edit() -> None:
    """Nobody looks from Friday to Monday; Saturday, declared closed, has not been counted."""
    six = {day: ["09:00-17:00"] for day in WEEKDAYS[:6]}
    here = office("27 Nov 15:00", "2026-12-25", windows=six)
    assert here.due() == at("28 Nov 11:00")
    edit("27 Nov 15:30", "2026-11-28", "2026-12-25", windows=six)
    assert follow("30 Nov 10:00").retargeted == 2
    assert here.due() == at("30 Nov 11:00")
    here.sweep("30 Nov 10:30")
    assert here.clock().breached_at is None
    all_true()


def test_a_breach_of_before_the_edit_is_found_at_its_own_instant() -> None:
    here = office("24 Dec 10:00", "2026-12-25")
    edit("24 Dec 16:30", "2026-12-25", "2026-12-28")
    follow("24 Dec 16:30:10")
    here.sweep("24 Dec 16:31")
    row = here.clock()
    assert (row.breached_at, row.detected_at) == (at("24 Dec 14:00"), at("24 Dec 16:31"))
    assert ClockEvent.objects.get(clock=row, kind="breach").reason == ""


def test_a_paused_clock_follows_too() -> None:
    here = office("24 Dec 16:00", "2026-12-25")
    here.pause("24 Dec 16:15")
    edit("24 Dec 16:30", "2026-12-25", "2026-12-28")
    assert follow("24 Dec 16:30:10").retargeted == 2
    assert here.due() is None
    here.resume("24 Dec 16:45")
    assert here.due() == at("29 Dec 12:30")
    all_true()


def test_a_calendar_without_edits_is_not_noted() -> None:
    factories.a_pipeline()
    assert tick("24 Nov 10:00") == 0
    assert events() == []


def test_a_calendar_that_is_gone_is_followed_by_nobody() -> None:
    assert following.follow(slug="nowhere", now=lambda: at("24 Nov 10:00")) == Changed()


def test_a_look_reads_no_clock_and_asks_as_often_for_many_edits_as_for_one() -> None:
    office("24 Dec 16:00", "2026-12-25")
    counts = []
    for number in range(3):
        edit(f"24 Dec 16:3{number}", "2026-12-25", f"2026-12-{28 + number}")
        while tick("24 Dec 16:40"):
            pass
        with CaptureQueriesContext(connection) as asked:
            tick("24 Dec 16:41")
        assert not any("slaclock" in query["sql"] for query in asked)
        counts.append(len(asked))
    assert len(set(counts)) == 1
    assert counts[0] <= 3


def test_one_calendar_that_cannot_be_read_keeps_no_other_from_it() -> None:
    here = office("24 Dec 16:00", "2026-12-25")
    odd = factories.CALENDAR | {"slug": "odd"}
    factories.apply(odd)
    factories.apply(odd | {"holidays": ["2026-12-01"]})
    row = Calendar.objects.get(slug="odd")
    assert row.current is not None
    with connection.cursor() as cursor:
        # Nothing of ours writes this; a version that names a zone this machine does not know.
        append_only.remove(connection)
        document = '{"timezone": "Mars/Base", "windows": {}, "holidays": [], "exceptions": []}'
        cursor.execute(
            "UPDATE governance_policyversion SET document = %s WHERE number = 2 AND slug = 'odd'",
            [document],
        )
    edit("24 Dec 16:30", "2026-12-25", "2026-12-28")
    assert follow("24 Dec 16:30:10").retargeted == 2
    assert here.due() == at("29 Dec 12:00")


def test_moments_are_those_of_the_database_not_of_a_host_that_is_ahead() -> None:
    """An edit that its host dates an hour ahead takes effect when it is found, and not later."""
    here = office("24 Dec 15:00", "2026-12-25")
    edit("24 Dec 16:30", "2026-12-25", "2026-12-28")
    assert follow("24 Dec 15:30").retargeted == 2
    event = ClockEvent.objects.get(clock=here.clock(), kind="retarget")
    assert event.at == event.recorded_at == at("24 Dec 15:30")
