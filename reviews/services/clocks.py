"""The clocks of an item, moved by the acts on it. Each is called with the item locked.

What is returned goes into the ledger event of the act: what became of each clock, by its kind.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from governance.db import turns
from governance.models import User
from governance.services import dispatch
from reviews.domain.clocks import RETARGET, Event, State, Terms, apply, replay
from reviews.domain.passing import Standstill, catch_up, standing
from reviews.enums import ClockEventKind as Kind
from reviews.enums import ClockKind, ClockStatus
from reviews.models import Acknowledgement, Escalation, ReviewItem, SLAClock
from reviews.models.clocks import OPEN
from reviews.selectors import clock_terms, clocks, standstills
from reviews.selectors.clock_terms import Law
from reviews.services import clock_rows
from reviews.services.items import urgency

Told = dict[str, str]


@dataclass
class Held:
    """A clock while it is moved: its row, its state, and what has happened to it by now."""

    row: SLAClock
    state: State
    events: list[Event] = field(default_factory=list)
    standstills: Sequence[Standstill] = ()

    def take(self, event: Event) -> None:
        """Let an event happen."""
        self.events.append(event)
        self.state = apply(self.state, event)

    def moment(self, now: datetime) -> datetime:
        """Return `now`, or the last event where the time has stepped back behind it."""
        return max(now, self.state.counted_at)

    def passed(self, now: datetime) -> list[Event]:
        """Return what has happened by itself up to `now`, but for the ladder."""
        return catch_up(self.state, now, self.standstills)

    def stand_still(self, until: datetime, *, now: datetime) -> None:
        """Let the maintenance up to an instant happen, before terms change at that instant."""
        for event in standing(self.state, until, self.standstills, recorded_at=max(until, now)):
            self.take(event)

    def act(self, kind: str, now: datetime, reason: str = "", **more: Any) -> None:
        """Let an act of this moment happen."""
        at = self.moment(now)
        self.take(Event(kind, at, at, reason, **more))


def stream_of(row: SLAClock) -> str:
    """Return the ledger stream that tells of a clock: its item's, or one of its own."""
    return f"item:{row.item_id}" if row.item_id else f"signoff:{row.subject}"


def of_item(item: ReviewItem, now: datetime) -> list[Held]:
    """Return the open clocks of a locked item, with what has happened to them by itself.

    A breach that nobody has noticed is written by the act that comes first. A warning is not: it
    has nothing to say once somebody acts.
    """
    if item.sla_version_id is None:
        return []
    held = holding(clocks.open_of(item.pk))
    for each in held:
        for event in each.passed(each.moment(now)):
            if event.kind != Kind.WARN:
                each.take(event)
    return held


def holding(rows: list[SLAClock]) -> list[Held]:
    """Return clocks to be moved, as they are; no maintenance begins or ends before the commit."""
    if not rows:
        return []
    turns.share(turns.STANDSTILL)
    found, known = clocks.states(rows), standstills.of_clocks(rows)
    return [
        Held(row, found[row.pk], standstills=known if standstills.stands_still(row) else ())
        for row in rows
    ]


def save(item: ReviewItem, held: Iterable[Held], actor: User | None) -> None:
    """Write what happened to clocks, and let the due time of their item follow.

    A breach of a clock that goes on is told of, as if a sweep had found it.
    """
    for each in held:
        if each.events:
            ids = clock_rows.write(each.row, each.events, each.state, actor=actor)
            _promise_to_tell(each, ids)
            if each.row.kind == ClockKind.DECIDE:
                item.due_at = each.state.due_at
                if each.state.status == ClockStatus.RUNNING:
                    item.urgent_at = urgency(item.created_at, item.due_at, item.priority)


def _promise_to_tell(held: Held, ids: Sequence[str]) -> None:
    if held.state.status not in OPEN:
        return
    for event, event_id in zip(held.events, ids, strict=True):
        if event.kind == Kind.BREACH:
            dispatch.enqueue(
                "reviews.tell", now=event.recorded_at, dedupe=f"tell:{event_id}", events=[event_id]
            )


def _told(held: Iterable[Held]) -> Told:
    return {
        each.row.kind: each.state.outcome or str(each.state.status) for each in held if each.events
    }


def stop(item: ReviewItem, kinds: Collection[str], *, actor: User | None, now: datetime) -> Told:
    """Stop the open clocks of these kinds: met at or before the due instant, else missed."""
    held = [each for each in of_item(item, now) if each.row.kind in kinds]
    for each in held:
        each.act(Kind.STOP, now)
    save(item, held, actor)
    return _told(held)


def claimed(item: ReviewItem, *, actor: User, now: datetime) -> Told:
    """Stop the wait for a first claim; a claim by whom an escalation told takes it up."""
    held = of_item(item, now)
    for each in held:
        if each.row.kind == ClockKind.CLAIM:
            each.act(Kind.STOP, now)
    taken_up(held, actor=actor, how="claim", now=now)
    save(item, held, actor)
    return _told(held)


