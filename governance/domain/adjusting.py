"""Which acts an adjustment allows in which state, and which signatures a change takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from governance.enums import AdjustmentState as S
from governance.enums import Risk, Substantial

# An act, the states that it starts from, and those it may lead to.
TRANSITIONS: Mapping[str, tuple[frozenset[S], frozenset[S]]] = MappingProxyType(
    {
        "edit": (frozenset((S.DRAFT, S.SUBMITTED, S.APPROVED, S.STALE)), frozenset((S.DRAFT,))),
        "submit": (frozenset((S.DRAFT,)), frozenset((S.SUBMITTED,))),
        "sign": (frozenset((S.SUBMITTED,)), frozenset((S.SUBMITTED, S.APPROVED))),
        "countersign": (frozenset((S.ROLLED_BACK,)), frozenset((S.ROLLED_BACK,))),
        "challenge": (frozenset((S.SUBMITTED,)), frozenset((S.SUBMITTED,))),
        "reject": (frozenset((S.SUBMITTED,)), frozenset((S.REJECTED,))),
        "withdraw": (
            frozenset((S.DRAFT, S.SUBMITTED, S.APPROVED, S.STALE)), frozenset((S.WITHDRAWN,)),
        ),
        "activate": (frozenset((S.APPROVED,)), frozenset((S.ACTIVE, S.STALE))),
        "roll_back": (frozenset((S.ACTIVE,)), frozenset((S.ROLLED_BACK,))),
        "supersede": (frozenset((S.ACTIVE,)), frozenset((S.SUPERSEDED,))),
        # What superseded it was rolled back.
        "restore": (frozenset((S.SUPERSEDED,)), frozenset((S.ACTIVE,))),
    }
)  # fmt: skip


def allows(act: str, state: str) -> bool:
    """Return whether an adjustment in `state` allows `act`."""
    return S(state) in TRANSITIONS[act][0]


def moves() -> frozenset[tuple[str, str]]:
    """Return every pair of different states that some act leads from and to."""
    return frozenset(
        (str(source), str(target))
        for sources, targets in TRANSITIONS.values()
        for source in sources
        for target in targets
        if source != target
    )


@dataclass(frozen=True)
class Signatures:
    """Which signatures a change takes; `roles` may approve, or all who may sign where it is empty.

    Each comes from another person. `assessed` asks for an impact assessment that is relied on.
    """

    approvals: int = 2
    validations: int = 0
    roles: tuple[str, ...] = ()
    assessed: bool = False


# Where no policy of the pipeline says otherwise.
DEFAULT: Mapping[str, Signatures] = MappingProxyType(
    {Risk.LOW: Signatures(), Risk.MEDIUM: Signatures(), Risk.HIGH: Signatures(validations=1)}
)
ORDER = (Risk.LOW, Risk.MEDIUM, Risk.HIGH)


def risk_of(stated: str, substantial: str) -> Risk:
    """Return the risk of a change: as stated, but high where it is a substantial modification."""
    return Risk.HIGH if substantial == Substantial.YES else Risk(stated)
