"""Mending clocks whose columns are not what their events make, and the nightly report of them."""

import uuid
from collections.abc import Callable
from datetime import datetime

from django.db import IntegrityError, transaction

from governance.models import AuditEvent
from governance.services import dispatch, ledger
from reviews.models import ReviewItem, SLAClock
from reviews.selectors import clocks as states
from reviews.selectors import replays
from reviews.services import assignments, clocks
from reviews.services.items import urgency

NAMED = 100
REPORT = "reviews.report_clocks"


@transaction.atomic
def mend(*, clock_id: uuid.UUID, now: datetime) -> list[str]:
    """Write the drifted columns of an open clock as its events make them; returns which.

    A clock that is closed stays as it was recorded, whatever has become of its policy since; only
    the due time that its item keeps may follow it.
    """
    row = SLAClock.objects.get(pk=clock_id)
    item = None
    if row.item_id:
        item = ReviewItem.objects.select_for_update(of=("self",)).get(pk=row.item_id)
    row = SLAClock.objects.select_for_update(of=("self",)).get(pk=clock_id)
    found = replays.drifted([clock_id])
    names = sorted(found[0].mendable) if found else []
    if not names:
        return []
    true = {name: found[0].columns[name][1] for name in names}
    if item is not None and replays.ITEM_DUE in true:
        item.due_at = true.pop(replays.ITEM_DUE)
        if item.due_at is not None and states.is_open(row):
            item.urgent_at = urgency(item.created_at, item.due_at, item.priority)
        assignments.touch(item, "due_at", "urgent_at")
    for name, value in true.items():
        setattr(row, name, value)
    if true:
        row.save(update_fields=list(true))
    ledger.append(
        stream=clocks.stream_of(row),
        action="sla.recomputed",
        actor=None,
        now=now,
        detail={"clock": str(clock_id), "columns": names},
    )
    return names


@transaction.atomic
def promise_report(*, now: datetime) -> None:
    """Promise the report of the night, once a day however often this is called."""
    day = f"{now:%Y-%m-%d}"
    dispatch.enqueue(REPORT, now=now, dedupe=f"clocks:{day}", day=day)


def report(*, day: str, now: Callable[[], datetime]) -> list[replays.Drifted]:
    """Replay what is open or was stopped of late, and leave what came of it in the ledger, once.

    Returns the first of those that have drifted.
    """
    stream, seen, wrong = f"clocks:{day}", 0, list[replays.Drifted]()
    if AuditEvent.objects.filter(stream=stream).exists():
        return []
    for chunk in replays.recent(now() - replays.RECENT):
        seen += chunk.clocks
        wrong += chunk.drifted
    named = [str(each.clock) for each in wrong[:NAMED]]
    detail = {"clocks": seen, "drifted": len(wrong), "named": named}
    try:
        with transaction.atomic():
            ledger.first(
                stream=stream, action=replays.REPLAYED, actor=None, now=now(), detail=detail
            )
    except IntegrityError:
        # Another worker has come first, and its report is as good.
        return []
    return wrong[:NAMED]