def settled(item: ReviewItem, *, actor: User | None, now: datetime) -> Told:
    """Stop all clocks of an item that has its outcome."""
    return stop(item, ClockKind.values, actor=actor, now=now)


def ended(item: ReviewItem, *, actor: User | None, now: datetime, reason: str) -> Told:
    """Cancel the open clocks of an item that nobody works on any more."""
    held = of_item(item, now)
    for each in held:
        each.act(Kind.CANCEL, now, reason)
    save(item, held, actor)
    return _told(held)


def expired(held: Iterable[Held], now: datetime) -> None:
    """Stop the clocks of an item whose ladder has ended: those that are late have missed."""
    for each in held:
        late = each.state.breached_at is not None
        each.act(Kind.STOP if late else Kind.CANCEL, now, "expired_unreviewed")


def disputed(item: ReviewItem, *, actor: User | None, now: datetime) -> Told:
    """Start the clock of the adjudicator."""
    return _start_more(item, (ClockKind.ADJUDICATE,), actor, now)


def undone(item: ReviewItem, *, actor: User, now: datetime) -> Told:
    """Let the clock to decide go on as if it had never stopped; no adjudicator is waited for."""
    if item.sla_version_id is None:
        return {}
    rows = SLAClock.objects.filter(item=item, status=ClockStatus.STOPPED, cycle=item.cycle)
    stopped = holding(list(rows.filter(kind=ClockKind.DECIDE)))
    for each in stopped:
        each.act(Kind.VOID_STOP, now)
        each.stand_still(each.moment(now), now=now)
    waiting = [e for e in of_item(item, now) if e.row.kind == ClockKind.ADJUDICATE]
    for each in waiting:
        each.act(Kind.CANCEL, now, "undone")
    save(item, [*stopped, *waiting], actor)
    return _told([*stopped, *waiting])


def paused(item: ReviewItem, reason: str, *, actor: User | None, now: datetime) -> Told:
    """Let all running clocks of an item stand still; those that do already are left alone.

    One that stands still for a maintenance goes over to this pause, which may last longer.
    """
    held = of_item(item, now)
    for each in held:
        if each.state.maintenance:
            detail = {"maintenance": each.state.maintenance}
            each.act(Kind.RESUME, now, detail=detail, actor_id=actor.pk if actor else None)
        if each.state.status == ClockStatus.RUNNING:
            each.act(Kind.PAUSE, now, reason)
    save(item, held, actor)
    return _told(held)


def resumed(item: ReviewItem, *, actor: User | None, now: datetime) -> Told:
    """Let all clocks of an item run on that people have paused."""
    held = of_item(item, now)
    for each in held:
        if each.state.status == ClockStatus.PAUSED and not each.state.maintenance:
            each.act(Kind.RESUME, now)
    save(item, held, actor)
    return _told(held)


def reopened(item: ReviewItem, *, actor: User, now: datetime) -> Told:
    """Start the clocks of the next cycle; the cycles before it stay as they are."""
    return _start_more(item, (ClockKind.CLAIM, ClockKind.DECIDE), actor, now)


def _start_more(item: ReviewItem, kinds: Iterable[str], actor: User | None, now: datetime) -> Told:
    law = law_of(item)
    if law is None:
        return {}
    told: Told = {}
    for kind in kinds:
        before = SLAClock.objects.filter(item=item, kind=kind).order_by("-cycle").first()
        if before is not None and clocks.is_open(before):
            continue
        cycle = item.cycle
        if kind == ClockKind.ADJUDICATE:
            cycle = before.cycle + 1 if before else 1
        event = clocks.start_event(law.terms(kind, cycle=cycle), now, now, **_carried(law, before))
        held = Held(
            clock_rows.insert(
                _state_of(event), event, kind=kind, cycle=cycle, actor=actor,
                pipeline_id=item.pipeline_id, item_id=item.pk,
            ),
            _state_of(event),
        )  # fmt: skip
        if kind == ClockKind.DECIDE:
            item.due_at = held.state.due_at
            item.urgent_at = urgency(now, item.due_at, item.priority)
        told[kind] = str(held.state.status)
    return told


def _state_of(event: Event) -> State:
    return replay([event])


