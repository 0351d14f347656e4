"""How clocks and escalations are shown in the API."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from rest_framework import serializers

from governance.domain.times import format_duration
from governance.models import User
from governance.rest.schema import Shown, page_of
from governance.selectors import policies
from reviews.enums import ClockKind, ClockOutcome, ClockStatus, EscalationOutcome
from reviews.models import Escalation
from reviews.selectors.clock_views import ClockView


class PauseShown(Shown):
    """A time for which a clock stood still."""

    reason = serializers.CharField()
    until = serializers.DateTimeField(allow_null=True, help_text="null: it still stands still.")

    def get_fields(self) -> dict[str, Any]:
        """Add `from`, which is a word of the language."""
        return {"from": serializers.DateTimeField(), **super().get_fields()}


class LadderShown(Shown):
    """Where a clock is on its ladder."""

    loop = serializers.IntegerField()
    level = serializers.IntegerField(help_text="The level that fired last; 0: none yet.")
    levels = serializers.IntegerField()
    next_at = serializers.DateTimeField(allow_null=True)
    acked_at = serializers.DateTimeField(allow_null=True)


class ClockShown(Shown):
    """One measurement on an item, in one cycle. Durations are business time."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(ClockKind.choices)
    cycle = serializers.IntegerField()
    status = serializers.ChoiceField(ClockStatus.choices)
    target = serializers.CharField(allow_null=True, help_text="null: not monitored.")
    started_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(allow_null=True, help_text="null while paused.")
    elapsed = serializers.CharField()
    remaining = serializers.CharField(
        allow_null=True, help_text="Begins with a minus when it is overdue."
    )
    at_risk = serializers.BooleanField()
    breached_at = serializers.DateTimeField(allow_null=True)
    detected_at = serializers.DateTimeField(allow_null=True)
    overdue_business = serializers.CharField(allow_null=True)
    overdue_wall = serializers.CharField(allow_null=True)
    stopped_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.ChoiceField(ClockOutcome.choices, allow_null=True)
    backdated = serializers.BooleanField(help_text="Its start was moved to max_backdate.")
    policy_version = serializers.IntegerField()
    policy = serializers.CharField()
    calendar_version = serializers.IntegerField()
    calendar = serializers.CharField()
    pauses = PauseShown(many=True)
    ladder = LadderShown(allow_null=True)


class EscalationShown(Shown):
    """That a level of a ladder fired."""

    id = serializers.UUIDField()
    item = serializers.UUIDField(allow_null=True)
    clock = serializers.UUIDField()
    kind = serializers.ChoiceField(ClockKind.choices)
    cycle = serializers.IntegerField()
    loop = serializers.IntegerField()
    level = serializers.IntegerField()
    outcome = serializers.ChoiceField(EscalationOutcome.choices)
    planned_at = serializers.DateTimeField()
    fired_at = serializers.DateTimeField()
    breached_at = serializers.DateTimeField()
    overdue_business = serializers.CharField()
    overdue_wall = serializers.CharField()
    targets = serializers.ListField(child=serializers.CharField())
    actions = serializers.JSONField()
    acked_at = serializers.DateTimeField(allow_null=True)
    acked_by = serializers.CharField(allow_null=True)


ESCALATIONS = page_of(EscalationShown)


def length(value: timedelta | None) -> str | None:
    """Return a length of time as ISO 8601, with a minus where it is below zero."""
    if value is None:
        return None
    return format_duration(value) if value >= timedelta(0) else f"-{format_duration(-value)}"


def clock(view: ClockView, now: datetime) -> dict[str, Any]:
    """Return a clock as it is at `now`."""
    row, state, until = view.row, view.state, view.state.stopped_at or now
    policy, calendar = (
        policies.version(v) for v in (row.policy_version_id, row.calendar_version_id)
    )
    overdue = view.overdue(now) or (None, None)
    late = state.is_late(now)
    return {
        "id": row.pk,
        "kind": row.kind,
        "cycle": row.cycle,
        "status": state.status,
        "target": length(state.terms.target),
        "started_at": state.started_at,
        "due_at": state.due_at,
        "elapsed": length(state.elapsed_at(until)),
        "remaining": length(state.remaining_at(until)),
        "at_risk": state.is_at_risk(now),
        "breached_at": state.breached_at or (state.due_at if late else None),
        "detected_at": state.detected_at,
        "overdue_business": length(overdue[0]),
        "overdue_wall": length(overdue[1]),
        "stopped_at": state.stopped_at,
        "outcome": state.outcome or None,
        "backdated": "clamped_from" in view.events[0].detail,
        "policy_version": policy.number,
        "policy": policy.slug,
        "calendar_version": calendar.number,
        "calendar": calendar.slug,
        "pauses": view.pauses,
        "ladder": _ladder(view),
    }


def _ladder(view: ClockView) -> dict[str, Any] | None:
    ladder, position = view.state.terms.ladder, view.state.position
    if not ladder.levels:
        return None
    return {
        "loop": position.loop,
        "level": position.level,
        "levels": len(ladder.levels),
        "next_at": position.at,
        "acked_at": position.acked_at,
    }


def escalations(rows: Sequence[Escalation]) -> list[dict[str, Any]]:
    """Return escalations with the names of whom they told."""
    people = {pk for row in rows for pk in row.targets}
    names = dict(User.objects.filter(pk__in=people).values_list("pk", "username"))
    return [_escalation(row, names) for row in rows]


def _escalation(row: Escalation, names: dict[int, str]) -> dict[str, Any]:
    ack = next(iter(row.acknowledgements.all()), None)
    return {
        "id": row.pk,
        "item": row.item_id,
        "clock": row.clock_id,
        "kind": row.clock.kind,
        "cycle": row.cycle,
        "loop": row.loop,
        "level": row.level,
        "outcome": row.outcome,
        "planned_at": row.planned_at,
        "fired_at": row.fired_at,
        "breached_at": row.breached_at,
        "overdue_business": length(row.overdue),
        "overdue_wall": length(row.fired_at - row.breached_at),
        "targets": [names[pk] for pk in row.targets if pk in names],
        "actions": row.actions,
        "acked_at": ack.at if ack else None,
        "acked_by": ack.actor.username if ack and ack.actor else None,
    }
