"""Every act in every status: the table says where it leads, and everything else is refused."""

import itertools

import pytest

from governance.exceptions import Conflict
from reviews.domain import lifecycle
from reviews.domain.lifecycle import TRANSITIONS, IllegalTransition, move, while_open
from reviews.enums import ItemStatus as S

SETTLED = {S.RESOLVED, S.WITHDRAWN, S.EXPIRED}
# Written out by hand, so that a change of the table is a decision.
SOURCES = {
    "claim": {S.PENDING, S.IN_REVIEW, S.AWAITING_OTHERS},
    "vacate": set(S),
    "decide": set(S) - SETTLED,
    "adjudicate": {S.AWAITING_ADJUDICATION, S.ESCALATED},
    "overturn": {S.RESOLVED},
    "override": {S.PENDING, S.RESOLVED, S.EXPIRED},
    "undo": set(S) - {S.WITHDRAWN, S.EXPIRED},
    "escalate": {S.PENDING, S.IN_REVIEW, S.AWAITING_OTHERS, S.AWAITING_ADJUDICATION},
    "withdraw": set(S) - SETTLED,
    "expire": set(S) - SETTLED,
    "reopen": {S.RESOLVED, S.EXPIRED},
}
TARGETS = {
    "claim": {S.IN_REVIEW},
    "vacate": set(S),
    "decide": set(S) - {S.WITHDRAWN, S.EXPIRED},
    "adjudicate": {S.RESOLVED},
    "overturn": {S.RESOLVED},
    "override": {S.RESOLVED},
    "undo": {S.IN_REVIEW},
    "escalate": {S.ESCALATED},
    "withdraw": {S.WITHDRAWN},
    "expire": {S.EXPIRED},
    "reopen": {S.PENDING},
}


def test_the_table_has_just_these_acts() -> None:
    assert set(TRANSITIONS) == set(SOURCES) == set(TARGETS)
    assert lifecycle.ENDED == SETTLED
    assert lifecycle.OPEN | lifecycle.ENDED | {S.AWAITING_ADJUDICATION, S.ESCALATED} == set(S)


@pytest.mark.parametrize(("act", "source", "target"), list(itertools.product(SOURCES, S, S)))
def test_an_act_leads_where_the_table_says_and_nowhere_else(act: str, source: S, target: S) -> None:
    if source in SOURCES[act] and target in TARGETS[act]:
        assert move(act, source=source, target=target) is target
    else:
        with pytest.raises(IllegalTransition) as caught:
            move(act, source=source, target=target)
        assert source in caught.value.detail


def test_an_act_that_is_not_allowed_is_a_conflict_for_its_caller() -> None:
    assert issubclass(IllegalTransition, Conflict)
    assert (IllegalTransition.status, IllegalTransition.code) == (409, "illegal_transition")


@pytest.mark.parametrize(
    ("live", "decided", "status"),
    [(0, 0, S.PENDING), (1, 0, S.IN_REVIEW), (1, 1, S.IN_REVIEW), (0, 1, S.AWAITING_OTHERS)],
)
def test_an_open_item_waits_or_is_in_hands(live: int, decided: int, status: S) -> None:
    assert while_open(live=live, decided=decided) is status
