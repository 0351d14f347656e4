"""What has happened to clocks, as notices: who is told of it, and with which figures.

It follows from the record alone, so that asking again gives the same: who held an item counts as
of the event, not as of now. Nothing here is taken from a prediction but the id its sender gave it.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from governance.domain import business_time
from governance.domain.times import rfc3339
from reviews.domain.clocks import Terms
from reviews.domain.passing import MAX_PAUSE
from reviews.enums import ClockEventKind as Kind
from reviews.enums import ClockKind, EscalationOutcome, NotificationKind
from reviews.models import Assignment, ClockEvent, Escalation, SLAClock
from reviews.selectors import clocks, recipients

# Of several things about one clock at once, a person is told the gravest.
GRAVITY = (
    NotificationKind.RESUMED, NotificationKind.AT_RISK, NotificationKind.BREACHED,
    NotificationKind.ESCALATED, NotificationKind.EXPIRED,
)  # fmt: skip


@dataclass(frozen=True)
class Notice:
    """One thing that one person is to be told."""

    person_id: int
    kind: str
    source: str
    item_id: uuid.UUID | None
    escalation_id: uuid.UUID | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


def of_events(event_ids: Iterable[Any]) -> list[Notice]:
    """Return whom these events concern, each person once for each clock, in the order of events."""
    events = list(
        ClockEvent.objects.filter(pk__in=list(event_ids)).select_related("clock").order_by("pk")
    )
    known = _Known(events)
    gravest: dict[tuple[int, Any], Notice] = {}
    found: list[Notice] = []
    for event in events:
        for notice in known.notices(event):
            if notice.kind not in GRAVITY:
                found.append(notice)
                continue
            place = (notice.person_id, event.clock_id)
            rival = gravest.get(place)
            if rival is None or _gravity(notice) >= _gravity(rival):
                gravest[place] = notice
    return [*gravest.values(), *found]


def _gravity(notice: Notice) -> int:
    return GRAVITY.index(NotificationKind(notice.kind))


class _Known:
    """What is known about a batch of events, read once for all of them."""

    def __init__(self, events: Sequence[ClockEvent]) -> None:
        levels = [e.detail["escalation"] for e in events if e.kind == Kind.ESCALATE]
        rows = Escalation.objects.filter(pk__in=levels)
        self.escalations = {str(row.pk): row for row in rows}
        self.holders = _holders([e for e in events if e.kind != Kind.ESCALATE])
        self.pauses = _pauses([e for e in events if e.kind == Kind.RESUME])
        self.reached: dict[tuple[int, tuple[str, ...]], list[int]] = {}
        self.owning: dict[int, list[int]] = {}

    def notices(self, event: ClockEvent) -> Iterable[Notice]:
        """Return whom one event concerns."""
        if event.kind == Kind.ESCALATE:
            return self._of_level(event)
        if event.kind == Kind.WARN:
            return self._of_warning(event)
        if event.kind == Kind.BREACH:
            return self._of_breach(event)
        if event.kind == Kind.RESUME and event.reason == MAX_PAUSE:
            return self._of_resumption(event)
        return ()

    def _of_level(self, event: ClockEvent) -> Iterable[Notice]:
        level = self.escalations.get(event.detail["escalation"])
        if level is None:
            return
        # Only the end of the ladder of the clock to decide expires anything.
        final = level.outcome == EscalationOutcome.FINAL and event.clock.kind == ClockKind.DECIDE
        kind = NotificationKind.EXPIRED if final else NotificationKind.ESCALATED
        ladder = terms_of(event.clock).ladder
        detail = _told(event) | {
            "loop": level.loop,
            "level": level.level,
            "levels": len(ladder.levels),
            "overdue_s": _seconds(level.overdue),
            "overdue_wall_s": _seconds(level.fired_at - level.breached_at),
            "actions": sorted(level.actions),
        }
        for person in level.targets:
            yield Notice(
                person, kind, f"event:{event.pk}", level.item_id, level.pk, detail
            )  # fmt: skip
        given = level.actions.get("reassign")
        if given:
            source = f"assignment:{given['assignment']}"
            yield Notice(
                given["reviewer"], NotificationKind.ASSIGNED, source, level.item_id, level.pk,
                _told(event),
            )  # fmt: skip

    def _of_warning(self, event: ClockEvent) -> Iterable[Notice]:
        clock = event.clock
        levels = terms_of(clock).ladder.levels
        people = self._held_by(event) or (
            self._reachable(clock.pipeline_id, levels[0].notify)
            if levels
            else self._owners(clock.pipeline_id)
        )
        detail = _told(event) | {
            "share": event.share,
            "due_at": rfc3339(clock.due_at) if clock.due_at else None,
        }
        return self._each(people, NotificationKind.AT_RISK, event, detail)

    def _of_breach(self, event: ClockEvent) -> Iterable[Notice]:
        clock = event.clock
        by = terms_of(clock)
        people = self._held_by(event)
        if not people and not by.ladder.levels:
            people = self._owners(clock.pipeline_id)
        late = business_time.elapsed(by.calendar, event.at, event.recorded_at)
        detail = _told(event) | {
            "overdue_s": _seconds(late),
            "overdue_wall_s": _seconds(event.recorded_at - event.at),
        }
        return self._each(people, NotificationKind.BREACHED, event, detail)

    def _of_resumption(self, event: ClockEvent) -> Iterable[Notice]:
        pause = self.pauses.get(event.pk)
        by = [pause.actor_id] if pause and pause.actor_id else []
        detail = _told(event) | {
            "reason": pause.reason if pause else "",
            "since": rfc3339(pause.at) if pause else None,
        }
        people = list(dict.fromkeys([*by, *self._held_by(event)]))
        people = people or self._owners(event.clock.pipeline_id)
        # All clocks of an item stand still together: it is one thing to tell.
        source = f"resumed:{event.clock.item_id or event.clock_id}:{rfc3339(event.at)}"
        return self._each(people, NotificationKind.RESUMED, event, detail, source)

    def _each(
        self, people: Sequence[int], kind: str, event: ClockEvent, detail: Mapping[str, Any],
        source: str = "",
    ) -> list[Notice]:  # fmt: skip
        clock = event.clock
        source = source or f"event:{event.pk}"
        return [Notice(person, kind, source, clock.item_id, detail=detail) for person in people]

    def _held_by(self, event: ClockEvent) -> list[int]:
        item = event.clock.item_id
        stretches = self.holders.get(item, ()) if item else ()
        return [who for who, since, until in stretches if since <= event.recorded_at < until]

    def _reachable(self, pipeline_id: int, notify: tuple[str, ...]) -> list[int]:
        place = (pipeline_id, notify)
        if place not in self.reached:
            self.reached[place] = recipients.reachable(pipeline_id, notify)
        return self.reached[place]

    def _owners(self, pipeline_id: int) -> list[int]:
        if pipeline_id not in self.owning:
            self.owning[pipeline_id] = recipients.owners(pipeline_id)
        return self.owning[pipeline_id]


Stretch = tuple[int, datetime, datetime]


def _holders(events: Sequence[ClockEvent]) -> dict[uuid.UUID, list[Stretch]]:
    """Return who held each item from when until when, as far as these events lie within it.

    A lease that had lapsed held nothing, whether or not that had been noticed.
    """
    found: dict[uuid.UUID, list[Stretch]] = defaultdict(list)
    if not events:
        return found
    earliest = min(event.recorded_at for event in events)
    rows = Assignment.objects.filter(
        Q(ended_at=None) | Q(ended_at__gt=earliest),
        item__in={event.clock.item_id for event in events if event.clock.item_id},
    )
    for row in rows.order_by("reviewer", "pk"):
        until = min(row.lease_expires_at, row.ended_at or row.lease_expires_at)
        found[row.item_id].append((row.reviewer_id, row.claimed_at, until))
    return found


def _pauses(events: Sequence[ClockEvent]) -> dict[Any, ClockEvent]:
    """Return the pause that each of these events ended."""
    rows = ClockEvent.objects.filter(clock__in={e.clock_id for e in events}, kind=Kind.PAUSE)
    found: dict[Any, ClockEvent] = {}
    if not events:
        return found
    before = list(rows.order_by("seq"))
    for event in events:
        mine = [row for row in before if row.clock_id == event.clock_id and row.seq < event.seq]
        if mine:
            found[event.pk] = mine[-1]
    return found


def terms_of(clock: SLAClock) -> Terms:
    """Return what a clock runs by."""
    target = None if clock.target is None else clock.target // clocks.MICROSECOND
    return clocks.terms(clock.policy_version_id, clock.calendar_version_id, target)


def _told(event: ClockEvent) -> dict[str, Any]:
    """Return the figures that every notice has: lengths in seconds, times in UTC."""
    clock = event.clock
    return {
        "clock": clock.kind,
        "subject": clock.subject,
        "pipeline": clock.pipeline_id,
        "target_s": None if clock.target is None else _seconds(clock.target),
        "at": rfc3339(event.at),
        "written_at": rfc3339(event.recorded_at),
    }


def _seconds(length: timedelta) -> int:
    return int(length.total_seconds())
