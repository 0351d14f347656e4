"""The page that draws a week of a calendar and shows when an example is due."""

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from governance.models import AuditEvent, Calendar, PolicyVersion, User
from tests import factories

pytestmark = pytest.mark.django_db
BERLIN = {
    "kind": "Calendar",
    "slug": "berlin",
    "timezone": "Europe/Berlin",
    "windows": {day: ["09:00-17:00"] for day in factories.WEEK[:5]},
    "holidays": {"country": "DE"},
    "exceptions": [{"date": "2026-12-24", "windows": ["09:00-12:00"]}],
}


@pytest.fixture
def row(db: None) -> Calendar:
    factories.a_pipeline()
    factories.apply(BERLIN)
    return Calendar.objects.get(slug="berlin")


@pytest.fixture
def client(browser: Any, admin_user: User) -> Client:
    found: Client = browser(admin_user)
    return found


def address(row: Calendar | None) -> str:
    if row is None:
        return reverse("admin:governance_calendar_preview_new")
    return reverse("admin:governance_calendar_preview", args=[row.pk])


def text(response: Any) -> str:
    """Return what a page says, without its markup."""
    assert response.status_code == 200
    said = re.sub(r"<[^>]+>", " ", response.content.decode())
    return " ".join(said.replace("\u2013", "-").split())


def look(client: Client, row: Calendar, **asked: str) -> str:
    return text(client.get(address(row), asked))


def a_form(**change: str) -> dict[str, str]:
    windows = dict.fromkeys(factories.WEEK[:5], "09:00-17:00")
    return {"slug": "new", "timezone": "Europe/Berlin", **windows, "exceptions": ""} | change


def test_an_example_says_when_it_is_due_and_which_days_it_skips(client, row) -> None:
    said = look(client, row, start="2026-12-24T11:00", target="PT2H")
    due = "2 hours from Thu 24 Dec 2026, 11:00 CET are used up, and due, at Mon 28 Dec 2026, 10:00"
    assert due in said
    assert "On the wall clock that is 95 hours." in said
    assert "Thu 24 Dec 2026 09:00-12:00 1 hour Exception" in said
    assert "Fri 25 Dec 2026 closed nothing Closed: Christmas Day" in said
    assert "Sun 27 Dec 2026 closed nothing Closed" in said
    assert "Mon 28 Dec 2026 09:00-17:00 1 hour" in said


def test_the_week_of_the_start_is_drawn_and_told_in_a_table(client, row) -> None:
    response = client.get(address(row), {"start": "2026-12-23T16:00", "target": "PT3H"})
    said = text(response)
    assert "21 Dec 2026 to 27 Dec 2026" in said
    assert "Mon 21 Dec 09:00-17:00 8 hours -" in said
    assert "Fri 25 Dec closed - Christmas Day" in said
    blocks = [[(b.y, b.height, b.kind) for b in c.blocks] for c in response.context["columns"]]
    assert blocks[0] == [(540, 480, "open")]
    assert blocks[2] == [(540, 420, "open"), (960, 60, "counts"), (956, 8, "start")]
    assert blocks[3] == [(540, 120, "counts"), (660, 60, "open"), (656, 8, "due")]
    assert blocks[4] == blocks[5] == blocks[6] == []
    assert "style=" not in response.content.decode().partition("content-main")[2]


def test_another_week_can_be_chosen(client, row) -> None:
    asked = {"start": "2026-12-23T16:00", "target": "PT3H"}
    assert "19 Oct 2026 to 25 Oct 2026" in look(client, row, **asked, day="2026-10-25")
    assert "Sun 25 Oct closed - The clocks change, this day has 25 hours" in look(
        client, row, **asked, day="2026-12-25", week="2026-10-19"
    )
    for odd in ("x", "9999-12-27", "1900-01-01", ""):
        assert "21 Dec 2026 to 27 Dec 2026" in look(client, row, **asked, week=odd)


def test_without_a_question_it_shows_this_week_and_an_example(client, row) -> None:
    assert "4 hours from" in look(client, row)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"start": "2026-12-23T16:00", "target": "PT0S"}, "A target is longer than nothing"),
        ({"start": "2026-12-23T16:00", "target": "4h"}, "Give a duration as in PT4H"),
        ({"start": "2026-12-23T16:00", "target": ""}, "This field is required"),
        ({"start": "", "target": "PT4H"}, "This field is required"),
        ({"start": "yesterday", "target": "PT4H"}, "Give a time as 2026-12-24T16:00"),
        ({"start": "2026-12-23T16:00Z", "target": "PT4H"}, "without a zone"),
        ({"start": "9999-12-31T23:59", "target": "PT4H"}, "Give a time from 1901 to 2198"),
        ({"start": "0001-01-01T00:00", "target": "PT4H"}, "Give a time from 1901 to 2198"),
        ({"start": "2026-12-23T16:00", "target": "PT4H", "day": "x"}, "Enter a valid date"),
        ({"start": "2026-12-23T16:00", "target": "PT4H", "day": "9999-12-31"}, "from 1901"),
    ],
)
def test_an_example_that_is_none_is_told_beside_its_field(client, row, asked, said) -> None:
    shown = look(client, row, **asked)
    assert said in shown
    assert "Business time" in shown


