"""What other systems are told: each sealed event once, signed, until it is taken."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from governance.domain import webhooks as form
from governance.models import AuditEvent, OutboxMessage, User, WebhookMessage
from governance.services import configuration, sealing, webhook_sending, webhook_telling, webhooks
from reviews.services import escalations, reopenings, webhook_alarms
from tests import factories
from tests.webhooks.conftest import Listening
from tests.webhooks.receiver import Letter, Receiver

pytestmark = pytest.mark.django_db
Listen = Callable[..., Listening]


def told(receiver: Receiver) -> list[dict[str, Any]]:
    return [json.loads(letter.body) for letter in receiver.letters]


def good(letter: Letter, secret: str) -> bool:
    """Return whether a letter is signed by a secret, worked out by hand."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    headers = letter.headers
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + letter.body
    wanted = base64.b64encode(hmac.digest(key, text, hashlib.sha256)).decode()
    return f"v1,{wanted}" in headers["webhook-signature"].split(" ")


def decided(now: Any, tier: str = "mid") -> Any:
    factories.an_item(factories.a_service(), tier, now=now)
    person = factories.a_person()
    held = factories.claim(person, now=now)
    assert held is not None
    return factories.decide(person, held, now=now)


def another_guideline(ear: Listening) -> None:
    document = factories.pipeline_document(guideline="Another one.")
    configuration.apply(sources=[document], actor=ear.who["actor"], reason="x", now=ear.now)


def test_the_signature_is_that_of_the_standards_example() -> None:
    """Example of the specification of Standard Webhooks, "Verifying webhooks"."""
    webhook = Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    letter = Letter(headers, body)
    assert good(letter, "whsec_" + base64.b64encode(key).decode())
    with pytest.raises(WebhookVerificationError, match="old"):
        webhook.verify(body, headers)


def test_what_happens_is_told_signed_in_order_and_once(listen: Listen, receiver: Receiver) -> None:
    ear = listen()
    done = decided(ear.now)
    assert ear.hear() == 2
    assert ear.hear() == 0

    first, second = told(receiver)
    assert (first["type"], second["type"]) == ("item.created", "prediction.resolved")
    assert first["sequence"] < second["sequence"]
    assert second["data"] == {
        "pipeline": "intents",
        "prediction": str(done.item.prediction_id),
        "external_id": done.item.prediction.external_id,
        "item": str(done.item.pk),
        "resolution": {"id": str(done.resolution.pk), "kind": "single", "verdict": "accept"},
    }
    for letter in receiver.letters:
        assert good(letter, ear.secret)
        assert Webhook(ear.secret).verify(letter.body, letter.headers)
        assert not good(letter, form.new_secret())
    assert len(set(receiver.ids)) == 2


def test_a_message_tells_no_input_no_output_and_no_answer(
    listen: Listen, receiver: Receiver
) -> None:
    ear = listen()
    decided(ear.now)
    ear.hear()
    text = b"".join(letter.body for letter in receiver.letters)
    for secret in (b"where is my card", b"card_arrival", b"0.58"):
        assert secret not in text


def test_only_what_is_listened_to_in_the_own_pipeline_is_told(
    listen: Listen, receiver: Receiver
) -> None:
    factories.a_pipeline("other")
    ear = listen(pipeline="other")
    some = listen(events=["prediction.resolved"])
    decided(ear.now)
    some.hear()
    assert [each["type"] for each in told(receiver)] == ["prediction.resolved"]


def test_i5_an_act_that_was_rolled_back_is_never_told(listen: Listen, receiver: Receiver) -> None:
    ear = listen()
    with transaction.atomic():
        decided(ear.now)
        transaction.set_rollback(True)
    assert ear.hear() == 0


def test_whoever_is_added_later_is_not_told_of_what_was_before(
    listen: Listen, receiver: Receiver, root: User
) -> None:
    decided(timezone.now() - timedelta(minutes=1))
    assert listen().hear() == 0
    sealing.seal_all(now=timezone.now())
    webhook_telling.tell(now=timezone.now())
    assert listen().hear() == 0


