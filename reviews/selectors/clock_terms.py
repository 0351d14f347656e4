"""By which law the clocks of an item run: the versions in force, and when they start."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from governance.domain.times import parse_duration
from governance.enums import PolicyKind
from governance.models import Calendar, PolicyVersion
from governance.selectors import policies
from reviews.domain.clocks import Event, Terms
from reviews.selectors import clocks


@dataclass(frozen=True)
class Law:
    """An SLA policy and the calendar it runs by, each in its current version."""

    policy_version: uuid.UUID
    calendar_version: uuid.UUID

    @property
    def document(self) -> dict[str, Any]:
        """The policy."""
        return policies.document(self.policy_version)

    @property
    def retroactive(self) -> bool:
        """Whether clocks start when the prediction was made."""
        return bool(self.document.get("start") == "occurred_at")

    def terms(self, kind: str, *, cycle: int = 1) -> Terms:
        """Return what a clock of this kind runs by."""
        return clocks.terms_of(self.policy_version, self.calendar_version, kind, cycle=cycle)

    def start(self, kind: str, received_at: datetime, occurred_at: datetime | None = None) -> Event:
        """Return the start of a clock of an item that was received, and made before that.

        A retroactive start is not after the receipt, and at most `max_backdate` before it; an
        earlier one is moved there, and the event says from where.
        """
        at, detail = received_at, {}
        if self.retroactive and occurred_at is not None:
            earliest = received_at - parse_duration(self.document.get("max_backdate", "P1D"))
            at = min(max(occurred_at, earliest), received_at)
            if at != occurred_at:
                detail["clamped_from"] = occurred_at.isoformat()
        return clocks.start_event(self.terms(kind), at, received_at, **detail)


def law_of(sla: str, *, version_id: Any, queue: str) -> Law | None:
    """Return the law of items in a queue under a policy, or None when no SLA policy is named.

    A queue that has a calendar of its own runs by it.
    """
    found = policies.current_sla(sla) if sla else None
    if found is None:
        return None
    return Law(found[0], calendar_of(version_id, queue) or found[1])


def calendar_of(version_id: Any, queue: str) -> uuid.UUID | None:
    """Return the current version of the calendar that a queue names for itself."""
    place = policies.document(version_id)["queues"].get(queue) or {}
    slug = place.get("calendar")
    if not slug:
        return None
    return Calendar.objects.filter(slug=slug).values_list("current_id", flat=True).first()


def law_in_force(policy_version: uuid.UUID, *, version_id: Any, queue: str) -> Law:
    """Return the law that a policy, known by one of its versions, is now.

    A policy that has been taken away goes on as it was.
    """
    current = law_of(policies.version(policy_version).slug, version_id=version_id, queue=queue)
    return current or law_pinned(policy_version, version_id=version_id, queue=queue)


def law_pinned(policy_version: uuid.UUID, *, version_id: Any = None, queue: str = "") -> Law:
    """Return one version of a policy, with the hours that now hold in a queue.

    What is no item waits in none: without `version_id` the policy's own calendar holds.
    """
    slug = policies.document(policy_version)["calendar"]
    own = calendar_of(version_id, queue) if version_id else None
    return Law(policy_version, own or _latest(slug))


def _latest(slug: str) -> uuid.UUID:
    """Return the current version of a calendar, or the last of one that was taken away."""
    current = Calendar.objects.filter(slug=slug).values_list("current_id", flat=True).first()
    if current is not None:
        return current
    versions = PolicyVersion.objects.filter(kind=PolicyKind.CALENDAR, slug=slug)
    return versions.order_by("-number").values_list("pk", flat=True)[0]
