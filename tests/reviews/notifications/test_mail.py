"""Mail over SMTP: what a letter says, and that it comes, once, whatever the server does."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from governance.models import Membership, OutboxMessage, User
from governance.services import dispatch
from reviews.models import Escalation, Notification
from reviews.services import mail, notifications
from tests import factories
from tests.reviews.clocks.office import Office, at, ladder, policy
from tests.reviews.notifications.conftest import Sink, body, subject
from tests.reviews.notifications.scene import HOUR, Scene, inbox

pytestmark = pytest.mark.django_db
SOON = timedelta(seconds=31)


def post(now: Any = None) -> int:
    """Hand over what is due, and let the outbox send it; returns how many letters that made."""
    now = now or timezone.now()
    made = mail.hand_over(now=now)
    deliver(now)
    return made


def deliver(now: Any) -> int:
    """Run what the outbox has to send."""
    waiting = OutboxMessage.objects.filter(task="reviews.send_mail", done_at=None, dead_at=None)
    return sum(
        dispatch.run(message_id=str(pk), now=now)
        for pk in waiting.order_by("pk").values_list("pk", flat=True)
    )


def test_a_letter_says_what_why_how_late_and_where(sink: Sink) -> None:
    office = Office(policy(ladder=ladder("PT0S", "PT1H"))).start(
        "27 Nov 12:30", external_id="case-7"
    )
    office.sweep("30 Nov 10:00")
    _tell(at("30 Nov 10:00"))
    assert post(at("30 Nov 10:00:05")) == 2

    letter = next(each for each in sink.letters if each["To"] == "lea@example.org")
    assert subject(letter) == "Escalated: case-7 (Intents) · Countersign"
    text = body(letter)
    assert "Escalated: case-7\n" in text
    assert "Intents · tier mid · queue general\n" in text
    assert "Level 1 of 2 of its ladder has fired" in text
    assert "the clock “Until it is settled” ran past its target of 4 h" in text
    assert "late by 1 h 30 m of working time, 2 d 17 h by the clock" in text
    assert f"{settings.BASE_URL}/items/{office.item.pk}\n" in text
    assert f"{settings.BASE_URL}/preferences" in text


def _tell(now: Any) -> None:
    for message in OutboxMessage.objects.filter(task="reviews.tell"):
        notifications.tell(event_ids=message.arguments["events"], now=now)


def test_a_letter_holds_nothing_of_the_prediction(scene: Scene, sink: Sink) -> None:
    secret = "account 4711 of Mrs Miller"
    scene.item(
        5 * HOUR, input={"text": secret}, output={"label": "balance"}, scenario_type="betrayal",
        characteristics={"name": "Miller"},
    )  # fmt: skip
    scene.happen()
    post()
    raw = sink.letters[0].as_string() + sink.text()
    for told in (secret, "Miller", "balance", "betrayal", "0.58", "unsure"):
        assert told not in raw


def test_what_a_stranger_wrote_cannot_forge_a_letter(scene: Scene, sink: Sink) -> None:
    scene.item(5 * HOUR, external_id="x\u202egnp.exe <b>&amp;")
    scene.happen()
    post()
    (letter,) = sink.letters
    assert subject(letter) == "Escalated: x[U+202E]gnp.exe <b>&amp; (Intents) · Countersign"
    assert "x[U+202E]gnp.exe <b>&amp;\n" in body(letter)


def test_the_same_letter_has_the_same_id_at_each_attempt(scene: Scene, sink: Sink) -> None:
    scene.item(5 * HOUR)
    scene.happen()
    mail.hand_over(now=timezone.now())
    promise = OutboxMessage.objects.get(task="reviews.send_mail")
    for _ in range(3):
        mail.send(
            notification_ids=promise.arguments["notifications"], more=promise.arguments["more"]
        )
    row = Notification.objects.get(person=scene.lea)
    assert {letter["X-Countersign-Id"] for letter in sink.letters} == {str(row.pk)}
    assert {letter["Message-ID"] for letter in sink.letters} == {mail.message_id(str(row.pk))}
    assert len({body(letter) for letter in sink.letters}) == 1
    assert {letter["Auto-Submitted"] for letter in sink.letters} == {"auto-generated"}


def test_a_notification_is_in_one_letter_only(scene: Scene, sink: Sink) -> None:
    scene.item(5 * HOUR)
    scene.happen()
    assert [post() for _ in range(3)] == [1, 0, 0]
    assert len(sink.letters) == 1
    assert Notification.objects.get(person=scene.lea).mailed_at is not None


def test_without_a_mail_server_nothing_is_promised(scene: Scene, settings: Any) -> None:
    settings.SENDS_MAIL = False
    scene.items(25)
    scene.item(3.2 * HOUR)
    scene.happen()
    assert inbox(scene.lea) == [("digest", 26)]
    assert post(scene.now + HOUR) == 0
    assert not OutboxMessage.objects.filter(task="reviews.send_mail").exists()


def test_who_has_no_address_is_told_in_the_inbox(scene: Scene, sink: Sink) -> None:
    factories.apply(
        {"kind": "Person", "username": "lea", "email": "", "roles": ["reviewer", "lead"],
         "pipelines": ["intents"]}
    )  # fmt: skip
    scene.item(5 * HOUR)
    scene.happen()
    assert inbox(scene.lea) == [("escalated", 1)]
    assert post() == 0


def test_who_has_left_gets_no_letter(scene: Scene, sink: Sink) -> None:
    scene.item(5 * HOUR)
    scene.happen()
    user = User.objects.get(pk=scene.lea.pk)
    user.is_active = False
    user.because(None, "Left").save()
    assert post() == 1
    assert sink.letters == []


def test_what_is_out_of_reach_by_then_is_in_no_letter(scene: Scene, sink: Sink) -> None:
    scene.item(5 * HOUR)
    scene.happen()
    Membership.objects.get(user=scene.lea).because(None, "Moved").delete()
    assert post() == 1
    assert sink.letters == []


def test_f36_a_server_that_is_down_costs_attempts_and_nothing_else(
    scene: Scene, sink: Sink
) -> None:
    sink.answer = "451 Try again later"
    scene.item(5 * HOUR)
    scene.happen()
    now = timezone.now()
    assert post(now) == 1
    assert inbox(scene.lea) == [("escalated", 1)]

    # The ladder goes on meanwhile, and is told of.
    scene.happen(scene.now + 3 * HOUR)
    assert Escalation.objects.count() == 2
    assert inbox(scene.lea) == [("escalated", 1), ("escalated", 1)]

    row = OutboxMessage.objects.get(task="reviews.send_mail")
    assert (row.attempts, row.done_at, row.dead_at) == (1, None, None)
    assert "451" in row.last_error
    assert row.next_at == now + dispatch.pause_after(1)

    sink.answer = "250 Kept"
    assert deliver(row.next_at) == 1
    assert len(sink.letters) == 1


def test_f36_after_five_attempts_a_person_decides(scene: Scene, sink: Sink) -> None:
    sink.answer = "550 No such box"
    scene.item(5 * HOUR)
    scene.happen()
    now = timezone.now()
    post(now)
    for _ in range(6):
        now += HOUR
        deliver(now)
    row = OutboxMessage.objects.get(task="reviews.send_mail")
    assert (row.attempts, row.dead_at is not None) == (5, True)

    sink.answer = "250 Kept"
    dispatch.retry(message_id=str(row.pk), actor=None, reason="The box is there now", now=now)
    deliver(now)
    assert len(sink.letters) == 1


def test_f36_a_server_that_is_gone_is_asked_again(scene: Scene, sink: Sink, settings: Any) -> None:
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    scene.item(5 * HOUR)
    scene.happen()
    assert post() == 1
    assert (
        "ConnectionRefusedError" in OutboxMessage.objects.get(task="reviews.send_mail").last_error
    )
    settings.EMAIL_PORT = port
    assert deliver(timezone.now() + HOUR) == 1
    assert len(sink.letters) == 1


def test_what_the_server_says_is_kept_without_the_address(scene: Scene, sink: Sink) -> None:
    sink.answer = "550 lea@example.org has no box"
    scene.item(5 * HOUR)
    scene.happen()
    post()
    row = OutboxMessage.objects.get(task="reviews.send_mail")
    assert "the reader has no box" in row.last_error
    assert "example.org" not in row.last_error


def test_f36_a_slow_server_is_waited_for_once_and_not_for_each_letter(
    scene: Scene, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "SLOW", 0.5)
    sink.wait = 30
    for _ in range(3):
        scene.item(5 * HOUR)
    scene.happen()
    began = timezone.now()
    assert post(began) == 3
    assert timezone.now() - began < timedelta(seconds=3)
    errors = list(
        OutboxMessage.objects.filter(task="reviews.send_mail").order_by("pk").values_list(
            "last_error", flat=True
        )
    )  # fmt: skip
    assert "timed out" in errors[0]
    assert all("MailServerSlow" in error for error in errors[1:])

    sink.wait = 0
    monkeypatch.setattr(mail, "_server", mail._Server())
    assert deliver(timezone.now() + HOUR) == 3
    assert len(sink.letters) == 3


def test_a_digest_is_one_letter_that_waits_for_what_follows(scene: Scene, sink: Sink) -> None:
    scene.items(30)
    scene.happen()
    assert post(scene.now + timedelta(seconds=20)) == 0
    scene.items(40)
    scene.happen(scene.now + timedelta(seconds=25))
    assert post(scene.now + timedelta(seconds=40)) == 0
    assert post(scene.now + timedelta(seconds=56)) == 1
    assert sink.subjects() == ["70 notifications at once · Countersign"]
    assert "  70 · Escalated\n" in sink.text()
    assert "  70 · Intents\n" in sink.text()
    assert sink.text().count("/items/") == 10
    assert "late by 1 h of working time, 1 h by the clock" in sink.text()


def test_what_comes_after_a_digest_has_gone_is_told_by_itself(scene: Scene, sink: Sink) -> None:
    scene.items(30)
    scene.happen()
    assert post(scene.now + SOON) == 1
    scene.item(5 * HOUR)
    scene.happen(scene.now + 2 * SOON)
    assert inbox(scene.lea) == [("digest", 30), ("escalated", 1)]
    assert post(scene.now + 3 * SOON) == 1
    assert len(sink.letters) == 2


def test_a_long_letter_names_fifty_and_counts_the_rest(scene: Scene, sink: Sink) -> None:
    scene.want(scene.lea, digest="daily")
    for number in range(60):
        scene.give(scene.lea, number=number)
    assert post(scene.now + timedelta(days=1, hours=1)) == 1
    assert sink.subjects() == ["60 notifications · Countersign"]
    assert sink.text().count("Assigned to you: adjustment:7") == 50
    assert "10 more are in your inbox." in sink.text()


def test_what_ended_before_the_letter_went_says_so(scene: Scene, sink: Sink) -> None:
    scene.item(5 * HOUR)
    scene.happen()
    held = factories.claim(scene.ann, now=scene.now)
    factories.decide(scene.ann, held, now=scene.now)
    post()
    assert "It has ended since: Resolved." in sink.text()


def test_any_number_of_hand_overs_make_each_letter_once(scene: Scene, sink: Sink) -> None:
    for number in range(5):
        scene.give(scene.lea, number=number)
        scene.give(scene.ann, number=number)
    assert sum(mail.hand_over(now=scene.now) for _ in range(4)) == 10
    assert OutboxMessage.objects.filter(task="reviews.send_mail").count() == 10
