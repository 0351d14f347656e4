"""Opening review items for predictions that people must see."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection

from governance.db import bulk
from governance.models.base import uuid7_text
from reviews.domain.routing import Destination, Route
from reviews.enums import ClockKind, ItemStatus
from reviews.models import ClockEvent, Lane, Prediction, ReviewItem, SLAClock
from reviews.selectors import clock_terms
from reviews.selectors.routing import compiled
from reviews.services import clock_rows

ITEM_FIELDS = (
    "id", "prediction", "pipeline", "lane", "config_version", "sla_version", "tier", "queue",
    "priority", "blind", "status", "slots", "open_slots", "created_at", "due_at", "urgent_at",
    "cycle", "closed_slots", "pause_reason", "revision", "blind_first",
)  # fmt: skip
_known: set[uuid.UUID] = set()
WITHOUT_SLA = timedelta(days=1)
PER_PRIORITY = timedelta(hours=1)
# The clocks of every item; the last of them says when it is due.
FIRST = (ClockKind.CLAIM, ClockKind.DECIDE)
NEW_LANE = (
    "INSERT INTO reviews_lane (id, pipeline_id, queue, key) VALUES (%s, %s, %s, %s) "
    "ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A prediction that was routed to people; `sla` names its SLA policy, or none."""

    prediction_id: str
    pipeline_id: int
    version_id: str
    route: Route
    sla: str
    occurred_at: datetime | None


class Times(NamedTuple):
    """The times of an item as text, the SLA version that they follow, and its clocks."""

    sla_version: str | None
    created_at: str
    due_at: str | None
    urgent_at: str
    clocks: tuple[clock_rows.Started, ...] = ()


Place = tuple[int, str, str, str, int, datetime | None]


@dataclass
class Deadlines:
    """The times of items that arrive at `now`, worked out once for each SLA policy and place."""

    now: datetime
    known: dict[Place, Times] = field(default_factory=dict)
    laws: dict[tuple[str, str, str], clock_terms.Law | None] = field(default_factory=dict)

    def of(self, arrival: Arrival) -> Times:
        """Return the times of an item."""
        to = arrival.route.to
        law = self._law(arrival.version_id, to.queue, arrival.sla)
        # Where clocks start at receipt, when the prediction was made moves nothing.
        occurred = arrival.occurred_at if law and law.retroactive else None
        place = (
            arrival.pipeline_id, arrival.version_id, to.queue, arrival.sla, to.priority, occurred,
        )  # fmt: skip
        times = self.known.get(place)
        if times is None:
            times = self.known[place] = self._worked_out(place, law)
        return times

    def _law(self, version_id: str, queue: str, sla: str) -> clock_terms.Law | None:
        place = (version_id, queue, sla)
        if place not in self.laws:
            self.laws[place] = clock_terms.law_of(sla, version_id=version_id, queue=queue)
        return self.laws[place]

    def _worked_out(self, place: Place, law: clock_terms.Law | None) -> Times:
        pipeline_id, _, _, _, priority, occurred = place
        started = [] if law is None else [
            clock_rows.Started(pipeline_id, kind, law.start(kind, self.now, occurred))
            for kind in FIRST
        ]  # fmt: skip
        due_at = started[-1].state.due_at if started else None
        return Times(
            str(law.policy_version) if law else None,
            self.now.isoformat(),
            due_at.isoformat() if due_at else None,
            urgency(self.now, due_at, priority).isoformat(),
            tuple(started),
        )


def urgency(arrived_at: datetime, due_at: datetime | None, priority: int) -> datetime:
    """Return what orders claims: the due time less an hour for each point of priority."""
    return (due_at or arrived_at + WITHOUT_SLA) - priority * PER_PRIORITY


class Opened(NamedTuple):
    """The rows of new items, of their clocks and of the events that start these."""

    items: list[Sequence[Any]]
    clocks: list[Sequence[Any]]
    events: list[Sequence[Any]]


def open_for(*, arrivals: Sequence[Arrival], now: datetime) -> None:
    """Open an item for each arrival, with its clocks, in the caller's transaction."""
    opened = rows_for(arrivals=arrivals, now=now)
    bulk.insert(ReviewItem, ITEM_FIELDS, opened.items, expected=len(opened.items))
    bulk.insert(SLAClock, clock_rows.CLOCK_FIELDS, opened.clocks, expected=len(opened.clocks))
    bulk.insert(ClockEvent, clock_rows.EVENT_FIELDS, opened.events, expected=len(opened.events))


def rows_for(*, arrivals: Sequence[Arrival], now: datetime) -> Opened:
    """Return the rows of an item for each arrival; their lanes exist from now on."""
    deadlines, opened = Deadlines(now), Opened([], [], [])
    lanes: dict[tuple[int, str, tuple[str, ...]], Lane] = {}
    for arrival in arrivals:
        route = arrival.route
        place = (arrival.pipeline_id, route.queue, route.skills)
        if place not in lanes:
            lanes[place] = Lane.of(*place)
        times, item = deadlines.of(arrival), uuid7_text()
        opened.items.append(_row(item, arrival, str(lanes[place].pk), times))
        for started in times.clocks:
            clock, event = started.rows(item)
            opened.clocks.append(clock)
            opened.events.append(event)
    make_known(lanes.values())
    return opened


def make_known(lanes: Iterable[Lane]) -> None:
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
    """Forget which lanes exist; for whoever makes one attempt only, before it."""
    _known.clear()


def _row(item: str, arrival: Arrival, lane: str, times: Times) -> tuple[Any, ...]:
    route, to = arrival.route, arrival.route.to
    return (
        item,
        arrival.prediction_id,
        arrival.pipeline_id,
        lane,
        arrival.version_id,
        times.sla_version,
        to.tier.slug,
        to.queue,
        to.priority,
        route.blind,
        ItemStatus.PENDING.value,
        route.decisions,
        route.decisions,
        times.created_at,
        times.due_at,
        times.urgent_at,
        1,
        0,
        "",
        1,
        route.blind_first,
    )


def unseen(row: Prediction) -> Arrival:
    """Return what was approved unseen as an arrival at the review of its tier, under its policy."""
    policy = compiled(str(row.config_version_id))
    tier = policy.tiers[row.tier]
    to = Destination(
        tier=tier, rule=row.rule, queue=row.queue or tier.queue or policy.default_queue,
        skills=tuple(row.skills), priority=row.priority, asked=1, propensity=1.0,
    )  # fmt: skip
    content = {
        "input": row.input, "output": row.output, "confidence": row.confidence,
        "scores": row.scores or {}, "scenario_type": row.scenario_type,
        "characteristics": row.characteristics,
        "model": {"name": row.model_name, "version": row.model_version},
    }  # fmt: skip
    return Arrival(
        str(row.pk), row.pipeline_id, str(row.config_version_id), Route(to, "", 1, ()),
        policy.sla_of(tier, content), row.occurred_at,
    )  # fmt: skip
