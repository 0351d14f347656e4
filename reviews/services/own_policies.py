"""SLA policies that the software makes for itself, once, where nobody has written one.

From then on they are like any other: who administers changes them, for the clocks to come.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from governance.domain.documents.clocks import ADMINISTRATORS
from governance.models import Role
from governance.selectors import policies
from governance.services import configuration

CALENDAR = "round-the-clock"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ROUND_THE_CLOCK: dict[str, Any] = {
    "kind": "Calendar", "slug": CALENDAR, "timezone": "UTC",
    "windows": {day: ["00:00-24:00"] for day in DAYS},
}  # fmt: skip


def ensure(
    slug: str,
    *,
    target: str,
    permission: str,
    reason: str,
    now: datetime,
    at_risk: Sequence[float] = (0.5, 0.8),
) -> str:
    """Return `slug`, and make it a policy of signing off first where there is none of that name.

    `target` is an ISO 8601 duration, round the clock. Warnings, and the first level when it is used
    up, tell whose role has `permission`; a day later the administrators are told.
    """
    if policies.current_sla(slug) is None:
        policy = {
            "kind": "SLAPolicy", "slug": slug, "calendar": CALENDAR, "at_risk": list(at_risk),
            "targets": {"signoff": target}, **_ladder(permission),
        }  # fmt: skip
        configuration.apply(sources=[ROUND_THE_CLOCK, policy], actor=None, reason=reason, now=now)
    return slug


def _ladder(permission: str) -> dict[str, Any]:
    """Return the ladder of a policy: whose role has a permission, then who administers by then."""
    roles = [
        f"role:{role.slug}"
        for role in Role.objects.order_by("slug")
        if permission in role.permissions
    ]
    levels = [
        {"delay": delay, "notify": notify}
        for delay, notify in (("PT0S", roles), ("P1D", [ADMINISTRATORS]))
        if notify
    ]
    return {"ladder": {"levels": levels, "ack_timeout": "P1D"}}
