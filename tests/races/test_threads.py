"""Reviewers who claim at once in threads with connections of their own: on SQLite too."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from governance.models import AuditEvent, User
from reviews.enums import ItemStatus
from reviews.models import Assignment, Decision, Prediction, ReviewItem
from tests import factories
from tests.races import acts
from tests.races.conftest import people

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("races")]

THREADS = 8


def _at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """Make all calls at the same moment, each in a thread with a connection of its own."""
    together = threading.Barrier(len(calls))

    def make(call: Callable[[], Any]) -> Any:
        try:
            connections["default"].ensure_connection()
            together.wait(30)
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(make, calls))


@pytest.fixture
def sender() -> User:
    factories.a_pipeline()
    return factories.a_service()


def test_reviewers_at_once_get_an_item_each(sender: User) -> None:
    factories.send(sender, *(factories.a_payload() for _ in range(THREADS)))

    held = _at_once([lambda user=user: acts.claim(user=user) for user in people(THREADS)])

    assert all(held)
    assert len({claim["item"] for claim in held}) == THREADS == Assignment.objects.count()


def test_reviewers_at_once_on_one_item_have_one_winner(sender: User) -> None:
    factories.an_item(sender)

    held = _at_once([lambda user=user: acts.claim(user=user) for user in people(THREADS)])

    assert len([claim for claim in held if claim]) == 1
    assert Assignment.objects.count() == 1


def test_a_panel_decides_one_item_at_once_with_no_gap_in_its_ledger(sender: User) -> None:
    tiers = factories.PIPELINE["tiers"]
    panel = tiers["mid"] | {"decisions": THREADS, "max_decisions": THREADS}
    factories.a_pipeline(tiers=tiers | {"mid": panel})
    item = factories.an_item(sender)

    done = _at_once([lambda user=u: acts.claim_and_decide(user=user) for u in people(THREADS)])

    assert sum(entry["resolved"] for entry in done) == 1
    item.refresh_from_db()
    assert item.status == ItemStatus.RESOLVED
    assert Decision.objects.values("reviewer").distinct().count() == THREADS
    events = AuditEvent.objects.filter(stream=f"item:{item.pk}").order_by("sequence")
    assert list(events.values_list("sequence", flat=True)) == list(range(1, 2 * THREADS + 1))


def test_one_external_id_from_many_senders_is_one_row(sender: User) -> None:
    payload = factories.a_payload(external_id="same")

    taken = _at_once([lambda: acts.send(user=sender.pk, payloads=[payload])] * THREADS)

    outcomes = [entry["outcomes"][0] for entry in taken]
    assert outcomes.count("accepted") == 1
    assert outcomes.count("duplicate") == THREADS - 1
    assert Prediction.objects.count() == ReviewItem.objects.count() == 1
