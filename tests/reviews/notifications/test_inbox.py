"""The inbox and the preferences, as pages without script."""

import re
from datetime import time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.models import Membership
from reviews.models import Notification, NotificationPreference
from reviews.selectors import inbox
from reviews.services import notifications
from tests import factories
from tests.reviews.notifications.scene import HOUR, Scene
from tests.reviews.web.conftest import Desk

pytestmark = pytest.mark.django_db
COUNT = re.compile(r'<span class="count">([^<]+)</span>')


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return str(answer.content.decode())


def count_of(desk: Desk, path: str = "/queues") -> str:
    found = COUNT.search(text_of(desk.get(path)))
    return found[1] if found else ""


def test_an_empty_inbox_says_what_comes_there(scene: Scene) -> None:
    text = text_of(Desk(scene.ann).get("/inbox"))
    assert "Nothing here yet" in text
    assert 'href="/preferences"' in text
    assert "Mark all as read" not in text


def test_an_entry_says_what_why_how_late_and_leads_to_the_item(scene: Scene) -> None:
    item = scene.item(5 * HOUR, external_id="case-7")
    scene.happen()
    text = text_of(Desk(scene.lea).get("/inbox"))
    for said in (
        "Escalated", "case-7", "tier mid", "queue general", "Level 1 of 2",
        "“Until it is settled” ran past its target of 4 h",
        "late by 1 h of working time, 1 h by the clock", "Its priority was raised.",
    ):  # fmt: skip
        assert said in text, said
    notice = Notification.objects.get(person=scene.lea)
    answer = Desk(scene.lea).post(f"/inbox/{notice.pk}/item")
    assert (answer.status_code, answer["Location"]) == (303, f"/items/{item.pk}")
    notice.refresh_from_db()
    assert notice.read_at is not None
    assert f'href="/items/{item.pk}"' in text_of(Desk(scene.lea).get("/inbox"))


def test_the_header_counts_what_is_unread_on_every_page(scene: Scene) -> None:
    desk = Desk(scene.lea)
    assert [count_of(desk, path) for path in ("/queues", "/adjudicate", "/inbox")] == ["", "", ""]
    for number in range(3):
        scene.give(scene.lea, number=number)
    assert [count_of(desk, path) for path in ("/queues", "/adjudicate", "/inbox")] == ["3"] * 3


def test_the_count_is_one_query_beside_that_of_erasures_and_stops_at_ninety_nine(
    scene: Scene,
) -> None:
    for number in range(120):
        scene.give(scene.lea, number=number)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert inbox.unread(scene.lea) == inbox.MOST_COUNTED
    assert len(queries) == 2
    assert count_of(Desk(scene.lea)) == "99+"


def test_reading_the_inbox_marks_nothing(scene: Scene) -> None:
    scene.give(scene.lea)
    desk = Desk(scene.lea)
    for _ in range(2):
        desk.get("/inbox")
    assert count_of(desk) == "1"


def test_one_is_marked_as_read_with_and_without_script(scene: Scene) -> None:
    scene.give(scene.lea, number=1)
    scene.give(scene.lea, number=2)
    desk = Desk(scene.lea)
    first, second = Notification.objects.filter(person=scene.lea)
    answer = desk.post(f"/inbox/{first.pk}/read")
    assert (answer.status_code, answer["Location"]) == (303, "/inbox")
    assert count_of(desk) == "1"
    part = text_of(desk.post(f"/inbox/{second.pk}/read", HX_Request="true"))
    assert part.count("<li") == 1
    assert "Mark as read" not in part
    assert 'id="bell"' in part
    assert COUNT.search(part) is None
    assert "<html" not in part


def test_all_that_the_page_showed_is_marked_and_nothing_that_came_after(scene: Scene) -> None:
    scene.give(scene.lea, number=1)
    desk = Desk(scene.lea)
    match = re.search(r'name="until" value="([^"]+)"', text_of(desk.get("/inbox")))
    assert match
    scene.now += HOUR
    scene.give(scene.lea, number=2)
    answer = desk.post("/inbox/read", {"until": match[1]})
    assert (answer.status_code, answer["Location"]) == (303, "/inbox")
    assert "Marked 1 as read." in text_of(desk.get("/inbox"))
    assert count_of(desk) == "1"


