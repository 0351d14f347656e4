"""Who is told of what: by the record as of the event, once, and as they want it."""

from datetime import time, timedelta
from typing import Any

import pytest

from governance.exceptions import InvalidInput
from governance.models import OutboxMessage, User
from reviews.models import Notification, NotificationPreference, SLAClock
from reviews.services import assignments, mail, notifications, sweeping
from tests import factories
from tests.reviews.clocks.office import Office, at, ladder, policy
from tests.reviews.notifications.scene import HOUR, Scene, inbox

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
# Its breach is half a minute old.
JUST_LATE = 4 * HOUR + MINUTE / 2


def test_the_same_promise_again_tells_nobody_anything(scene: Scene) -> None:
    scene.item(5 * HOUR)
    assert scene.happen() == 1
    assert [scene.tell() for _ in range(3)] == [0, 0, 0]
    assert inbox(scene.lea) == [("escalated", 1)]


@pytest.mark.parametrize(("count", "kinds"), [(20, ["escalated"] * 20), (21, ["digest"])])
def test_more_than_twenty_in_one_call_are_a_digest(
    scene: Scene, count: int, kinds: list[str]
) -> None:
    scene.items(count)
    assert scene.happen() == count
    assert [kind for kind, _ in inbox(scene.lea)] == kinds
    assert sum(counted for _, counted in inbox(scene.lea)) == count


def test_a_digest_counts_no_batch_twice_not_even_when_it_is_closed(scene: Scene) -> None:
    scene.items(30)
    scene.happen()
    assert scene.tell() == 0
    mail.hand_over(now=scene.now + MINUTE)
    assert scene.tell(scene.now + 2 * MINUTE) == 0
    assert inbox(scene.lea) == [("digest", 30)]


def test_a_digest_takes_few_for_some_minutes_and_is_unread_again(scene: Scene) -> None:
    scene.items(30)
    scene.happen()
    notifications.mark_read(person=scene.lea, ids=None, now=scene.now)
    scene.item(5 * HOUR)
    scene.happen(scene.now + timedelta(seconds=20))
    assert inbox(scene.lea) == [("digest", 31)]
    assert Notification.objects.get(person=scene.lea).read_at is None


def test_without_mail_a_digest_closes_by_itself(scene: Scene, settings: Any) -> None:
    settings.SENDS_MAIL = False
    scene.items(30)
    scene.happen()
    scene.item(5 * HOUR)
    scene.happen(scene.now + 6 * MINUTE)
    assert inbox(scene.lea) == [("digest", 30), ("escalated", 1)]
    scene.items(25)
    scene.happen(scene.now + 7 * MINUTE)
    assert inbox(scene.lea) == [("digest", 30), ("escalated", 1), ("digest", 25)]


def test_a_digest_in_the_night_grows_and_its_letter_waits(scene: Scene) -> None:
    scene.want(scene.ann, quiet_from=time(0), quiet_until=time(23, 59))
    rungs = {"levels": [{"delay": "P9D", "notify": ["user:ann"]}]}
    factories.apply(factories.SLA | {"targets": {"decide": "PT4H"}, "ladder": rungs})
    scene.items(30, 3.2 * HOUR)
    scene.happen()
    scene.items(30, 3.2 * HOUR)
    scene.happen(scene.now + MINUTE)
    row = Notification.objects.get(person=scene.ann)
    assert (row.kind, row.count) == ("digest", 60)
    assert row.detail["kinds"] == {"at_risk": 60}
    assert row.mail_due_at is not None
    local = row.mail_due_at.astimezone(at("24 Nov 10:00").tzinfo)
    assert local.time() == time(23, 59) or scene.now + 2 * MINUTE > row.mail_due_at


def test_of_several_things_about_one_clock_at_once_the_gravest_is_told(scene: Scene) -> None:
    item = scene.item(JUST_LATE)
    held = factories.claim(scene.lea, now=scene.now - MINUTE)
    assert held is not None
    assert held.assignment.item_id == item.pk
    scene.happen()
    assert inbox(scene.lea) == [("escalated", 1)]


def test_a_breach_is_told_to_who_holds_the_item(scene: Scene) -> None:
    scene.item(JUST_LATE)
    factories.claim(scene.ann, now=scene.now - MINUTE)
    scene.happen()
    assert inbox(scene.ann) == [("breached", 1)]
    row = Notification.objects.get(person=scene.ann)
    assert row.detail["overdue_s"] == row.detail["overdue_wall_s"] == 30


def test_who_takes_an_item_after_its_breach_is_not_told_of_it(scene: Scene) -> None:
    scene.item(5 * HOUR)
    scene.happen()
    factories.claim(scene.ann, now=scene.now + MINUTE)
    scene.tell(scene.now + 2 * MINUTE)
    assert inbox(scene.ann) == []


def test_who_gave_an_item_back_before_it_is_told_is_told(scene: Scene) -> None:
    scene.item(JUST_LATE)
    held = factories.claim(scene.ann, now=scene.now - MINUTE)
    assert held is not None
    sweeping.sweep(now=lambda: scene.now)
    assignments.release(
        assignment_id=held.assignment.pk, actor=scene.ann, token=held.token,
        now=scene.now + MINUTE,
    )  # fmt: skip
    scene.tell(scene.now + 2 * MINUTE)
    assert inbox(scene.ann) == [("breached", 1)]


def test_a_lease_that_had_lapsed_held_nothing(scene: Scene) -> None:
    scene.item(5 * HOUR)
    factories.claim(scene.ann, now=scene.now - HOUR)
    scene.happen()
    assert inbox(scene.ann) == []


