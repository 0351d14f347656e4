"""O8: from every terminal state a permitted person overrides, once, and those who act are told."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from governance.models import AuditEvent, User
from governance.selectors import principals
from reviews.models import Challenge, Decision, Prediction, Resolution, ReviewItem
from reviews.services import challenges, overrides, withdrawals
from reviews.services.expiry import expire
from tests import factories
from tests.api.answers import good, problem
from tests.factories import NOW

pytestmark = pytest.mark.django_db
OTHER = {"label": "balance"}


@pytest.fixture
def bot(db: None) -> User:
    factories.a_pipeline()
    return factories.a_service()


@pytest.fixture
def lead(bot: User) -> User:
    return factories.a_person("lead", roles=("lead",))


def overridden(lead: User, row: Prediction, **changes: Any) -> ReviewItem:
    said: dict[str, Any] = {
        "answer": OTHER, "reason_code": "model_error", "rationale": "It asks for the balance.",
        "now": NOW + timedelta(hours=1),
    }  # fmt: skip
    return overrides.override(
        principal=principals.of_person(lead), actor=lead, prediction_id=row.pk, **said | changes
    )


def approved(bot: User) -> Prediction:
    (row,) = factories.send(bot, factories.a_payload("low"))
    assert row.disposition == "auto_approved"
    return row


def single(bot: User) -> Prediction:
    item, person = factories.an_item(bot), factories.a_person("maria")
    held = factories.claim(person)
    assert held is not None
    factories.decide(person, held)
    return item.prediction


def agreed(bot: User) -> Prediction:
    item = factories.an_item(bot, "high")
    for name in ("maria", "li"):
        person = factories.a_person(name)
        held = factories.claim(person)
        assert held is not None
        factories.decide(person, held)
    return item.prediction


def expired(bot: User) -> Prediction:
    item = factories.an_item(bot)
    with transaction.atomic():
        expire(ReviewItem.objects.select_for_update(of=("self",)).get(pk=item.pk), (), now=NOW)
    return item.prediction


@pytest.mark.parametrize("settle", [approved, single, agreed, expired])
def test_o8_from_every_terminal_state_a_permitted_person_overrides(
    bot: User, lead: User, settle: Any
) -> None:
    row = settle(bot)
    before = Resolution.objects.filter(item__prediction=row, superseded_by=None).first()
    made = overridden(lead, row)
    assert made.resolution is not None
    assert (made.status, made.resolution.kind) == ("resolved", "overturned")
    assert (made.resolution.answer, made.resolution.supersedes) == (OTHER, before)
    event = AuditEvent.objects.get(action="resolution.overridden")
    assert event.stream == f"item:{made.pk}"
    assert event.detail["reason_code"] == "model_error"
    assert event.detail["approved_by_rule"] is (settle is approved)
    assert "It asks" not in json.dumps(event.detail)


def test_o8_overriding_again_with_the_same_answer_changes_nothing(
    api: Any, bot: User, lead: User
) -> None:
    row = single(bot)
    caller = api(lead, "review")
    body = {"answer": OTHER, "reason_code": "model_error", "rationale": "So it is."}
    address, once = f"/predictions/{row.pk}/override", {"Idempotency-Key": "k"}
    first = good(caller.post(address, body, **once))
    again = caller.post(address, body, **once)
    assert again.json() == first
    assert again["Idempotency-Replayed"] == "true"
    problem(caller.post(address, body), 409)
    assert first["resolution"]["kind"] == "overturned"
    assert AuditEvent.objects.filter(action="resolution.overridden").count() == 1
    assert Resolution.objects.count() == 2


def test_o8_what_stood_is_kept_and_another_override_follows_it(bot: User, lead: User) -> None:
    row = single(bot)
    overridden(lead, row)
    made = overridden(lead, row, answer=None)
    assert made.resolution is not None
    chain = [made.resolution]
    while before := chain[-1].supersedes:
        chain.append(before)
    assert [each.kind for each in chain] == ["overturned", "overturned", "single"]
    assert Decision.objects.count() == 1


def test_an_override_needs_who_settles_a_reason_and_an_answer_of_the_question(
    api: Any, bot: User, lead: User
) -> None:
    row = single(bot)
    address = f"/predictions/{row.pk}/override"
    body = {"answer": OTHER, "reason_code": "model_error", "rationale": "So it is."}
    problem(api(factories.a_person("ann"), "review").post(address, body), 403)
    caller = api(lead, "review")
    problem(caller.post(address, body | {"reason_code": "mood"}), 400, "/reason_code")
    problem(caller.post(address, body | {"rationale": " "}), 400, "/rationale")
    problem(caller.post(address, body | {"answer": {"label": "weather"}}), 400, "/answer/label")
    problem(caller.post("/predictions/01900000-0000-7000-8000-000000000000/override", body), 404)
    assert Resolution.objects.count() == 1


def test_what_is_under_review_or_was_withdrawn_is_not_overridden(
    api: Any, bot: User, lead: User
) -> None:
    item = factories.an_item(bot)
    body = {"answer": OTHER, "reason_code": "model_error", "rationale": "So it is."}
    caller = api(lead, "review")
    problem(caller.post(f"/predictions/{item.prediction_id}/override", body), 409)
    row = approved(bot)
    withdrawals.withdraw(
        principal=principals.of_person(lead), actor=bot, prediction_id=row.pk, reason="x", now=NOW
    )
    problem(caller.post(f"/predictions/{row.pk}/override", body), 409)
    assert not Resolution.objects.exists()


def test_an_override_makes_an_open_challenge_moot(bot: User, lead: User) -> None:
    row = single(bot)
    resolution = Resolution.objects.get()
    ann = factories.a_person("ann")
    challenges.challenge(
        principal=principals.of_person(ann), actor=ann, resolution_id=resolution.pk,
        reason="Doubtful", anonymous=False, now=NOW,
    )  # fmt: skip
    overridden(lead, row)
    assert Challenge.objects.get().state == "moot"


def test_the_trace_tells_an_override_with_its_reason(api: Any, bot: User, lead: User) -> None:
    row = approved(bot)
    overridden(lead, row)
    reader = api(factories.a_person("ed"), "audit:read")
    last = good(reader.get(f"/predictions/{row.pk}/trace"))["events"][-1]
    assert (last["action"], last["actor"]) == ("resolution.overridden", "lead")
    assert last["reason"] == "It asks for the balance."


def test_the_page_of_a_case_leads_to_its_override(client: Any, bot: User, lead: User) -> None:
    row = approved(bot)
    client.force_login(lead)
    address = f"/predictions/{row.pk}/override"
    assert address in client.get(f"/predictions/{row.pk}/case").content.decode()
    assert "approved by rule" in client.get(address).content.decode()
    sent = {"answer.label": "balance", "rationale": "It asks for the balance."}
    refused = client.post(address, sent)
    assert refused.status_code == 422
    assert "model_error" in refused.content.decode()
    done = client.post(address, sent | {"reason_code": "model_error"})
    assert done.status_code == 303, done.content
    item = ReviewItem.objects.select_related("resolution").get(prediction=row)
    assert item.resolution is not None
    assert item.resolution.answer == OTHER
    assert address in client.get(f"/items/{item.pk}").content.decode()