def test_escalations_and_reopenings_are_told(listen: Listen, receiver: Receiver) -> None:
    ear = listen(events=["item.escalated", "item.reopened"])
    item = factories.an_item(factories.a_service(), now=ear.now)
    escalations.escalate(item_id=item.pk, reason="Look", now=ear.now, **ear.who)
    done = decided(ear.now, "mid")
    reopenings.reopen(item_id=done.item.pk, reason="Again", now=ear.now, **ear.who)
    ear.hear()
    assert [each["type"] for each in told(receiver)] == ["item.escalated", "item.reopened"]


def test_an_undo_that_takes_an_outcome_back_is_told(listen: Listen, receiver: Receiver) -> None:
    from reviews.services import decisions

    ear = listen(events=["prediction.resolved", "item.reopened"])
    done = decided(ear.now)
    decisions.undo(decision_id=done.decision.pk, actor=done.decision.reviewer, now=ear.now)
    ear.hear()
    assert [each["type"] for each in told(receiver)] == ["prediction.resolved", "item.reopened"]


@pytest.mark.parametrize("status", [500, 404, 301])
def test_f30_what_is_not_taken_is_tried_again_later_and_later_under_the_same_id(
    listen: Listen, receiver: Receiver, status: int
) -> None:
    ear = listen(events=["item.created"])
    decided(ear.now)
    receiver.status = status
    for wait in form.WAITS[:3]:
        assert ear.hear() == 0
        assert ear.hear() == 0
        ear.later(seconds=wait.total_seconds() - 1)
        assert ear.hear() == 0
        ear.later(seconds=1)
    receiver.status = 200
    assert ear.hear() == 1
    assert len(receiver.letters) == 4
    assert len(set(receiver.ids)) == 1
    (row,) = WebhookMessage.objects.all()
    assert [each.status for each in row.tries.order_by("pk")] == [status] * 3 + [200]
    assert ear.fresh().failing_since is None


def test_it_is_tried_for_three_days_then_given_up(listen: Listen, receiver: Receiver) -> None:
    ear = listen(events=["item.created"])
    decided(ear.now)
    began, receiver.status = ear.now, 503
    ear.hear()
    while WebhookMessage.objects.get().given_up_at is None:
        ear.later(hours=1)
        ear.hear()
    assert timedelta(days=3) <= ear.now - began < timedelta(days=4)
    assert ear.fresh().failing_since == began


def test_f30_who_says_that_it_is_gone_is_told_nothing_more(
    listen: Listen, receiver: Receiver
) -> None:
    ear = listen(events=["item.created"])
    decided(ear.now)
    receiver.status = 410
    ear.hear()
    factories.an_item(factories.a_service("bot2"), now=ear.now)
    ear.later(days=1)
    ear.hear()
    assert len(receiver.letters) == 1
    assert ear.fresh().state == "paused"
    assert AuditEvent.objects.filter(action="webhook.gone").count() == 1


def test_f30_one_dead_endpoint_delays_no_other(listen: Listen, receiver: Receiver) -> None:
    ear = listen(events=["item.created"])
    dead = listen(events=["item.created"])
    dead.row.url = "http://127.0.0.1:9/"
    dead.row.save()
    bot = factories.a_service()
    factories.send(bot, *(factories.a_payload() for _ in range(30)), now=dead.now)
    assert ear.hear() == 30
    tries = WebhookMessage.objects.filter(endpoint=dead.row, failures__gt=0)
    assert tries.count() == 1, "only the first was tried; the others wait with it"


def test_f31_after_a_rotation_both_secrets_sign_for_a_day(
    listen: Listen, receiver: Receiver
) -> None:
    ear = listen(events=["item.created"])
    decided(ear.now)
    receiver.status = 500
    ear.hear()
    _, new = webhooks.rotate(endpoint_id=ear.row.pk, now=ear.now, **ear.who)
    receiver.status = 200
    ear.later(seconds=5)
    ear.hear()
    before, after = receiver.letters
    assert before.headers["webhook-id"] == after.headers["webhook-id"]
    assert good(before, ear.secret)
    assert not good(before, new)
    assert good(after, ear.secret)
    assert good(after, new)
    ear.later(days=1)
    factories.an_item(factories.a_service("bot2"), now=ear.now)
    ear.hear()
    assert not good(receiver.letters[-1], ear.secret)
    assert good(receiver.letters[-1], new)


def test_no_secret_stands_in_the_database_or_the_ledger(listen: Listen) -> None:
    ear = listen()
    row = ear.fresh()
    assert ear.secret not in row.secret
    assert not AuditEvent.objects.filter(detail__icontains=ear.secret[6:20]).exists()


