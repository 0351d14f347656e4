"""Configuration on record that today's rules would refuse: it came in some other way, or before."""

import functools
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from governance.domain import business_time, documents
from governance.domain.documents.known import Known
from governance.models import Calendar, Pipeline, SLAPolicy
from governance.selectors import policies

INSTANT = timedelta(microseconds=1)
# What a document that is no document can make of the code that reads it.
SENSELESS = (AttributeError, LookupError, OverflowError, TypeError, ValueError)


@dataclass(frozen=True)
class Unsound:
    """A document in force that is not valid, or a calendar that has run out of hours."""

    kind: str
    slug: str
    detail: str

    def __str__(self) -> str:
        return f"{self.kind} {self.slug}: {self.detail}"


def unsound(now: datetime) -> list[Unsound]:
    """Return what is in force and should not be: each current version, checked as if it came now.

    A calendar that a policy or a queue names must have hours after `now` as well.
    """
    known, current = policies.known(), _in_force()
    found = []
    for kind, slug, version_id in current:
        faults = _faults(kind, slug, version_id, known)
        found += [Unsound(kind, slug, detail) for detail in faults]
    wrong = {each.slug for each in found if each.kind == "Calendar"}
    for slug, version_id in _calendars_in_use(current).items():
        if slug not in wrong and not _has_hours(version_id, now):
            found.append(Unsound("Calendar", slug, "It has no hours any more."))
    return found


Current = tuple[str, str, Any]


def _in_force() -> list[Current]:
    sources = (
        ("Calendar", Calendar.objects.order_by("slug"), "current_id"),
        ("SLAPolicy", SLAPolicy.objects.order_by("slug"), "current_id"),
        ("Pipeline", Pipeline.objects.order_by("slug"), "live_id"),
    )
    return [
        (kind, slug, version_id)
        for kind, rows, column in sources
        for slug, version_id in rows.values_list("slug", column)
        if version_id is not None
    ]


@functools.lru_cache(maxsize=512)
def _faults(kind: str, slug: str, version_id: Any, known: Known) -> tuple[str, ...]:
    """Return what is wrong with a version; versions never change, so it is worked out once."""
    document = policies.document(version_id)
    try:
        documents.validate([{"kind": kind, "slug": slug} | document], known)
    except documents.InvalidDocuments as error:
        return tuple(f"{fault.pointer[2:]}: {fault.detail}" for fault in error.faults)
    except SENSELESS as error:
        return (f"It makes no sense: {type(error).__name__}.",)
    return ()


def _calendars_in_use(current: list[Current]) -> dict[str, Any]:
    slugs: set[Any] = set(SLAPolicy.objects.values_list("calendar__slug", flat=True))
    for live in (version_id for kind, _, version_id in current if kind == "Pipeline"):
        queues = policies.document(live).get("queues")
        if isinstance(queues, dict):
            named = (queue for queue in queues.values() if isinstance(queue, dict))
            slugs |= {queue.get("calendar") for queue in named}
    calendars = ((slug, version_id) for kind, slug, version_id in current if kind == "Calendar")
    return {slug: version_id for slug, version_id in calendars if slug in slugs}


def _has_hours(version_id: Any, now: datetime) -> bool:
    try:
        return business_time.add(policies.business_calendar(version_id), now, INSTANT) is not None
    except SENSELESS:
        return False
