"""Which acts an item allows in which status, and where they lead."""

from dataclasses import dataclass
from types import MappingProxyType

from governance.exceptions import Conflict
from reviews.enums import ItemStatus as S

OPEN = frozenset((S.PENDING, S.IN_REVIEW, S.AWAITING_OTHERS))
UNSETTLED = OPEN | {S.AWAITING_ADJUDICATION, S.ESCALATED}
ENDED = frozenset((S.RESOLVED, S.WITHDRAWN, S.EXPIRED))


class IllegalTransition(Conflict):
    """The act is not one that the item's status allows."""

    code = "illegal_transition"


@dataclass(frozen=True)
class Transition:
    """An act: the statuses it may start from and those it may lead to."""

    sources: frozenset[S]
    targets: frozenset[S]


TRANSITIONS = MappingProxyType(
    {
        "claim": Transition(OPEN, frozenset((S.IN_REVIEW,))),
        # A claim that ends without a decision: released, declined or lapsed.
        "vacate": Transition(UNSETTLED | ENDED, UNSETTLED | ENDED),
        "decide": Transition(
            UNSETTLED,
            OPEN | {S.AWAITING_ADJUDICATION, S.ESCALATED, S.RESOLVED},
        ),
        "adjudicate": Transition(
            frozenset((S.AWAITING_ADJUDICATION, S.ESCALATED)), frozenset((S.RESOLVED,))
        ),
        # A challenge that was right: another outcome takes the place of the one that stood.
        "overturn": Transition(frozenset((S.RESOLVED,)), frozenset((S.RESOLVED,))),
        # Of what is still open only that which was just opened for it: see services.overrides.
        "override": Transition(
            frozenset((S.PENDING, S.RESOLVED, S.EXPIRED)), frozenset((S.RESOLVED,))
        ),
        "undo": Transition(UNSETTLED | {S.RESOLVED}, frozenset((S.IN_REVIEW,))),
        "escalate": Transition(OPEN | {S.AWAITING_ADJUDICATION}, frozenset((S.ESCALATED,))),
        "withdraw": Transition(UNSETTLED, frozenset((S.WITHDRAWN,))),
        "expire": Transition(UNSETTLED, frozenset((S.EXPIRED,))),
        "reopen": Transition(frozenset((S.RESOLVED, S.EXPIRED)), frozenset((S.PENDING,))),
    }
)


def move(act: str, *, source: str, target: str) -> S:
    """Return `target` when `act` leads there from `source`, else raise IllegalTransition."""
    transition = TRANSITIONS[act]
    if S(source) not in transition.sources:
        raise IllegalTransition(f"An item that is {source} does not allow {act}.")
    if S(target) not in transition.targets:
        raise IllegalTransition(f"{act} does not lead from {source} to {target}.")
    return S(target)


def while_open(*, live: int, decided: int) -> S:
    """Return the status of an item that still needs reviewers."""
    if live:
        return S.IN_REVIEW
    return S.AWAITING_OTHERS if decided else S.PENDING
