"""What happened to the time of an item, in the order in which it took effect."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from governance.domain.principal import Principal
from governance.enums import Permission
from governance.models import User
from reviews.enums import ClockEventKind, ClockStatus
from reviews.models import Acknowledgement, ClockEvent, Escalation, ReviewItem
from reviews.selectors import clock_views
from reviews.selectors.clock_views import ClockView

NOTICED = timedelta(minutes=1)
# Escalations and who took them up have rows of their own, which say more.
TOLD_ELSEWHERE = (ClockEventKind.ESCALATE, ClockEventKind.ACK)
# Who reviews is not for their peers to read; who pauses, resumes and moves an item is.
NAMED = (ClockEventKind.PAUSE, ClockEventKind.RESUME, ClockEventKind.RETARGET)


@dataclass(frozen=True)
class Entry:
    """One thing that happened, to one or several clocks at once.

    `late` is by how much it was found after it took effect; `names` are whom a level told.
    """

    at: datetime
    what: str
    cycle: int
    clocks: tuple[str, ...]
    event: ClockEvent | None = None
    outcome: str = ""
    escalation: Escalation | None = None
    ack: Acknowledgement | None = None
    names: tuple[str, ...] = ()
    by: str = ""
    late: timedelta | None = None
    can_take_up: bool = False


def of_item(principal: Principal, item: ReviewItem, views: Sequence[ClockView]) -> list[Entry]:
    """Return the history of an item's clocks and escalations, the earliest first."""
    fired = list(clock_views.escalations(principal, {"item": item.pk}).order_by("fired_at", "pk"))
    people = _names(views, fired)
    entries = [
        entry
        for view in views
        for event in view.events
        if event.kind not in TOLD_ELSEWHERE
        for entry in [_of_event(view, event, people)]
    ]
    current = {view.row.pk: view for view in views}
    for escalation in fired:
        entries += _of_escalation(principal, escalation, current.get(escalation.clock_id), people)
    return _merged(sorted(entries, key=lambda entry: entry.at))


def _names(views: Sequence[ClockView], fired: Sequence[Escalation]) -> dict[int, str]:
    wanted = {pk for row in fired for pk in row.targets}
    wanted |= {e.actor_id for v in views for e in v.events if e.actor_id and e.kind in NAMED}
    if not wanted:
        return {}
    return dict(User.objects.filter(pk__in=wanted).values_list("pk", "username"))


def _of_event(view: ClockView, event: ClockEvent, people: dict[int, str]) -> Entry:
    late = event.recorded_at - event.at
    stopped = event.kind == ClockEventKind.STOP
    return Entry(
        at=event.at,
        what=event.kind,
        cycle=view.row.cycle,
        clocks=(view.row.get_kind_display(),),
        event=event,
        outcome=_outcome(view, event) if stopped else "",
        by=people.get(event.actor_id or 0, "") if event.kind in NAMED else "",
        late=late if late > NOTICED and event.kind == ClockEventKind.BREACH else None,
    )


def _outcome(view: ClockView, event: ClockEvent) -> str:
    """Return what a stop came to; one that was taken back came to nothing."""
    final = view.events[-1].seq == event.seq
    return view.state.outcome if final else ""


def _of_escalation(
    principal: Principal, row: Escalation, view: ClockView | None, people: dict[int, str]
) -> Iterable[Entry]:
    ack = next(iter(row.acknowledgements.all()), None)
    kind = (row.clock.get_kind_display(),)
    names = tuple(people[pk] for pk in row.targets if pk in people)
    yield Entry(
        row.fired_at, "level", row.cycle, kind, outcome=row.outcome, escalation=row, names=names,
        can_take_up=ack is None and _may_take_up(principal, row, view),
    )  # fmt: skip
    if ack is not None:
        # A claim tells who reviews, which is not shown.
        by = ack.actor.username if ack.actor and ack.how != "claim" else ""
        yield Entry(ack.at, "ack", row.cycle, kind, escalation=row, ack=ack, by=by)


def _may_take_up(principal: Principal, row: Escalation, view: ClockView | None) -> bool:
    """Return whether the level is the last that fired, of a clock that runs, and theirs to take."""
    if view is None or view.state.status != ClockStatus.RUNNING:
        return False
    position = view.state.position
    if (position.loop, position.level) != (row.loop, row.level):
        return False
    return principal.user_id in row.targets or principal.may(Permission.ADJUDICATE)


def _merged(entries: Sequence[Entry]) -> list[Entry]:
    """Return entries with those made one that say the same of several clocks at one instant."""
    found: dict[tuple[object, ...], Entry] = {}
    for entry in entries:
        share = entry.event.share if entry.event else None
        level = entry.escalation.pk if entry.escalation else None
        key = (entry.at, entry.what, entry.cycle, entry.outcome, share, entry.by, level)
        known = found.get(key)
        clocks = (*known.clocks, *entry.clocks) if known else entry.clocks
        found[key] = replace(known or entry, clocks=tuple(dict.fromkeys(clocks)))
    return list(found.values())