def test_a_secret_survives_a_rotation_of_the_site_key(listen: Listen, settings: Any) -> None:
    ear = listen()
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "x" * 60
    assert list(webhooks.secrets_of(ear.fresh(), now=ear.now)) == [ear.secret]


def test_what_a_paused_endpoint_misses_is_sent_when_it_goes_on(
    listen: Listen, receiver: Receiver
) -> None:
    ear = listen(events=["item.created"])
    change = {"endpoint_id": ear.row.pk, "now": ear.now, **ear.who}
    webhooks.change(changes={"state": "paused"}, **change)
    decided(ear.now)
    assert ear.hear() == 0
    webhooks.change(changes={"state": "active"}, **change)
    assert ear.hear() == 1


def test_what_was_told_is_told_again_on_demand_under_the_same_id(
    listen: Listen, receiver: Receiver
) -> None:
    ear = listen(events=["item.created"])
    decided(ear.now)
    ear.hear()
    again = {"endpoint_id": ear.row.pk, "now": ear.later(hours=1), **ear.who}
    assert webhooks.replay(message=receiver.ids[0], **again) == 1
    assert ear.hear() == 1
    assert webhooks.replay(since=ear.now - timedelta(days=1), **again) == 1
    assert ear.hear() == 1
    assert len(receiver.ids) == 3
    assert len(set(receiver.ids)) == 1


def test_a_sender_that_dies_after_sending_sends_again_under_the_same_id(
    listen: Listen, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = listen(events=["item.created"])
    decided(ear.now)
    with monkeypatch.context() as patch:
        patch.setattr(webhook_sending, "_written", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            ear.hear()
    assert ear.hear() == 0
    ear.later(seconds=webhook_sending.RESERVED.total_seconds())
    assert ear.hear() == 1
    assert len(receiver.ids) == 2
    assert len(set(receiver.ids)) == 1


def test_r9_a_new_policy_is_told_with_its_version_and_acknowledged(
    listen: Listen, receiver: Receiver
) -> None:
    ear = listen(events=["policy.changed"])
    another_guideline(ear)
    ear.hear()
    (said,) = told(receiver)
    assert said["data"]["config_version"] == 2
    (row,) = WebhookMessage.objects.all()
    assert row.acknowledge_by == ear.now + timedelta(seconds=60)
    ear.later(seconds=59)
    webhooks.acknowledge(endpoint_id=ear.row.pk, message=receiver.ids[0], now=ear.now, **ear.who)
    ear.later(seconds=60)
    assert webhook_sending.alarm(now=ear.now) == 0


def test_r9_what_is_not_acknowledged_in_60_s_alarms_people_once(
    listen: Listen, receiver: Receiver, root: User, client: Any
) -> None:
    ear = listen(events=["policy.changed"])
    another_guideline(ear)
    ear.hear()
    assert webhook_sending.alarm(now=ear.later(seconds=60)) == 0
    assert webhook_sending.alarm(now=ear.later(seconds=1)) == 1
    assert webhook_sending.alarm(now=ear.later(seconds=1)) == 0
    (promise,) = OutboxMessage.objects.filter(task="reviews.tell_unacknowledged")
    (row,) = WebhookMessage.objects.all()
    assert promise.arguments == {"message_id": str(row.pk)}
    assert webhook_alarms.tell(message_id=row.pk, now=ear.now) == 1
    assert webhook_alarms.tell(message_id=row.pk, now=ear.now) == 0
    client.force_login(root)
    assert "receiver was told that the policy changed" in client.get("/inbox").content.decode()


def test_a_test_is_sent_and_says_that_it_is_one(listen: Listen, receiver: Receiver) -> None:
    ear = listen(events=["gate.finished"])
    webhooks.test(endpoint_id=ear.row.pk, now=ear.now, **ear.who)
    assert ear.hear() == 1
    assert told(receiver)[0]["type"] == "webhook.test"


def test_messages_are_forgotten_after_30_days(listen: Listen, receiver: Receiver) -> None:
    ear = listen(events=["item.created"])
    decided(ear.now)
    ear.hear()
    assert webhooks.forget(now=ear.later(days=30)) == 0
    assert webhooks.forget(now=ear.later(seconds=1)) == 1
