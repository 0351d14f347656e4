"""F16, F17: each task of the registry, delivered three times in any order, has its effect once."""

import random

import pytest
from django.db import transaction

from tests.races import tasks
from tests.races.crowd import Crowd, member

pytestmark = [pytest.mark.xdist_group("races")]

AT_ONCE = 16


def _once() -> "tasks.Counter[str]":
    """Return what the world looks like when each task ran once; it is taken back."""
    with transaction.atomic():
        for name, arguments in tasks.calls().items():
            tasks.call(name, arguments)
        tasks.settle()
        seen = _at_rest()
        transaction.set_rollback(True)
    return seen


def _differing(once: "tasks.Counter[str]", often: "tasks.Counter[str]") -> dict[str, list[str]]:
    return {
        "too few": sorted((once - often).elements()),
        "too many": sorted((often - once).elements()),
    }


def _at_rest() -> "tasks.Counter[str]":
    """Return what the world looks like after the next tick, without who was told of it.

    Two that meet at one item pass it over until then. Whom a notice goes to depends on who holds
    the item when it is written, and how many notices share a promise on how sweeps divide the work.
    """
    for name in ("reviews.expire_leases", "reviews.sweep_clocks"):
        tasks.call(name, {})
    tasks.settle()
    seen = tasks.fingerprint()
    told = [key for key in seen if key.startswith(OF_THE_MOMENT) or "task=reviews." in key]
    for key in told:
        del seen[key]
    return seen


# Whom a notice reached, and which events one sealing took with it.
OF_THE_MOMENT = (
    "Notification ", "UnsealedEvent ", "LedgerLeaf ", "Checkpoint ", "Anchor ", "WebhookCursor ",
)  # fmt: skip
NOTHING: dict[str, list[str]] = {"too few": [], "too many": []}


def test_every_task_has_an_example_of_its_arguments() -> None:
    assert set(tasks.names()) - set(tasks.EXAMPLES) == set()


@pytest.mark.django_db
def test_every_task_finds_something_to_do() -> None:
    tasks.build()
    for name, arguments in tasks.calls().items():
        if name in tasks.OUTSIDE:
            continue
        before = tasks.fingerprint()
        with transaction.atomic():
            tasks.call(name, arguments)
            assert _differing(before, tasks.fingerprint()) != NOTHING, name
            transaction.set_rollback(True)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(4))
def test_f16_f17_tasks_that_come_three_times_in_any_order_have_one_effect(seed: int) -> None:
    tasks.build()
    once = _once()
    delivered = list(tasks.calls().items()) * 3
    random.Random(seed).shuffle(delivered)

    for name, arguments in delivered:
        tasks.call(name, arguments)
    tasks.settle()

    assert _differing(once, _at_rest()) == NOTHING


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_f16_tasks_that_come_three_times_at_once_and_are_killed_have_one_effect(
    crowd: Crowd,
) -> None:
    tasks.build()
    once = _once()
    each = [{"task": name, "arguments": given} for name, given in tasks.calls().items()]

    for one in each:
        assert crowd.go(member("deliver", dies="inside", **one)) == [{}]
    # Some at a time, each three times: a server takes a hundred connections.
    delivered = [
        answer
        for start in range(0, len(each), AT_ONCE)
        for answer in crowd.go(
            *(member("deliver", **one) for one in each[start : start + AT_ONCE] * 3)
        )
    ]

    assert [entry for entry in delivered if entry and "error" in entry] == []
    tasks.settle()
    assert _differing(once, _at_rest()) == NOTHING