@pytest.mark.parametrize("until", ["", "yesterday", "2026-11-24"])
def test_a_time_that_is_none_marks_what_there_is(scene: Scene, until: str) -> None:
    scene.give(scene.lea)
    desk = Desk(scene.lea)
    assert desk.post("/inbox/read", {"until": until}).status_code == 303
    assert count_of(desk) == ""


def test_the_unread_come_before_the_read_and_the_newest_first(scene: Scene) -> None:
    for number in range(70):
        scene.now += timedelta(seconds=1)
        scene.give(scene.lea, number=number)
    rows = list(Notification.objects.filter(person=scene.lea).order_by("pk"))
    read = rows[::2]
    notifications.mark_read(person=scene.lea, ids=[row.pk for row in read], now=scene.now)
    expected = [row.pk for row in (*rows[1::2][::-1], *read[::-1])]

    shown = [entry.row.pk for entry in inbox.page(scene.lea, 0)]
    assert shown == expected[:51]
    assert [entry.row.pk for entry in inbox.page(scene.lea, 20)] == expected[20:70]
    assert [entry.row.pk for entry in inbox.page(scene.lea, 50)] == expected[50:]
    assert inbox.page(scene.lea, 100) == []

    text = text_of(Desk(scene.lea).get("/inbox"))
    assert text.count('class="notice') == 51  # The list and fifty entries.
    assert "?from=50" in text
    assert 'rel="prev"' in text_of(Desk(scene.lea).get("/inbox?from=50"))


@pytest.mark.parametrize("start", ["-1", "x", "1234567", "٣"])
def test_there_is_no_such_page(scene: Scene, start: str) -> None:
    answer = Desk(scene.lea).get(f"/inbox?from={start}")
    assert answer.status_code == (200 if start == "٣" else 404)


def test_the_inbox_costs_the_same_however_much_is_in_it(scene: Scene) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            text_of(desk.get("/inbox"))
        # The time is asked for once in a second.
        return len([each for each in captured if "clock_timestamp" not in each["sql"]])

    desk = Desk(scene.lea)
    for _ in range(3):
        scene.item(5 * HOUR)
    scene.happen()
    few = queries()
    for _ in range(15):
        scene.item(5 * HOUR)
    scene.happen()
    assert len(inbox.page(scene.lea, 0)) == 18
    assert queries() == few


def test_nobody_touches_what_another_was_told(scene: Scene) -> None:
    scene.give(scene.lea)
    row = Notification.objects.get(person=scene.lea)
    desk = Desk(scene.ann)
    for act in ("read", "item"):
        assert desk.post(f"/inbox/{row.pk}/{act}").status_code == 404
    desk.post("/inbox/read")
    row.refresh_from_db()
    assert row.read_at is None
    assert "adjustment:7" not in text_of(desk.get("/inbox"))


@pytest.mark.parametrize("path", ["inbox/read", "inbox/{pk}/read", "inbox/{pk}/item"])
def test_an_act_is_a_post(scene: Scene, path: str) -> None:
    scene.give(scene.lea)
    row = Notification.objects.get(person=scene.lea)
    assert Desk(scene.lea).get(f"/{path.format(pk=row.pk)}").status_code == 405


def test_what_is_out_of_reach_is_not_shown_and_not_counted(scene: Scene) -> None:
    scene.item(5 * HOUR, external_id="case-7")
    scene.happen()
    desk = Desk(scene.lea)
    assert count_of(desk) == "1"
    Membership.objects.get(user=scene.lea).because(None, "Moved").delete()
    assert count_of(desk, "/inbox") == ""
    assert "case-7" not in text_of(desk.get("/inbox"))
    row = Notification.objects.get(person=scene.lea)
    assert desk.post(f"/inbox/{row.pk}/item").status_code == 404


def test_a_digest_names_the_longest_overdue_within_reach(scene: Scene) -> None:
    scene.items(30)
    late = scene.item(9 * HOUR, external_id="the-oldest")
    scene.happen()
    text = text_of(Desk(scene.lea).get("/inbox"))
    assert "31 notifications at once" in text
    assert "Escalated: 31" in text
    assert f'href="/items/{late.pk}"' in text
    assert text.count('href="/items/') == 10
    Membership.objects.get(user=scene.lea).because(None, "Moved").delete()
    assert "the-oldest" not in text_of(Desk(scene.lea).get("/inbox"))


