"""Who is told of what, once, and in a digest when it would be many."""

from datetime import timedelta
from typing import Any

import pytest

from governance.models import OutboxMessage
from reviews.enums import NotificationKind
from reviews.models import Escalation, Notification
from reviews.services import notifications
from tests import factories
from tests.reviews.clocks.office import Office, at, ladder, policy

pytestmark = pytest.mark.django_db


def tell(when: str, times: int = 1) -> None:
    """Keep the promises of the sweep, some of them again."""
    for message in OutboxMessage.objects.filter(task="reviews.tell").order_by("pk"):
        for _ in range(times):
            notifications.tell(event_ids=message.arguments["events"], now=at(when))


def inbox(person: Any) -> list[tuple[str, int]]:
    rows = Notification.objects.filter(person=person).order_by("created_at", "kind")
    return [(row.kind, row.count) for row in rows]


def test_a_level_tells_whom_it_names_once_and_how_late_it_is() -> None:
    office = Office(policy(ladder=ladder("PT0S"))).start("27 Nov 12:30")
    office.sweep("30 Nov 10:00")
    tell("30 Nov 10:00", times=3)
    (row,) = Notification.objects.filter(person=office.lea)
    assert (row.kind, row.item_id) == (NotificationKind.ESCALATED, office.item.pk)
    assert row.escalation_id == Escalation.objects.get().pk
    late = timedelta(hours=1, minutes=30), timedelta(days=2, hours=17, minutes=30)
    assert row.detail["overdue_s"] == late[0].total_seconds()
    assert row.detail["overdue_wall_s"] == late[1].total_seconds()


def test_a_warning_goes_to_who_holds_the_item_and_else_to_the_first_level() -> None:
    office = Office(policy(at_risk=[0.5, 0.75], ladder=ladder("PT0S"))).start("24 Nov 10:00")
    office.sweep("24 Nov 12:00")
    tell("24 Nov 12:00")
    office.claim(office.ann, "24 Nov 12:50")
    office.sweep("24 Nov 13:00")
    tell("24 Nov 13:00")
    assert inbox(office.lea) == [("at_risk", 1)]
    assert inbox(office.ann) == [("at_risk", 1)]


def test_row_53_three_hundred_levels_at_once_are_one_digest() -> None:
    office = Office(policy(ladder=ladder("PT0S", "PT2H", notify=("user:lea",))))
    payloads = [factories.a_payload() for _ in range(300)]
    factories.send(office.bot, *payloads, now=at("27 Nov 14:00"))
    office.sweep("30 Nov 13:00")
    fired = Escalation.objects.all()
    assert fired.count() == 300
    assert set(fired.values_list("level", "fired_at")) == {(1, at("30 Nov 13:00"))}
    assert set(fired.values_list("clock__ladder_at", flat=True)) == {at("30 Nov 15:00")}
    tell("30 Nov 13:00", times=2)
    assert inbox(office.lea) == [("digest", 300)]


def test_the_end_of_a_ladder_says_that_the_item_expired() -> None:
    office = Office(policy(ladder=ladder("PT0S"))).start("24 Nov 10:00")
    office.sweep("24 Nov 14:00:01")
    office.sweep("24 Nov 15:00:01")
    tell("24 Nov 15:01")
    assert sorted(kind for kind, _ in inbox(office.lea)) == ["escalated", "expired"]


def test_what_is_read_is_read() -> None:
    office = Office(policy(ladder=ladder("PT0S"))).start("24 Nov 10:00")
    office.sweep("24 Nov 14:00:01")
    tell("24 Nov 14:01")
    assert notifications.mark_read(person=office.lea, ids=None, now=at("24 Nov 15:00")) == 1
    assert notifications.mark_read(person=office.lea, ids=None, now=at("24 Nov 15:00")) == 0
