"""Opening review items for predictions that people must see."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection

from governance.db import bulk
from governance.domain import business_time
from governance.domain.times import parse_duration
from governance.models.base import uuid7_text
from governance.selectors import policies
from reviews.domain.routing import Route
from reviews.enums import ItemStatus
from reviews.models import Lane, ReviewItem

ITEM_FIELDS = (
    "id", "prediction", "pipeline", "lane", "config_version", "sla_version", "tier", "queue",
    "priority", "blind", "status", "slots", "open_slots", "created_at", "due_at", "urgent_at",
    "revision",
)  # fmt: skip
_known: set[uuid.UUID] = set()
WITHOUT_SLA = timedelta(days=1)
PER_PRIORITY = timedelta(hours=1)
NEW_LANE = (
    "INSERT INTO reviews_lane (id, pipeline_id, queue, key) VALUES (%s, %s, %s, %s) "
    "ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A prediction that was routed to people."""

    prediction_id: str
    pipeline_id: int
    version_id: str
    route: Route


class Times(NamedTuple):
    """The times of an item as text, and the SLA version that they follow."""

    sla_version: str | None
    created_at: str
    due_at: str | None
    urgent_at: str


@dataclass
class Deadlines:
    """The times of items that arrive at `now`, worked out once for each SLA policy and priority."""

    now: datetime
    known: dict[tuple[str, int], Times] = field(default_factory=dict)

    def of(self, sla: str, priority: int) -> Times:
        """Return the times of an item."""
        times = self.known.get((sla, priority))
        if times is None:
            times = self.known[sla, priority] = self._worked_out(sla, priority)
        return times

    def _worked_out(self, sla: str, priority: int) -> Times:
        version, due_at = self._look_up(sla)
        urgent_at = (due_at or self.now + WITHOUT_SLA) - priority * PER_PRIORITY
        return Times(
            str(version) if version else None,
            self.now.isoformat(),
            due_at.isoformat() if due_at else None,
            urgent_at.isoformat(),
        )

    def _look_up(self, sla: str) -> tuple[Any, datetime | None]:
        versions = policies.current_sla(sla) if sla else None
        if versions is None:
            return None, None
        policy_id, calendar_id = versions
        target = policies.document(policy_id)["targets"].get("decide")
        if target is None:
            return policy_id, None
        hours = policies.business_calendar(calendar_id)
        return policy_id, business_time.add(hours, self.now, parse_duration(target))


def open_for(*, arrivals: Sequence[Arrival], now: datetime) -> None:
    """Open an item for each arrival, in the caller's transaction."""
    rows = rows_for(arrivals=arrivals, now=now)
    bulk.insert(ReviewItem, ITEM_FIELDS, rows, expected=len(rows))


def rows_for(*, arrivals: Sequence[Arrival], now: datetime) -> list[Sequence[Any]]:
    """Return the ITEM_FIELDS of an item for each arrival; their lanes exist from now on."""
    deadlines = Deadlines(now)
    lanes: dict[tuple[int, str, tuple[str, ...]], Lane] = {}
    rows: list[Sequence[Any]] = []
    for arrival in arrivals:
        route = arrival.route
        place = (arrival.pipeline_id, route.queue, route.skills)
        if place not in lanes:
            lanes[place] = Lane.of(*place)
        rows.append(_row(arrival, str(lanes[place].pk), deadlines))
    _make_known(lanes.values())
    return rows


def _make_known(lanes: Iterable[Lane]) -> None:
    """Insert the lanes that this process has not seen yet.

    That one is gone, with an example that was removed, or was never committed, is found out by
    reviewitem_refers; `forget_lanes` then lets a second attempt insert it.
    """
    with connection.cursor() as cursor:
        for lane in lanes:
            if lane.pk not in _known:
                key = Lane._meta.pk.get_db_prep_value(lane.pk, connection)
                cursor.execute(NEW_LANE, [key, lane.pipeline_id, lane.queue, lane.key])
                _known.add(lane.pk)


def forget_lanes() -> None:
    """Forget which lanes exist."""
    _known.clear()


def _row(arrival: Arrival, lane: str, deadlines: Deadlines) -> tuple[Any, ...]:
    route, to = arrival.route, arrival.route.to
    times = deadlines.of(to.tier.sla, to.priority)
    return (
        uuid7_text(),
        arrival.prediction_id,
        arrival.pipeline_id,
        lane,
        arrival.version_id,
        times.sla_version,
        to.tier.slug,
        to.queue,
        to.priority,
        to.tier.blind,
        ItemStatus.PENDING.value,
        route.decisions,
        route.decisions,
        times.created_at,
        times.due_at,
        times.urgent_at,
        1,
    )
