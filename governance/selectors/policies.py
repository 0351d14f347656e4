"""Which policy is in force, and what documents may refer to."""

import functools
import uuid
from typing import Any

from django.db import connection

from governance.domain.business_time import Calendar as BusinessCalendar
from governance.domain.documents.known import Known
from governance.models import Calendar, Pipeline, PolicyVersion, Role, SLAPolicy, User

CURRENT_SLA = """
    SELECT s.current_id, c.current_id FROM governance_slapolicy s
    JOIN governance_calendar c ON c.id = s.calendar_id WHERE s.slug = %s
"""


def known() -> Known:
    """Return what is on record, for the references of documents."""
    rows = Pipeline.objects.values_list("slug", "settings__slas", "live__document__slas")
    slas = {slug: written or live for slug, written, live in rows}
    return Known(
        calendars=frozenset(Calendar.objects.values_list("slug", flat=True)),
        sla_policies=frozenset(SLAPolicy.objects.values_list("slug", flat=True)),
        roles=frozenset(Role.objects.values_list("slug", flat=True)),
        usernames=frozenset(User.objects.values_list("username", flat=True)),
        pipelines=frozenset(slas),
        with_default=frozenset(slug for slug, entries in slas.items() if entries),
    )


@functools.lru_cache(maxsize=256)
def version(version_id: Any) -> PolicyVersion:
    """Return a version; versions never change, so it is kept in memory."""
    return PolicyVersion.objects.get(pk=version_id)


def document(version_id: Any) -> dict[str, Any]:
    """Return the document of a version."""
    found: dict[str, Any] = version(version_id).document
    return found


@functools.lru_cache(maxsize=64)
def business_calendar(version_id: Any) -> BusinessCalendar:
    """Return the calendar of a calendar's version."""
    return BusinessCalendar.from_document(document(version_id))


def current_sla(slug: str) -> tuple[uuid.UUID, uuid.UUID] | None:
    """Return the ids of the current versions of an SLA policy and of its calendar."""
    with connection.cursor() as cursor:
        cursor.execute(CURRENT_SLA, [slug])
        found = cursor.fetchone()
    if found is None or None in found:
        return None
    policy, calendar = (key if isinstance(key, uuid.UUID) else uuid.UUID(key) for key in found)
    return policy, calendar