def test_a_blind_item_gives_nothing_away(scene: Scene) -> None:
    secret = "nobody-may-read-this"
    scene.item(5 * HOUR)
    item = factories.an_item(
        scene.bot, "high", now=scene.now - 5 * HOUR, output={"label": "balance"},
        input={"text": secret}, confidence=0.12345,
    )  # fmt: skip
    assert item.blind
    scene.happen()
    text = text_of(Desk(scene.lea).get("/inbox"))
    assert item.prediction.external_id in text
    for hidden in (secret, "balance", "very-unsure", "0.12345", "12.3 %", "12 %"):
        assert hidden not in text


def test_text_from_strangers_is_text(scene: Scene) -> None:
    scene.item(5 * HOUR, external_id="<script>alert(1)</script>\u202egpj.exe")
    scene.happen()
    text = text_of(Desk(scene.lea).get("/inbox"))
    assert "<script>alert" not in text
    assert "U+202E" in text


def test_a_service_and_a_stranger_have_no_inbox(scene: Scene, client: Any) -> None:
    assert client.get("/inbox")["Location"].startswith("/sign-in")
    assert client.get("/preferences")["Location"].startswith("/sign-in")


def test_preferences_are_shown_as_they_count(scene: Scene) -> None:
    scene.want(
        scene.ann, channels={"at_risk": ["inbox"]}, digest="daily", quiet_from=time(22),
        quiet_until=time(7, 30),
    )  # fmt: skip
    text = text_of(Desk(scene.ann).get("/preferences"))
    assert re.search(r'name="at_risk.inbox" checked', text)
    assert not re.search(r'name="at_risk.email" checked', text)
    assert re.search(r'name="breached.email" checked', text)
    assert re.search(r'name="escalated.inbox" checked disabled', text)
    assert re.search(r'value="daily" checked', text)
    assert 'value="22:00"' in text
    assert 'value="07:30"' in text
    assert "Europe/Berlin" in text
    assert "neither a digest nor quiet hours hold them back" in text


def test_preferences_are_kept(scene: Scene) -> None:
    desk = Desk(scene.ann)
    answer = desk.post(
        "/preferences",
        {"at_risk.email": "on", "breached.inbox": "on", "digest": "hourly",
         "quiet_from": "22:00", "quiet_until": "07:00"},
    )  # fmt: skip
    assert (answer.status_code, answer["Location"]) == (303, "/preferences")
    row = NotificationPreference.objects.get(person=scene.ann)
    assert row.channels["at_risk"] == ["email"]
    assert row.channels["breached"] == ["inbox"]
    assert row.channels["assigned"] == []
    assert (row.digest, row.quiet_from, row.quiet_until) == ("hourly", time(22), time(7))
    assert "Saved." in text_of(desk.get("/preferences"))


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"quiet_from": "22:00"}, "Quiet hours need both times"),
        ({"quiet_from": "25:00", "quiet_until": "07:00"}, "Give a time of day"),
        ({"quiet_from": "22:00\x00", "quiet_until": "late"}, "Give a time of day"),
        ({"quiet_from": "22:00+02:00", "quiet_until": "07:00"}, "Give a time of day"),
        ({"quiet_from": "07:00", "quiet_until": "07:00"}, "end at another time"),
        ({"digest": "weekly"}, "Choose off, hourly or daily."),
    ],
)
def test_a_form_that_makes_no_sense_says_so_at_its_place(
    scene: Scene, sent: dict[str, str], said: str
) -> None:
    answer = Desk(scene.ann).post("/preferences", {"digest": "off"} | sent)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert said in text
    assert "data-invalid" in text
    assert not NotificationPreference.objects.exists()


def test_without_a_mail_server_the_page_says_so(scene: Scene, settings: Any) -> None:
    assert "sends no mail" not in text_of(Desk(scene.ann).get("/preferences"))
    settings.SENDS_MAIL = False
    assert "sends no mail" in text_of(Desk(scene.ann).get("/preferences"))


def test_without_an_address_the_page_says_so(scene: Scene) -> None:
    root = factories.an_administrator()
    assert "no mail address of yours" in text_of(Desk(root).get("/preferences"))