def test_without_a_ladder_a_breach_is_told_to_the_owners() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    office.sweep("24 Nov 14:01")
    _tell("24 Nov 14:01")
    assert {person.username for person in (office.lea, office.max) if inbox(person)} == {
        "lea", "max",
    }  # fmt: skip
    assert inbox(office.ann) == []


def test_without_owners_the_administrators_are_told() -> None:
    root = factories.an_administrator()
    factories.a_pipeline()
    factories.an_item(factories.a_service(), now=factories.NOW)
    sweeping.sweep(now=lambda: factories.NOW + 5 * HOUR)
    _tell("24 Nov 16:00")
    assert {kind for kind, _ in inbox(root)} == {"breached"}


def _tell(when: str) -> int:
    return sum(
        notifications.tell(event_ids=message.arguments["events"], now=at(when))
        for message in OutboxMessage.objects.filter(task="reviews.tell").order_by("pk")
    )


def test_row_16_who_paused_is_told_once_that_the_pause_has_ended() -> None:
    office = Office(policy()).start("24 Nov 09:00")
    office.pause("24 Nov 10:00")
    office.sweep("1 Dec 10:20")
    assert SLAClock.objects.filter(item=office.item, paused_at=None).count() == 2
    assert _tell("1 Dec 10:20") == 1
    (row,) = Notification.objects.filter(person=office.ann)
    assert row.kind == "resumed"
    assert row.detail["reason"] == "awaiting_submitter"
    assert _tell("1 Dec 10:21") == 0


def test_who_is_given_an_item_by_a_ladder_is_told() -> None:
    rungs = ladder("PT0S", notify=("user:ann",))
    rungs["levels"][0]["actions"] = ["reassign"]
    office = Office(policy(ladder=rungs)).start("24 Nov 10:00")
    office.sweep("24 Nov 14:01")
    _tell("24 Nov 14:01")
    rows = Notification.objects.filter(person=office.ann)
    assert set(rows.values_list("kind", flat=True)) >= {"escalated", "assigned"}
    assert rows.get(kind="assigned").source.startswith("assignment:")


def test_who_has_left_is_not_told(scene: Scene) -> None:
    scene.item(5 * HOUR)
    sweeping.sweep(now=lambda: scene.now)
    user = User.objects.get(pk=scene.lea.pk)
    user.is_active = False
    user.because(None, "Left").save()
    assert scene.tell() == 0
    assert inbox(scene.lea) == []


def test_what_is_announced_twice_is_told_once(scene: Scene) -> None:
    item = scene.item(HOUR)
    scene.give(scene.ann, item)
    scene.give(scene.ann, item)
    assert inbox(scene.ann) == [("assigned", 1)]


def test_a_kind_for_no_channel_is_not_told(scene: Scene) -> None:
    scene.want(scene.ann, channels={"assigned": []})
    scene.give(scene.ann)
    assert inbox(scene.ann) == []


def test_a_kind_for_mail_alone_never_counts_as_unread(scene: Scene) -> None:
    scene.want(scene.ann, channels={"assigned": ["email"]})
    scene.give(scene.ann)
    row = Notification.objects.get(person=scene.ann)
    assert row.read_at is not None
    assert row.mail_due_at == scene.now


def test_a_kind_for_the_inbox_alone_is_not_mailed(scene: Scene) -> None:
    scene.want(scene.ann, channels={"assigned": ["inbox"]})
    scene.give(scene.ann)
    row = Notification.objects.get(person=scene.ann)
    assert (row.read_at, row.mail_due_at) == (None, None)


def test_nobody_can_keep_an_escalation_out_of_their_inbox(scene: Scene) -> None:
    scene.want(scene.lea, channels={"escalated": [], "expired": []})
    scene.item(5 * HOUR)
    scene.happen()
    row = Notification.objects.get(person=scene.lea)
    assert (row.read_at, row.mail_due_at) == (None, None)


def test_quiet_hours_hold_mail_back_but_no_escalation(scene: Scene) -> None:
    scene.want(scene.lea, quiet_from=time(0), quiet_until=time(23, 59), digest="daily")
    scene.item(5 * HOUR)
    scene.happen()
    scene.give(scene.lea)
    due = dict(Notification.objects.filter(person=scene.lea).values_list("kind", "mail_due_at"))
    assert due["escalated"] == scene.now
    assert due["assigned"] > scene.now


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        ({"quiet_from": time(22)}, "/quiet_until"),
        ({"quiet_until": time(22)}, "/quiet_from"),
        ({"quiet_from": time(22), "quiet_until": time(22)}, "/quiet_until"),
        ({"digest": "weekly"}, "/digest"),
        ({"channels": {"lost": ["inbox"]}}, "/channels/lost"),
        ({"channels": {"digest": ["inbox"]}}, "/channels/digest"),
        ({"channels": {"at_risk": ["pigeon"]}}, "/channels/at_risk"),
    ],
)
def test_preferences_that_make_no_sense_are_refused(
    scene: Scene, wanted: dict[str, Any], place: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        scene.want(scene.ann, **wanted)
    assert refused.value.faults[0].pointer == place
    assert not NotificationPreference.objects.exists()


def test_preferences_replace_what_was_wanted_before(scene: Scene) -> None:
    scene.want(scene.ann, digest="daily", quiet_from=time(22), quiet_until=time(7))
    scene.want(scene.ann, channels={"at_risk": ["email", "email"]})
    row = NotificationPreference.objects.get(person=scene.ann)
    assert (row.digest, row.quiet_from, row.channels) == ("off", None, {"at_risk": ["email"]})