def _carried(law: Law, before: SLAClock | None) -> dict[str, int]:
    """Return what a reopened clock has used up already, where the policy lets it go on."""
    if before is None or before.kind != ClockKind.DECIDE or law.document.get("reopen") != "resume":
        return {}
    return {"carried": before.elapsed // clocks.MICROSECOND}


def law_of(item: ReviewItem) -> Law | None:
    """Return the law of clocks of an item that start now: its policy, as it is in force now."""
    if item.sla_version_id is None:
        return None
    return clock_terms.law_in_force(
        item.sla_version_id, version_id=item.config_version_id, queue=item.queue
    )


def retarget(held: Held, terms: Terms, now: datetime, reason: str) -> None:
    """Give a clock other terms from now on, its start and what it has used kept.

    A target that is used up already is breached at this instant, and because of this.
    """
    known = held.state.terms
    if (known.target, known.policy_version, known.calendar_version) == (
        terms.target, terms.policy_version, terms.calendar_version,
    ):  # fmt: skip
        return
    at = held.moment(now)
    detail = clocks.described(terms) | {"before": clocks.described(known)}
    held.take(Event(Kind.RETARGET, at, at, reason, detail=detail, terms=terms))
    if held.state.is_late(at):
        held.take(Event(Kind.BREACH, at, at, RETARGET))


def moved(
    item: ReviewItem, law: Law | None, *, actor: User | None, now: datetime, reason: str
) -> Told:
    """Let the clocks of an item follow another law: a new tier, or a queue of other hours."""
    held = of_item(item, now)
    for each in held:
        if law is not None:
            retarget(each, law.terms(each.row.kind, cycle=each.row.cycle), now, reason)
    save(item, held, actor)
    if law is not None and not held and not SLAClock.objects.filter(item=item).exists():
        return _start_late(item, law, actor, now)
    return _told(held)


def _start_late(item: ReviewItem, law: Law, actor: User | None, now: datetime) -> Told:
    """Start the clocks of an item that had no SLA until now, from its arrival on."""
    item.sla_version_id = law.policy_version
    kinds = [ClockKind.DECIDE] if item.assignments.exists() else [ClockKind.CLAIM, ClockKind.DECIDE]
    told: Told = {}
    for kind in kinds:
        event = clocks.start_event(law.terms(kind), item.created_at, now)
        state = _state_of(event)
        row = clock_rows.insert(
            state, event, kind=kind, cycle=item.cycle, actor=actor,
            pipeline_id=item.pipeline_id, item_id=item.pk,
        )  # fmt: skip
        (held,) = holding([row])
        held.stand_still(held.moment(now), now=now)
        if held.state.is_late(now):
            held.take(Event(Kind.BREACH, now, now, RETARGET))
        if kind == ClockKind.DECIDE:
            item.due_at = held.state.due_at
            item.urgent_at = urgency(item.created_at, item.due_at, item.priority)
        save(item, [held], actor)
        told[kind] = str(held.state.status)
    return told


def lengthens(held: Iterable[Held], law: Law) -> bool:
    """Return whether a law gives any of these clocks more time than it has."""
    pairs = ((e.state.terms.target, law.terms(e.row.kind, cycle=e.row.cycle).target) for e in held)
    return any(had is not None and (gets is None or gets > had) for had, gets in pairs)


def taken_up(
    held: Iterable[Held], *, actor: User, how: str, now: datetime, targets_only: bool = True
) -> list[Escalation]:
    """Acknowledge the latest level of each clock that escalated; returns which."""
    found = []
    for each in held:
        position = each.state.position
        if not position.level or position.acked_at or not each.state.is_pursued:
            continue
        latest = Escalation.objects.filter(
            clock=each.row, loop=position.loop, level=position.level
        ).first()
        if latest is None or (targets_only and actor.pk not in latest.targets):
            continue
        acknowledge(each, latest, actor=actor, how=how, now=now)
        found.append(latest)
    return found


def acknowledge(
    held: Held, escalation: Escalation, *, actor: User, how: str, now: datetime
) -> Acknowledgement:
    """Take up one escalation of a clock, which puts off the next level."""
    at = held.moment(now)
    detail = {"escalation": str(escalation.pk), "how": how}
    held.take(Event(Kind.ACK, at, at, detail=detail))
    return Acknowledgement.objects.create(escalation=escalation, actor=actor, how=how, at=at)


def request_signoff(*, subject: str, pipeline_id: int, law: Law, actor: User | None,
                    now: datetime) -> SLAClock:  # fmt: skip
    """Start the clock of what must be signed; it stops when that is signed or refused."""
    before = SLAClock.objects.filter(subject=subject).order_by("-cycle").first()
    event = clocks.start_event(law.terms(ClockKind.SIGNOFF), now, now)
    return clock_rows.insert(
        _state_of(event), event, kind=ClockKind.SIGNOFF, cycle=before.cycle + 1 if before else 1,
        actor=actor, pipeline_id=pipeline_id, subject=subject,
    )  # fmt: skip


def signed(*, subject: str, actor: User | None, now: datetime) -> Told:
    """Stop the clock of what was signed or refused."""
    rows = SLAClock.objects.select_for_update(of=("self",)).filter(
        subject=subject, status__in=[ClockStatus.RUNNING, ClockStatus.PAUSED]
    )
    held = holding(list(rows))
    for each in held:
        for event in each.passed(each.moment(now)):
            if event.kind != Kind.WARN:
                each.take(event)
        each.act(Kind.STOP, now)
        clock_rows.write(each.row, each.events, each.state, actor=actor)
    return _told(held)
