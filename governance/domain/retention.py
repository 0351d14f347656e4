"""How long records are kept."""

from collections.abc import Mapping

# The logs of a high-risk system are kept for six months at least (AI Act, Articles 19 and 26(6)).
FLOOR_DAYS = 183
DEFAULT_DAYS: Mapping[str, int] = {
    "predictions": 730,
    "decisions": 2557,
    "routing": 396,
    "notifications": 396,
}


class BelowFloor(ValueError):
    """Records would be kept for less than the law asks for."""


def checked(days: int) -> int:
    """Return `days`; BelowFloor when they are fewer than FLOOR_DAYS."""
    if days < FLOOR_DAYS:
        raise BelowFloor(f"Records are kept for {FLOOR_DAYS} days at least, not {days}.")
    return days
