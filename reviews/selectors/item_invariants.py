"""What must hold of items: where each of them is, and who judged it."""

from collections.abc import Iterator
from typing import Any

from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)

from governance.domain.invariants import Span
from reviews.domain.lifecycle import ENDED, OPEN, UNSETTLED
from reviews.enums import AssignmentState, ClockStatus, ItemStatus, ResolutionKind
from reviews.models import Assignment, Decision, Resolution, ReviewItem, SLAClock
from reviews.models.assignments import HOLDING
from reviews.selectors import auditing

CHUNK = 1000


def items_are_in_one_place(span: Span) -> Iterator[str]:
    """Return each open item that waits nowhere, or in two places, and each slot held in vain."""
    rows = _counted(span)
    free = F("slots") - F("closed_slots") - F("held")
    queued = rows.filter(status__in=OPEN, paused_at=None).exclude(open_slots=free)
    for item in queued.iterator(CHUNK):
        asked = item.slots - item.closed_slots
        yield f"item {item.pk} offers {item.open_slots} of {asked} slots, {item.held} are held"
    waiting = rows.filter(status__in=OPEN).exclude(status=_by_claims())
    for item in waiting.iterator(CHUNK):
        yield f"item {item.pk} is {item.status} with {item.live} claims, {item.held} slots held"
    shut = rows.filter(Q(paused_at__isnull=False) | ~Q(status__in=OPEN), open_slots__gt=0)
    for item in shut.iterator(CHUNK):
        yield f"item {item.pk} can be claimed and is not open"
    nowhere = rows.filter(status__in=OPEN, paused_at=None, open_slots=0, live=0)
    for item in nowhere.iterator(CHUNK):
        yield f"item {item.pk} is open and waits for nobody"
    yield from _not_held(span)
    yield from _pauses(span)


def _counted(span: Span) -> "QuerySet[Any]":
    """Return items with how many claims live, and how many slots of their cycle are held."""
    present = Q(assignments__slot__gt=F("closed_slots"))
    held = Q(assignments__state__in=HOLDING) & present
    live = Q(assignments__state=AssignmentState.CLAIMED)
    rows = ReviewItem.objects.filter(status__in=UNSETTLED | ENDED, **span.of("created_at"))
    return rows.annotate(
        held=Count("assignments", filter=held), live=Count("assignments", filter=live)
    )


def _by_claims() -> Case:
    """Return the status of an item that needs reviewers, as `lifecycle.while_open` says it."""
    return Case(
        When(live__gt=0, then=Value(ItemStatus.IN_REVIEW.value)),
        When(held__gt=0, then=Value(ItemStatus.AWAITING_OTHERS.value)),
        default=Value(ItemStatus.PENDING.value),
    )


def _not_held(span: Span) -> Iterator[str]:
    claims = Assignment.objects.filter(state=AssignmentState.CLAIMED)
    for lease in claims.filter(item__status__in=ENDED).iterator(CHUNK):
        yield f"assignment {lease.pk} holds item {lease.item_id}, which has ended"
    lapsed = claims.filter(lease_expires_at__lt=span.now - auditing.OVERDUE)
    for lease in lapsed.iterator(CHUNK):
        yield f"assignment {lease.pk} holds item {lease.item_id} without a valid lease"


def _pauses(span: Span) -> Iterator[str]:
    """Yield each item that stands still while a clock of it runs, or the other way round."""
    clocks = SLAClock.objects.filter(item=OuterRef("pk"))
    # What stands still for a maintenance alone leaves its item where it is.
    by_people = clocks.filter(status=ClockStatus.PAUSED, maintenance=None)
    runs, stands = Exists(clocks.filter(status=ClockStatus.RUNNING)), Exists(by_people)
    rows = ReviewItem.objects.filter(status__in=UNSETTLED, **span.of("created_at"))
    odd = rows.filter(Q(runs, paused_at__isnull=False) | Q(stands, paused_at=None))
    for key in odd.values_list("pk", flat=True).iterator(CHUNK):
        yield f"item {key} and its clocks do not agree on whether it is paused"


def reviewers_are_others(span: Span) -> Iterator[str]:
    """Return each decision by the sender, by one who gave another, or beyond what was asked."""
    fresh = Decision.objects.filter(undoes=None, **span.of("decided_at"))
    standing = fresh.filter(undone_by=None)
    for row in fresh.filter(reviewer=F("item__prediction__sender")).iterator(CHUNK):
        yield f"decision {row.pk} is by who sent the prediction of item {row.item_id}"
    by_person = standing.order_by().values("item", "reviewer").annotate(n=Count("pk"))
    for twice in by_person.filter(n__gt=1).iterator(CHUNK):
        yield f"item {twice['item']} has {twice['n']} decisions of person {twice['reviewer']}"
    held = Q(assignments__state=AssignmentState.DECIDED)
    items = ReviewItem.objects.filter(**span.of("created_at"))
    many = items.annotate(decided=Count("assignments", filter=held, output_field=IntegerField()))
    for item in many.filter(decided__gt=F("slots")).iterator(CHUNK):
        yield f"item {item.pk} has {item.decided} decisions for {item.slots} slots"
    own = standing.filter(
        item=OuterRef("item"), reviewer=OuterRef("actor"), decided_at__lte=OuterRef("resolved_at")
    )
    settled = Resolution.objects.filter(
        Exists(own), kind=ResolutionKind.ADJUDICATED, **span.of("resolved_at")
    )
    for resolution in settled.iterator(CHUNK):
        yield f"resolution {resolution.pk} adjudicates a decision of its own author"
