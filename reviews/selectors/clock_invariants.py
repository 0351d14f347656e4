"""What must hold of clocks and of the levels of their ladders."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Count, Exists, F, OuterRef, Q

from governance.domain.invariants import Span
from governance.models import Pipeline
from reviews.domain.lifecycle import ENDED, UNSETTLED
from reviews.enums import AssignmentState, ClockEventKind, ClockKind, ClockOutcome, ClockStatus
from reviews.models import Assignment, ClockEvent, Escalation, ReviewItem, SLAClock
from reviews.models.clocks import OPEN
from reviews.selectors import auditing, replays, standstills

CHUNK = 1000
# What waits for longer than this is not drained, once whatever had stopped it is over.
BACKLOG = timedelta(minutes=2)


def levels_fire_once(span: Span) -> Iterator[str]:
    """Return each level, breach or warning that is there twice, or is due and not there."""
    fired = Escalation.objects.filter(**span.of("fired_at")).order_by()
    levels = fired.values("clock", "cycle", "loop", "level").annotate(n=Count("pk"))
    for row in levels.filter(n__gt=1).iterator(CHUNK):
        place = f"level {row['level']} of loop {row['loop']} of clock {row['clock']}"
        yield f"{place} fired {row['n']} times"
    events = ClockEvent.objects.filter(**span.of("recorded_at")).order_by()
    once = events.filter(kind__in=(ClockEventKind.BREACH, ClockEventKind.WARN))
    several = once.values("clock", "kind", "share").annotate(n=Count("pk")).filter(n__gt=1)
    for kind in several.iterator(CHUNK):
        yield f"clock {kind['clock']} has {kind['n']} events {kind['kind']}"
    view = _view(span)
    for look in (auditing.breaches_unseen, auditing.breaches_unwritten):
        for key in look(view).values_list("pk", flat=True).iterator(CHUNK):
            yield f"clock {key} is late and has no breach"
    unfired = view.due_clocks(auditing.OVERDUE).filter(breached_at__isnull=False)
    for late in unfired.only("level", "ladder_at").iterator(CHUNK):
        yield f"clock {late.pk} should have fired what follows level {late.level}: {late.ladder_at}"


def _view(span: Span) -> auditing.View:
    known = list(Pipeline.objects.values_list("pk", flat=True))
    return auditing.View(span.now, known, standstills.reached(span.now))


def clocks_are_their_events(span: Span) -> Iterator[str]:
    """Return each clock that is not what its events make it, and of which the item is not.

    The levels that fired are those of its events, each in its turn.
    """
    chunks = replays.every() if span.since is None else replays.recent(span.since)
    for chunk in chunks:
        yield from map(str, chunk.drifted)


def outcomes_are_true(span: Span) -> Iterator[str]:
    """Return each clock whose outcome is not what its stop and its due time make."""
    late = Q(breached_at__isnull=False) | Q(stopped_at__gt=F("due_at"))
    watched = Q(target__isnull=False)
    wrong = (
        Q(outcome=ClockOutcome.MET) & late
        | Q(outcome=ClockOutcome.MISSED) & ~late
        | (watched & Q(outcome=""))
        | (~watched & ~Q(outcome=""))
    )
    stopped = SLAClock.objects.filter(status=ClockStatus.STOPPED, **span.of("stopped_at"))
    for row in stopped.filter(wrong).iterator(CHUNK):
        said = row.outcome or "nothing"
        yield f"clock {row.pk} says {said}: due {row.due_at}, stopped {row.stopped_at}"


def open_items_are_timed(span: Span) -> Iterator[str]:
    """Return each ended item with an open clock, and each open one without its clock to decide."""
    clocks = SLAClock.objects.filter(status__in=OPEN, item__status__in=ENDED)
    for row in clocks.select_related("item").iterator(CHUNK):
        yield f"clock {row.pk} is {row.status} and its item {row.item_id} has ended"
    # Items that are older than clocks have none.
    any_clock = SLAClock.objects.filter(item=OuterRef("pk"))
    timed = any_clock.filter(status__in=OPEN, kind=ClockKind.DECIDE)
    items = ReviewItem.objects.filter(status__in=UNSETTLED, **span.of("created_at"))
    lost = items.exclude(sla_version=None).filter(Exists(any_clock), ~Exists(timed))
    for key in lost.values_list("pk", flat=True).iterator(CHUNK):
        yield f"item {key} is open and its clock to decide is not"


def nothing_is_overdue(span: Span) -> Iterator[str]:
    """Return each clock and lease that a sweep should have come by long ago."""
    waiting = _view(span).due_clocks(BACKLOG).order_by("next_at")
    for row in waiting.only("next_at").iterator(CHUNK):
        yield f"clock {row.pk} waits for a sweep since {row.next_at}"
    lapsed = Assignment.objects.filter(
        state=AssignmentState.CLAIMED, lease_expires_at__lt=span.now - BACKLOG
    )
    for lease in lapsed.only("lease_expires_at").iterator(CHUNK):
        yield f"assignment {lease.pk} holds its item past its lease of {lease.lease_expires_at}"
