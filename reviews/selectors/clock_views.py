"""Clocks and escalations as they are shown: with their events, pauses and ladder."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from governance.domain.principal import Principal
from reviews.domain.clocks import State, replay
from reviews.enums import ClockEventKind, ClockStatus
from reviews.models import ClockEvent, Escalation, SLAClock
from reviews.selectors import clocks


@dataclass(frozen=True)
class ClockView:
    """A clock with all that happened to it."""

    row: SLAClock
    state: State
    events: Sequence[ClockEvent]

    def overdue(self, now: datetime) -> tuple[timedelta, timedelta] | None:
        """Return how long the clock is past its target: in business time, and on the wall."""
        state = self.state
        until = state.stopped_at or now
        since = state.breached_at or (state.due_at if state.is_late(now) else None)
        left = state.remaining_at(until)
        if since is None or left is None:
            return None
        return max(-left, timedelta(0)), until - since

    @property
    def pauses(self) -> list[dict[str, Any]]:
        """When it stood still and why; `until` of None: it still does."""
        found: list[dict[str, Any]] = []
        for event in self.events:
            if event.kind == ClockEventKind.PAUSE:
                found.append({"from": event.at, "until": None, "reason": event.reason})
            elif found and found[-1]["until"] is None and event.kind in ENDS:
                found[-1]["until"] = event.at
        return found


ENDS = (ClockEventKind.RESUME, ClockEventKind.STOP, ClockEventKind.CANCEL)


def of_item(item_id: uuid.UUID) -> list[ClockView]:
    """Return the clocks of an item, cycle by cycle."""
    rows = list(SLAClock.objects.filter(item=item_id).order_by("cycle", "started_at", "pk"))
    events = clocks.events_of([row.pk for row in rows])
    return [
        ClockView(row, replay([clocks.event_of(e) for e in events[row.pk]]), events[row.pk])
        for row in rows
    ]


def escalations(principal: Principal, wanted: Mapping[str, Any]) -> "QuerySet[Escalation]":
    """Return the escalations of the pipelines within reach that the filters of the API name."""
    rows = Escalation.objects.select_related("clock").prefetch_related("acknowledgements__actor")
    if principal.pipelines is not None:
        rows = rows.filter(pipeline__in=principal.pipelines)
    lookups = {"pipeline": "pipeline__slug", "item": "item", "clock": "clock"}
    rows = rows.filter(**{lookups[n]: v for n, v in wanted.items() if n in lookups})
    if "acked" in wanted:
        rows = rows.filter(acknowledgements__isnull=not wanted["acked"])
    return rows


def is_paused(view: ClockView) -> bool:
    """Return whether a clock stands still."""
    return view.state.status == ClockStatus.PAUSED
