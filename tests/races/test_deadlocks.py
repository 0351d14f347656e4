"""F15: two sessions lock in opposite order; whoever the database gives up is done again, once."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.test import Client

from governance.db import deadlocks
from governance.models import AuditEvent, Heartbeat, OutboxMessage, User
from reviews.models import Assignment, Decision
from tests import factories
from tests.races.waits import until_somebody_waits
from tests.reviews.web.conftest import Desk

pytestmark = [
    pytest.mark.race,
    pytest.mark.xdist_group("races"),
    pytest.mark.django_db(transaction=True),
]


def _apart(act: Callable[[], Any], pool: ThreadPoolExecutor) -> "Future[Any]":
    def with_a_connection() -> Any:
        try:
            return act()
        finally:
            connections.close_all()

    return pool.submit(with_a_connection)


@contextmanager
def _crossed(held: Assignment, act: Callable[[], Any]) -> Iterator["Future[Any]"]:
    """Let `act`, which locks an assignment and then its item, meet who locks them the other way.

    `act` has waited longest when the circle closes, so that the database gives up `act`.
    """
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM reviews_reviewitem WHERE id = %s FOR UPDATE", [held.item_id]
            )
            acting = _apart(act, pool)
            until_somebody_waits(connection)
            cursor.execute("SELECT 1 FROM reviews_assignment WHERE id = %s FOR UPDATE", [held.pk])
        yield acting


@pytest.fixture
def reviewer(transactional_db: None) -> User:
    factories.a_pipeline()
    factories.an_item(factories.a_service())
    return factories.a_person("maria")


@pytest.mark.parametrize("key", [None, "a-key-of-a-test"])
def test_f15_a_decision_that_was_given_up_is_made_once(
    reviewer: User, key: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    claim = factories.claim(reviewer)
    token = factories.a_token(reviewer, "review")
    headers = {"Authorization": f"Bearer {token}"} | ({"Idempotency-Key": key} if key else {})
    body = {
        "claim_token": claim.token, "verdict": "accept", "checklist": {"read": True},
    }  # fmt: skip

    def decide() -> Any:
        path = f"/api/v1/assignments/{claim.assignment.pk}/decision"
        return Client().post(path, body, "application/json", headers=headers)

    with _crossed(claim.assignment, decide) as acting:
        answer = acting.result(30)

    assert answer.status_code in (200, 201), answer.content
    assert "Done again after DeadlockDetected" in caplog.text
    assert Decision.objects.count() == 1
    assert AuditEvent.objects.filter(action="decision.made").count() == 1


def test_f15_a_form_that_was_given_up_is_taken_once(
    reviewer: User, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(reviewer)
    held = desk.take()

    def release() -> Any:
        return desk.post(f"/review/assignment/{held.pk}/release")

    with _crossed(held, release) as acting:
        answer = acting.result(30)

    assert answer.status_code == 303
    assert "Done again after DeadlockDetected" in caplog.text
    held.refresh_from_db()
    assert held.state == "released"
    assert AuditEvent.objects.filter(action="assignment.released").count() == 1


def _lock_both(first: str, second: str, together: threading.Barrier, tries: list[str]) -> None:
    with transaction.atomic():
        for number, name in enumerate((first, second)):
            Heartbeat.objects.select_for_update().get(name=name)
            if number == 0:
                tries.append(first)
                if tries.count(first) == 1:
                    together.wait(10)
        OutboxMessage.objects.create(
            task="governance.beat", created_at=factories.NOW, next_at=factories.NOW
        )


def test_f15_both_of_two_that_cross_take_effect_once() -> None:
    for name in ("a", "b"):
        Heartbeat.objects.create(name=name, beat_at=factories.NOW)
    together, tries = threading.Barrier(2), list[str]()

    with ThreadPoolExecutor(2) as pool:
        acting = [
            _apart(
                lambda a=a, b=b: deadlocks.repeated(lambda: _lock_both(a, b, together, tries)), pool
            )
            for a, b in (("a", "b"), ("b", "a"))
        ]
        for each in acting:
            each.result(30)

    assert OutboxMessage.objects.count() == 2
    assert len(tries) == 3


def _deadlock() -> None:
    # The server says of itself that there was one, as it would.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$")


def test_f15_what_is_given_up_each_time_is_tried_three_times() -> None:
    tries = []

    def act() -> None:
        tries.append(1)
        _deadlock()

    with pytest.raises(OperationalError):
        deadlocks.repeated(act)
    assert len(tries) == deadlocks.TRIES


def test_another_fault_or_an_open_transaction_is_not_tried_again() -> None:
    tries = []

    def act(state: str) -> None:
        tries.append(state)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$")

    with pytest.raises(OperationalError):
        deadlocks.repeated(lambda: act("55P03"))
    with pytest.raises(OperationalError), transaction.atomic():
        deadlocks.repeated(lambda: act("40P01"))
    with pytest.raises(OperationalError):
        deadlocks.repeated(lambda: act("40001"), may=lambda: False)
    assert tries == ["55P03", "40P01", "40001"]
