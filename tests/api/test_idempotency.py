"""A write under an Idempotency-Key happens once, whatever becomes of its answer."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from governance.models import IdempotencyKey, User
from governance.services import idempotency
from reviews.models import Assignment, Decision, Prediction
from tests import factories
from tests.api.answers import good, problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def service(db: None) -> User:
    factories.a_pipeline()
    return factories.a_service()


@pytest.fixture
def bot(api: Any, service: User) -> Any:
    return api(service, "predictions:write")


def begin(user: User, path: str = "/api/v1/predictions", **more: Any) -> Any:
    said = {
        "user": user,
        "key": "k-1",
        "method": "POST",
        "path": path,
        "fingerprint": "f",
        "now": timezone.now(),
    }
    return idempotency.begin(**(said | more))


def test_a_repeat_gets_the_same_answer_and_has_no_effect(bot: Any) -> None:
    payload = factories.a_payload()
    first = bot.post("/predictions", payload, idempotency_key="k-1")
    again = bot.post("/predictions", payload, idempotency_key="k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again["Location"] == first["Location"]
    assert again["Content-Type"] == first["Content-Type"] == "application/json"
    assert again["Idempotency-Replayed"] == "true"
    assert not first.has_header("Idempotency-Replayed")


def test_without_the_key_the_repeat_would_be_answered_otherwise(bot: Any) -> None:
    payload = factories.a_payload()
    good(bot.post("/predictions", payload), 201)
    good(bot.post("/predictions", payload), 200)


def test_a_claim_under_a_key_is_one_claim_and_an_empty_answer_stays_empty(
    api: Any, service: User
) -> None:
    factories.an_item(service)
    factories.an_item(service)
    reviewer = api(factories.a_person(), "review")
    first, again = (reviewer.post("/claim", idempotency_key="c-1") for _ in range(2))
    assert good(first, 201)["claim_token"] == good(again, 201)["claim_token"]
    assert Assignment.objects.count() == 1
    other = api(factories.a_person(pipelines=()), "review")
    for _ in range(2):
        answer = other.post("/claim", idempotency_key="c-1")
        assert (answer.status_code, answer.content) == (204, b"")


def test_a_decision_whose_answer_was_lost_is_told_again(api: Any, service: User) -> None:
    factories.an_item(service)
    reviewer = api(factories.a_person(), "review")
    held = good(reviewer.post("/claim"), 201)
    body = {
        "claim_token": held["claim_token"],
        "verdict": "accept",
        "checklist": {"read": True},
    }
    path = f"/assignments/{held['id']}/decision"
    first, again = (reviewer.post(path, body, idempotency_key="d-1") for _ in range(2))
    assert good(first, 201) == good(again, 201)
    assert Decision.objects.count() == 1
    problem(reviewer.post(path, body, idempotency_key="d-2"), 409)


def test_another_body_under_the_same_key_is_refused(bot: Any) -> None:
    bot.post("/predictions", factories.a_payload(), idempotency_key="k-1")
    problem(bot.post("/predictions", factories.a_payload(), idempotency_key="k-1"), 422)


def test_another_query_under_the_same_key_is_refused(bot: Any) -> None:
    payload = factories.a_payload()
    bot.post("/predictions", payload, idempotency_key="k-1")
    problem(bot.post("/predictions?atomic=false", payload, idempotency_key="k-1"), 422)


def test_a_key_belongs_to_one_user_and_one_address(api: Any, bot: Any) -> None:
    payload = factories.a_payload()
    good(bot.post("/predictions", payload, idempotency_key="k-1"), 201)
    other = api(factories.a_service("bot-2"), "predictions:write")
    good(other.post("/predictions", factories.a_payload(), idempotency_key="k-1"), 201)
    sent = Prediction.objects.get(external_id=payload["external_id"])
    good(bot.post(f"/predictions/{sent.pk}/withdraw", {"reason": "x"}, idempotency_key="k-1"))


def test_an_error_is_not_kept_so_that_a_mended_request_may_use_its_key(bot: Any) -> None:
    payload = factories.a_payload()
    problem(bot.post("/predictions", payload | {"confidence": 2}, idempotency_key="k-1"), 400)
    assert not IdempotencyKey.objects.exists()
    good(bot.post("/predictions", payload, idempotency_key="k-1"), 201)


def test_while_the_first_is_running_a_repeat_is_a_conflict(bot: Any, service: User) -> None:
    payload = factories.a_payload()
    good(bot.post("/predictions", payload, idempotency_key="k-1"), 201)
    IdempotencyKey.objects.update(status=None, leased_until=timezone.now() + timedelta(minutes=1))
    answer = bot.post("/predictions", payload, idempotency_key="k-1")
    assert "running" in problem(answer, 409)["detail"]
    assert answer["Retry-After"] == "5"


@pytest.mark.parametrize(("left", "told"), [(0.2, 1), (1, 1), (2.5, 3), (59, 5)])
def test_a_repeat_is_told_to_wait_whole_seconds_and_never_past_the_lease(
    service: User, left: float, told: int
) -> None:
    start = timezone.now()
    row = begin(service, now=start)
    with pytest.raises(idempotency.KeyInUse) as caught:
        begin(service, now=row.leased_until - timedelta(seconds=left))
    assert caught.value.retry_after == told


def test_a_conflict_of_another_kind_names_no_time(api: Any, service: User) -> None:
    reviewer = api(factories.a_person(), "review")
    factories.an_item(service)
    held = good(reviewer.post("/claim"), 201)
    path, body = f"/assignments/{held['id']}/release", {"claim_token": held["claim_token"]}
    good(reviewer.post(path, body))
    answer = reviewer.post(path, body)
    problem(answer, 409)
    assert not answer.has_header("Retry-After")


def test_the_key_of_a_holder_that_died_is_free_after_its_lease(service: User) -> None:
    start = timezone.now()
    first = begin(service, now=start)
    with pytest.raises(idempotency.KeyInUse):
        begin(service, now=start + timedelta(seconds=59))
    second = begin(service, now=start + timedelta(seconds=61))
    assert second.pk == first.pk


def test_a_holder_that_lost_its_key_takes_its_effect_back(service: User) -> None:
    start = timezone.now()
    slow = begin(service, now=start)
    quick = begin(service, now=start + timedelta(seconds=61))
    with pytest.raises(idempotency.KeyInUse):
        idempotency.keep(slow, status=201, body=b"slow", headers={})
    idempotency.give_back(slow)
    idempotency.keep(quick, status=201, body=b"quick", headers={})
    kept = begin(service)
    assert (kept.status, kept.body) == (201, b"quick")


def test_a_kept_answer_lives_seven_days(service: User) -> None:
    start = timezone.now()
    row = begin(service, now=start)
    idempotency.keep(row, status=201, body=b"{}", headers={})
    assert idempotency.forget(now=start + timedelta(days=7)) == 0
    assert idempotency.forget(now=start + timedelta(days=7, seconds=1)) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_a_key_that_is_none_is_refused(bot: Any, key: str) -> None:
    problem(bot.post("/predictions", factories.a_payload(), idempotency_key=key), 400)
    assert not Prediction.objects.exists()


def test_a_key_is_no_way_around_scopes(api: Any, service: User, bot: Any) -> None:
    payload = factories.a_payload()
    bot.post("/predictions", payload, idempotency_key="k-1")
    problem(api(service, "review").post("/predictions", payload, idempotency_key="k-1"), 403)


def test_the_lease_follows_the_clock_that_the_service_is_given(service: User) -> None:
    with time_machine.travel("2020-01-01T00:00:00Z", tick=False):
        row = begin(service, now=factories.NOW)
    assert row.leased_until == factories.NOW + idempotency.LEASE
