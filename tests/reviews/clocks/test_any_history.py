"""Whatever happens to an item, and whenever the sweep looks, its clocks say the same."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.exceptions import DomainError
from governance.selectors import principals
from reviews.models import SLAClock
from reviews.selectors import clocks
from reviews.services import (
    assignments,
    pauses,
    reassignments,
    reopenings,
    sweeping,
    withdrawals,
)
from reviews.services.assignments import Claim
from reviews.services.reassignments import Move
from tests import factories
from tests.reviews.clocks.office import Office, at, policy, two_tiers

pytestmark = pytest.mark.django_db
ACTS = ("claim", "release", "decide", "pause", "resume", "reopen", "shorter", "longer", "withdraw")
GAPS = st.one_of(
    st.integers(1, 40).map(lambda quarters: timedelta(minutes=15 * quarters)),
    st.timedeltas(min_value=timedelta(microseconds=1), max_value=timedelta(days=3)),
)
HISTORIES = st.lists(st.tuples(st.sampled_from(ACTS), GAPS, st.booleans()), min_size=4, max_size=10)
COMPARED = (
    "kind", "cycle", "status", "outcome", "target", "started_at", "elapsed", "due_at",
    "breached_at", "paused_at", "stopped_at",
)  # fmt: skip


@pytest.fixture
def office() -> Office:
    """Return an office with an item whose policy pauses at most a working day."""
    terms = {"at_risk": [0.5, 0.75], "max_pause_days": 1, "reopen_target": "PT2H"}
    slow, quick = policy("long", target="PT8H", **terms), policy("short", target="PT1H", **terms)
    return Office(slow, quick, tiers=two_tiers()).start("23 Nov 10:00")


@contextlib.contextmanager
def undone() -> Iterator[None]:
    """Leave nothing behind."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def acts_of(office: Office) -> dict[str, Callable[[datetime], Any]]:
    """Return what may happen to the item; what is not possible then is refused."""
    ann, lea, bot = office.ann, office.lea, office.bot
    of_ann, of_lea = principals.of_person(ann), principals.of_person(lea)
    item = office.item.pk

    held: list[Claim] = []

    def claim(now: datetime) -> None:
        # An item whose pause is over is offered again by the sweep.
        sweeping.sweep(now=lambda: now)
        held.extend(filter(None, [factories.claim(ann, now=now)]))

    def release(now: datetime) -> None:
        last = held.pop()
        assignments.release(
            assignment_id=last.assignment.pk, actor=ann, token=last.token, now=now
        )  # fmt: skip

    def decide(now: datetime) -> None:
        if not held:
            claim(now)
        factories.decide(ann, held.pop(), "card_arrival", now=now - timedelta(seconds=1))

    def retier(tier: str) -> Callable[[datetime], Any]:
        return lambda now: reassignments.reassign(
            principal=of_lea, actor=lea, item_id=item, move=Move(tier=tier), reason="So", now=now
        )

    return {
        "claim": claim,
        "release": release,
        "decide": decide,
        "pause": lambda now: pauses.pause(
            principal=of_ann, actor=ann, item_id=item, reason="legal_hold", now=now
        ),
        "resume": lambda now: pauses.resume(principal=of_ann, actor=ann, item_id=item, now=now),
        "reopen": lambda now: reopenings.reopen(
            principal=of_lea, actor=lea, item_id=item, reason="Appeal", now=now
        ),
        "shorter": retier("high"),
        "longer": retier("mid"),
        "withdraw": lambda now: withdrawals.withdraw(
            principal=principals.of_person(bot), actor=bot, reason="Sent twice", now=now,
            prediction_id=office.item.prediction_id,
        ),
    }  # fmt: skip


def lived(office: Office, history: list[tuple[str, timedelta, bool]], *, swept: bool) -> Any:
    """Return what the clocks say after a history, with or without sweeps on the way."""
    acts, now = acts_of(office), at("23 Nov 10:00")
    for act, gap, sweeps in history:
        now += gap
        if swept and sweeps:
            sweeping.sweep(now=lambda moment=now: moment)
        with contextlib.suppress(DomainError, IndexError), transaction.atomic():
            acts[act](now)
    sweeping.sweep(now=lambda: now + timedelta(days=4))
    rows = list(SLAClock.objects.filter(item=office.item).order_by("kind", "cycle"))
    for row in rows:
        assert clocks.drift(row, clocks.events_of([row.pk])[row.pk]) == {}
    return [{name: getattr(row, name) for name in COMPARED} for row in rows]


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=HISTORIES)
def test_row_63_the_cache_is_what_the_events_make_and_sweeps_change_no_truth(
    office: Office, history: list[tuple[str, timedelta, bool]]
) -> None:
    with undone():
        often = lived(office, history, swept=True)
    with undone():
        once = lived(office, history, swept=False)
    assert often == once