def test_a_long_example_is_told_in_part(client, row) -> None:
    said = look(client, row, start="2026-11-24T09:00", target="PT5000H")
    assert "Business time" in said
    assert re.search(r"And 8\d\d days more\.", said)


def test_hours_that_never_come_make_nothing_due(client, row) -> None:
    once = BERLIN | {"slug": "once", "windows": {}}
    factories.apply(once)
    found = Calendar.objects.get(slug="once")
    said = look(client, found, start="2026-12-24T11:00", target="PT2H")
    assert "2 hours from Thu 24 Dec 2026, 11:00 CET are never used up." in said
    assert "Where the time of the example goes" not in said


def test_the_form_leads_to_the_preview(client, row) -> None:
    page = client.get(reverse("admin:governance_calendar_change", args=[row.pk])).content.decode()
    assert f'href="{address(row)}"' in page
    assert f'formaction="{address(row)}"' in page
    new = client.get(reverse("admin:governance_calendar_add")).content.decode()
    assert f'formaction="{address(None)}"' in new


def test_a_form_can_be_looked_at_before_it_is_saved_and_nothing_is(client, row) -> None:
    before = AuditEvent.objects.count(), PolicyVersion.objects.count(), Calendar.history.count()
    response = client.post(address(row), a_form(mon="", exceptions="2026-11-24 13:00-14:00"))
    said = text(response)
    assert "Preview of berlin, not saved" in said
    assert "nothing is saved" in said
    document = response.context["document"]
    assert json.loads(document)["exceptions"][0]["windows"] == ["13:00-14:00"]
    asked = {"start": "2026-11-24T09:00", "target": "PT2H", "week": "2026-11-23"}
    again = text(client.post(address(row), asked | {"document": document}))
    assert "Mon 23 Nov closed" in again
    assert "due, at Wed 25 Nov 2026, 10:00 CET" in again
    row.refresh_from_db()
    assert row.windows["mon"] == ["09:00-17:00"]
    after = AuditEvent.objects.count(), PolicyVersion.objects.count(), Calendar.history.count()
    assert after == before


def test_a_new_calendar_can_be_looked_at_before_it_exists(client, row) -> None:
    assert "Preview of new, not saved" in text(client.post(address(None), a_form()))
    assert not Calendar.objects.filter(slug="new").exists()
    assert client.get(address(None)).status_code == 404


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (a_form(mon="17:00-09:00"), "A window ends after it starts"),
        (a_form(timezone="Mars/Base"), "Mars/Base"),
        (a_form(**dict.fromkeys(factories.WEEK, "")), "A calendar needs at least one window."),
        (a_form(country="DE", subdivision="ZZ"), "Subdivision: DE has no part"),
        ({"document": "{"}, "JSON"),
        ({"document": "[" * 100_000}, "deep"),
        ({"document": "[]"}, "slug is missing."),
        ({"document": '{"slug": "x", "timezone": "Mars/Base"}'}, "Mars/Base"),
        ({}, "Slug: This field is required."),
    ],
)
def test_what_cannot_be_drawn_says_what_is_wrong(client, row, sent, said) -> None:
    shown = text(client.post(address(None), sent))
    assert "To be mended before it can be drawn" in shown
    assert said in shown


def test_auditors_look_at_what_there_is_and_send_nothing(browser, row) -> None:
    auditor = factories.a_person("ada", roles=("auditor",), pipelines=())
    client = browser(auditor)
    assert "4 hours from" in look(client, row)
    assert client.post(address(row), a_form()).status_code == 403
    assert client.post(address(None), a_form()).status_code == 403
    reviewer = browser(factories.a_person("maria"))
    assert reviewer.get(address(row)).status_code in (302, 403)


def test_a_calendar_that_is_not_there_has_no_preview(client, row) -> None:
    for key in ("0", "x", "999999"):
        assert client.get(f"/admin/governance/calendar/{key}/preview/").status_code == 404
