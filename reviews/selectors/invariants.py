"""What must hold of predictions, items and clocks: each check yields what breaks it."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Exists, F, OuterRef, Q

from governance.domain import merkle
from governance.models import AuditEvent
from reviews.domain.lifecycle import OPEN
from reviews.domain.rows import stored_leaf
from reviews.enums import AssignmentState, ClockOutcome, Disposition
from reviews.models import (
    Assignment,
    ClockEvent,
    Decision,
    Escalation,
    Prediction,
    ReviewItem,
    SLAClock,
)
from reviews.models.assignments import HOLDING
from reviews.selectors import auditing, clocks

CHUNK = 1000


def calls_hold_their_predictions(now: datetime) -> Iterator[str]:
    """I1: what a call of intake took is there, in its order, under the root that was recorded."""
    for event in AuditEvent.objects.filter(action="predictions.received").iterator(CHUNK):
        rows = Prediction.objects.filter(intake=event.pk).order_by("position")
        leaves = [stored_leaf(row) for row in rows]
        if len(leaves) != event.detail["size"]:
            yield f"call {event.pk} took {event.detail['size']} and {len(leaves)} are there"
        elif merkle.root(leaves).hex() != event.detail["root"]:
            yield f"the predictions of call {event.pk} are not those that it took"
    reviewed = Prediction.objects.filter(disposition=Disposition.IN_REVIEW, item=None)
    for pk in reviewed.values_list("pk", flat=True)[:100]:
        yield f"prediction {pk} was sent to people and has no item"


def decisions_are_recorded(now: datetime) -> Iterator[str]:
    """I2: each decision has one event of the ledger that names it."""
    named: set[str] = set()
    events = AuditEvent.objects.filter(action__in=("decision.made", "decision.undone"))
    for detail in events.values_list("detail", flat=True).iterator(CHUNK):
        if detail["decision"] in named:
            yield f"decision {detail['decision']} is in the ledger twice"
        named.add(detail["decision"])
    for pk in Decision.objects.values_list("pk", flat=True).iterator(CHUNK):
        if str(pk) not in named:
            yield f"decision {pk} is not in the ledger"


def levels_fire_once(now: datetime) -> Iterator[str]:
    """I3: a level that is due has fired, once, and its clock knows."""
    fired = Escalation.objects.order_by().values("clock", "cycle", "loop", "level")
    for row in fired.annotate(times=Count("pk")).filter(times__gt=1):
        yield f"level {row['level']} of clock {row['clock']} fired {row['times']} times"
    known = ClockEvent.objects.filter(clock=OuterRef("clock"), kind="escalate")
    counted = Escalation.objects.order_by().values("clock").annotate(times=Count("pk"))
    told = dict(known.model.objects.filter(kind="escalate").order_by().values_list("clock")
                .annotate(times=Count("pk")))  # fmt: skip
    for each in counted:
        if told.get(each["clock"], 0) != each["times"]:
            yield f"clock {each['clock']} has {each['times']} levels and other events"
    for finding in auditing.findings(now):
        if finding.name in ("breach_unseen", "ladder_late"):
            yield f"{finding.count} {finding.detail}"


def clocks_are_their_events(now: datetime) -> Iterator[str]:
    """I4: every column of a clock is what its events make, and its outcome what it should be."""
    last = None
    while True:
        rows = SLAClock.objects.order_by("pk")
        chunk = list((rows.filter(pk__gt=last) if last else rows)[:CHUNK])
        if not chunk:
            break
        last, events = chunk[-1].pk, clocks.events_of([row.pk for row in chunk])
        for row in chunk:
            if row.pk not in events:
                yield f"clock {row.pk} has no events"
            elif drift := clocks.drift(row, events[row.pk]):
                yield f"clock {row.pk} has drifted in {', '.join(drift)}"
    wrong = Q(outcome=ClockOutcome.MET, breached_at__isnull=False) | Q(
        outcome=ClockOutcome.MET, stopped_at__gt=F("due_at")
    )
    for pk in SLAClock.objects.filter(wrong).values_list("pk", flat=True)[:100]:
        yield f"clock {pk} says met and was late"


def items_are_in_one_place(now: datetime) -> Iterator[str]:
    """I6: an open item offers just the slots that nobody holds; others offer none."""
    held = Count(
        "assignments",
        filter=Q(assignments__state__in=HOLDING, assignments__slot__gt=F("closed_slots")),
    )
    rows = ReviewItem.objects.annotate(held=held)
    unpaused = rows.filter(status__in=OPEN, paused_at=None)
    for item in unpaused.exclude(open_slots=F("slots") - F("closed_slots") - F("held"))[:100]:
        yield f"item {item.pk} offers {item.open_slots} of {item.slots} slots, {item.held} are held"
    closed = Q(paused_at__isnull=False) | ~Q(status__in=OPEN)
    for pk in rows.filter(closed, open_slots__gt=0).values_list("pk", flat=True)[:100]:
        yield f"item {pk} is not open and can be claimed"


def reviewers_are_others(now: datetime) -> Iterator[str]:
    """I7: no more decisions than slots, by different people, none of them the sender."""
    standing = Decision.objects.filter(undoes=None, undone_by=None)
    own = standing.filter(reviewer=F("item__prediction__sender"))
    for pk in own.values_list("pk", flat=True)[:100]:
        yield f"decision {pk} is by who sent the prediction"
    held = Assignment.objects.filter(state=AssignmentState.DECIDED).order_by()
    for row in held.values("item", "reviewer").annotate(n=Count("pk")).filter(n__gt=1):
        yield f"item {row['item']} was decided twice by person {row['reviewer']}"


def failures_go_to_people(now: datetime) -> Iterator[str]:
    """I10: nothing whose rules failed was approved by rule."""
    approved = Prediction.objects.filter(disposition=Disposition.AUTO_APPROVED)
    item = ReviewItem.objects.filter(prediction=OuterRef("pk"))
    for pk in approved.filter(Exists(item)).values_list("pk", flat=True)[:100]:
        yield f"prediction {pk} was approved by rule and has an item"
    failed = approved.filter(trace__icontains='"error"')
    for pk in failed.values_list("pk", flat=True)[:100]:
        yield f"prediction {pk} was approved though a rule failed"
