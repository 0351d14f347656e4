"""As many events as acts, whatever people do in whatever order (O4)."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from governance.domain.invariants import Span
from governance.exceptions import DomainError
from governance.models import AuditEvent
from governance.selectors import principals
from hitlsite import invariants
from reviews.enums import AssignmentState
from reviews.models import Assignment, Decision, ReviewItem
from reviews.services import (
    assignments,
    decisions,
    escalations,
    notes,
    outcomes,
    pauses,
    reopenings,
    resolutions,
    withdrawals,
)
from reviews.services.assignments import Claim
from tests import factories

pytestmark = pytest.mark.django_db
STEPS = 1500
ITEM_ACTS: dict[str, Callable[..., Any]] = {
    "note": lambda **who: notes.add(text="An edge case.", **who),
    "escalate": lambda **who: escalations.escalate(reason="Too hard", **who),
    "pause": lambda **who: pauses.pause(reason="legal_hold", **who),
    "resume": pauses.resume,
    "reopen": lambda **who: reopenings.reopen(reason="Appeal", **who),
    "adjudicate": lambda **who: resolutions.adjudicate(answer=None, rationale="No", **who),
}
CLAIM_ACTS: dict[str, Callable[..., Any]] = {
    "extend": assignments.extend,
    "release": assignments.release,
    "decline": lambda **which: assignments.decline(reason="I know them", **which),
}
ACTS = ("send", "claim", "claim", "decide", "decide", "undo", "withdraw", "outcome")


class Office:
    """People who do anything to anything, one act at a time; `now` is the office's own time."""

    def __init__(self, seed: int) -> None:
        factories.a_pipeline()
        self.chance, self.now = random.Random(seed), factories.NOW
        self.bot = factories.a_service()
        self.people = [
            factories.a_person(
                f"one-of-{n}", roles=("reviewer", "lead"), capacity={"open": 50, "per_day": 500}
            )
            for n in range(4)
        ]
        self.held: dict[Any, Claim] = {}

    def act(self, name: str) -> Any:
        """Do one act to something that it may or may not be possible with."""
        someone = self.chance.choice(self.people)
        who = {"principal": principals.of_person(someone), "actor": someone, "now": self.now}
        if name in ITEM_ACTS:
            return ITEM_ACTS[name](item_id=self.any_of(ReviewItem).pk, **who)
        if name in CLAIM_ACTS or name == "decide":
            return self.with_a_claim(name)
        return getattr(self, name)(who)

    def any_of(self, model: Any, **filters: Any) -> Any:
        keys = list(model.objects.filter(**filters).order_by("pk").values_list("pk", flat=True))
        return model.objects.get(pk=self.chance.choice(keys))

    def with_a_claim(self, name: str) -> Any:
        row = self.any_of(Assignment, state=AssignmentState.CLAIMED)
        held, reviewer = self.held[row.pk], row.reviewer
        if name == "decide":
            label = self.chance.choice(["card_arrival", "card_linking"])
            return factories.decide(reviewer, held, label, now=self.now)
        return CLAIM_ACTS[name](
            actor=reviewer, assignment_id=row.pk, token=held.token, now=self.now
        )

    def send(self, who: dict[str, Any]) -> Any:
        tier = self.chance.choice(["low", "mid", "high"])
        return factories.send(self.bot, factories.a_payload(tier), now=self.now)

    def claim(self, who: dict[str, Any]) -> Any:
        held = factories.claim(who["actor"], now=self.now)
        if held:
            self.held[held.assignment.pk] = held
        return held

    def undo(self, who: dict[str, Any]) -> Any:
        last = Decision.objects.order_by("pk").reverse()[0]
        undone = decisions.undo(decision_id=last.pk, actor=last.reviewer, now=self.now)
        self.held[undone.claim.assignment.pk] = undone.claim

    def withdraw(self, who: dict[str, Any]) -> Any:
        sender = {"principal": principals.of_person(self.bot), "actor": self.bot, "now": self.now}
        key = self.any_of(ReviewItem).prediction_id
        return withdrawals.withdraw(prediction_id=key, reason="Sent twice", **sender)

    def outcome(self, who: dict[str, Any]) -> Any:
        return outcomes.record(
            prediction_id=self.any_of(ReviewItem).prediction_id, outcome={"refund": True},
            observed_at=self.now, cost=None, **who,
        )  # fmt: skip


def state() -> Any:
    """Return what an act could move."""
    items = ReviewItem.objects.order_by("pk").values_list("pk", "status", "revision", "cycle")
    claims = Assignment.objects.order_by("pk").values_list("pk", "state", "lease_expires_at")
    return list(items), list(claims), Decision.objects.count()


@pytest.mark.parametrize("seed", [1, 2])
def test_o4_every_act_is_one_event_and_what_is_refused_or_changes_nothing_is_none(
    seed: int,
) -> None:
    office, done = Office(seed), Counter[str]()
    names = [*ACTS, *ITEM_ACTS, *CLAIM_ACTS]
    for _ in range(STEPS // 2):
        office.now += timedelta(seconds=office.chance.randint(1, 240))
        name, before, count = office.chance.choice(names), state(), AuditEvent.objects.count()
        try:
            office.act(name)
        except (DomainError, IndexError):
            assert (state(), AuditEvent.objects.count()) == (before, count), name
            continue
        # An outcome moves nothing of these; a claim that finds nothing, or a repeat, is no act.
        acted = name in ("outcome", "send") or state() != before
        assert AuditEvent.objects.count() - count == int(acted), name
        done[name] += acted
    assert set(done) == set(names)
    assert min(done.values()) > 1, done
    span = Span(since=None, now=office.now)
    assert list(invariants.ledger_verifies(span)) == []
