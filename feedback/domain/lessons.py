"""Which states a lesson goes through."""

from types import MappingProxyType

from feedback.enums import LessonState as S

# A lesson that was retired stays so: who learns it again writes another.
LEADS_TO = MappingProxyType(
    {
        S.PROPOSED: frozenset((S.PROPOSED, S.ADOPTED, S.RETIRED)),
        S.ADOPTED: frozenset((S.ADOPTED, S.RETIRED)),
        S.RETIRED: frozenset[S](),
    }
)


def may_become(source: str, target: str) -> bool:
    """Return whether a lesson in one state may come to another, or be edited within it."""
    return S(target) in LEADS_TO[S(source)]
