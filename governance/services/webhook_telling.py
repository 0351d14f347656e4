"""What the sealed ledger tells other systems: each event once, in its order, as messages.

Messages are made from what is sealed, not by the acts themselves: an act that was rolled back is in
no ledger, no act waits for them, and the place of an event in the ledger is their order.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from governance.domain import webhooks as form
from governance.domain.webhooks import Telling
from governance.enums import WebhookState
from governance.models import LedgerLeaf, WebhookCursor, WebhookEndpoint, WebhookMessage
from governance.selectors import news, proving

BATCH = 2_000


def tell(*, now: datetime) -> int:
    """Make messages of what was sealed since the last time; returns how many events were read.

    Where nobody listens nothing is read: whoever is added later is told of what happens after that.
    """
    if not WebhookEndpoint.objects.exclude(state=WebhookState.REMOVED).exists():
        return 0
    read = 0
    while step := _tell_some(now):
        read += step
    return read


def catch_up() -> None:
    """Begin at the end of what is sealed, where nobody listened until now."""
    size = ((last := proving.latest()) and last.size) or 0
    row, _ = WebhookCursor.objects.get_or_create(pk=1)
    if not WebhookEndpoint.objects.exclude(state=WebhookState.REMOVED).exists():
        row.position = size
        row.save(update_fields=["position"])


@transaction.atomic
def _tell_some(now: datetime) -> int:
    cursor = WebhookCursor.objects.select_for_update(skip_locked=True).first()
    last = proving.latest()
    if cursor is None or last is None or cursor.position >= last.size:
        return 0
    upto = min(cursor.position + BATCH, last.size)
    leaves = LedgerLeaf.objects.filter(position__gte=cursor.position, position__lt=upto)
    places = dict(leaves.values_list("event", "position"))
    _write(list(news.of_events(places)), now)
    cursor.position, read = upto, upto - cursor.position
    cursor.save(update_fields=["position"])
    return read


def _write(tellings: Sequence[Telling], now: datetime) -> None:
    endpoints = list(WebhookEndpoint.objects.exclude(state=WebhookState.REMOVED))
    rows = []
    for telling in sorted(tellings, key=lambda each: (each.position, each.part)):
        listening = [each for each in endpoints if _listens(each, telling)]
        if listening:
            body = form.body_of(
                telling.kind, telling.data, at=telling.at, sequence=telling.position
            )
            rows += [message(each, telling.message, telling.kind, body, now) for each in listening]
    WebhookMessage.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)


def message(
    endpoint: WebhookEndpoint, key: str, kind: str, body: bytes, now: datetime
) -> WebhookMessage:
    """Return the row of a message to be sent now."""
    acknowledged = kind in form.TO_ACKNOWLEDGE
    return WebhookMessage(
        endpoint=endpoint, message=key, kind=kind, body=body, created_at=now, next_at=now,
        acknowledge_by=now + form.ACKNOWLEDGED if acknowledged else None,
    )  # fmt: skip


def _listens(endpoint: WebhookEndpoint, telling: Telling) -> bool:
    here = endpoint.pipeline_id in (None, telling.pipeline_id)
    since = telling.at >= endpoint.created_at
    return here and since and (not endpoint.events or telling.kind in endpoint.events)
