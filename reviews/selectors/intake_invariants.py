"""What must hold of predictions and decisions: each is there, once, and on record."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Any

from django.db.models import Count, Exists, OuterRef

from governance.domain.invariants import Span
from governance.domain.merkle import RunningRoot
from governance.models import AuditEvent, Pipeline
from reviews.enums import Disposition, RemedyKind
from reviews.models import Decision, Prediction, Remedy, ReviewItem
from reviews.selectors.leaves import leaves

CHUNK = 1000
BY_RULE = Disposition.AUTO_APPROVED
MADE, UNDONE, REVISED = "decision.made", "decision.undone", "decision.revised"
TELLING = (MADE, UNDONE, REVISED)
LEAF = (
    "id", "config_version", "digest", "disposition", "propensity", "queue", "rule", "sampled",
    "tier", "trace",
)  # fmt: skip


def predictions_are_there_once(span: Span) -> Iterator[str]:
    """Return where what a call of intake took is not there, once, under the root it was given.

    What went with an example that was removed is not missed.
    """
    calls = AuditEvent.objects.filter(action="predictions.received", **span.of("at"))
    known = set(Pipeline.objects.values_list("slug", flat=True))
    for call in calls.order_by("pk").iterator(CHUNK):
        yield from _call(call, known)
    fresh = Prediction.objects.filter(**span.of("received_at"))
    unheard = ~Exists(AuditEvent.objects.filter(pk=OuterRef("intake")))
    for key in fresh.filter(unheard).values_list("pk", flat=True).iterator(CHUNK):
        yield f"prediction {key} came with a call that is not in the ledger"
    lost = ~Exists(ReviewItem.objects.filter(prediction=OuterRef("pk")))
    asked = fresh.filter(lost, disposition=Disposition.IN_REVIEW)
    for key in asked.values_list("pk", flat=True).iterator(CHUNK):
        yield f"prediction {key} was sent to people and has no item"
    several = fresh.order_by().values("pipeline", "external_id").annotate(n=Count("pk"))
    for row in several.filter(n__gt=1).iterator(CHUNK):
        yield f"{row['external_id']!r} of pipeline {row['pipeline']} is there {row['n']} times"


def _call(call: AuditEvent, known: Collection[str]) -> Iterator[str]:
    detail = call.detail
    gone = sum(count for slug, count in detail["pipelines"].items() if slug not in known)
    rows = Prediction.objects.filter(intake=call.pk).order_by("position").only(*LEAF)
    tree, size = RunningRoot(), 0
    for leaf in leaves(rows.iterator(CHUNK)):
        tree.add(leaf)
        size += 1
    if size != detail["size"] - gone:
        yield f"call {call.pk} took {detail['size'] - gone} predictions and {size} are there"
    elif not gone and tree.root().hex() != detail["root"]:
        yield f"the predictions of call {call.pk} are not those that it took"


def decisions_are_recorded(span: Span) -> Iterator[str]:
    """Return each decision, or undoing, without exactly one event of the ledger that names it."""
    rows = Decision.objects.filter(**span.of("decided_at")).order_by("pk")
    some: list[Decision] = []
    for row in rows.only("item", "undoes", "revises").iterator(CHUNK):
        some.append(row)
        if len(some) == CHUNK:
            yield from _recorded(some)
            some = []
    yield from _recorded(some)


def _recorded(rows: list[Decision]) -> Iterator[str]:
    events = AuditEvent.objects.filter(
        stream__in={f"item:{row.item_id}" for row in rows}, action__in=TELLING
    )
    told: dict[tuple[str, Any], int] = defaultdict(int)
    for action, detail in events.values_list("action", "detail"):
        told[action, detail.get("decision")] += 1
        if action == REVISED:
            # One act: the first answer is taken back, and the second is given.
            told[UNDONE, detail.get("undo")] += 1
    for row in rows:
        action = UNDONE if row.undoes_id else REVISED if row.revises_id else MADE
        times = told[action, str(row.pk)]
        if times != 1:
            yield f"decision {row.pk} is in the ledger {times} times"


def events_have_their_decisions(span: Span) -> Iterator[str]:
    """Return each event of the ledger that tells of a decision that is not there."""
    items = ReviewItem.objects.filter(pk=OuterRef("item"))
    rows = AuditEvent.objects.filter(action__in=TELLING, **span.of("at")).order_by("pk")
    some: dict[str, AuditEvent] = {}
    for row in rows.only("stream", "detail").iterator(CHUNK):
        some[str(row.detail["decision"])] = row
        if len(some) == CHUNK:
            yield from _missing(some)
            some = {}
    yield from _missing(some)
    orphans = Decision.objects.filter(~Exists(items), **span.of("decided_at"))
    for key in orphans.values_list("pk", flat=True).iterator(CHUNK):
        yield f"decision {key} is of an item that is not there"


def _missing(told: dict[str, AuditEvent]) -> Iterator[str]:
    there = set(map(str, Decision.objects.filter(pk__in=told).values_list("pk", flat=True)))
    gone = {key: row for key, row in told.items() if key not in there}
    items = {row.stream.removeprefix("item:") for row in gone.values()}
    # What went with an example went with its item.
    known = set(map(str, ReviewItem.objects.filter(pk__in=items).values_list("pk", flat=True)))
    for key, row in gone.items():
        if row.stream.removeprefix("item:") in known:
            yield f"event {row.pk} tells of decision {key}, which is not there"


def failures_go_to_people(span: Span) -> Iterator[str]:
    """Return each prediction that was approved by rule though a rule failed, or has an item."""
    approved = Prediction.objects.filter(disposition=BY_RULE, **span.of("received_at"))
    has_item = Exists(ReviewItem.objects.filter(prediction=OuterRef("pk")))
    # After a roll-back people are asked about what was approved unseen.
    asked_later = Exists(
        Remedy.objects.filter(prediction=OuterRef("pk"), kind=RemedyKind.RE_REVIEW)
    )
    for key in approved.filter(has_item, ~asked_later).values_list("pk", flat=True).iterator(CHUNK):
        yield f"prediction {key} was approved by rule and waits for people"
    # Read as text it is only near: the word may stand elsewhere in a trace.
    near = approved.filter(trace__icontains='"error"')
    for key, trace in near.values_list("pk", "trace").iterator(CHUNK):
        if any(step.get("result") == "error" for step in trace):
            yield f"prediction {key} was approved by rule though a rule failed"
