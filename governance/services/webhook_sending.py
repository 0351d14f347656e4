"""Sending what is due: each endpoint on its own, so that one that is dead delays no other."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from governance.domain import webhooks as form
from governance.enums import WebhookState
from governance.models import WebhookAttempt, WebhookEndpoint, WebhookMessage
from governance.services import dispatch, egress, ledger
from governance.services.webhooks import secrets_of, stream_of

# Messages of one endpoint in a round, endpoints in a round, seconds for a round and for a run.
BATCH, ENDPOINTS, ROUND_SECONDS, RUN_SECONDS = 100, 16, 15.0, 40.0
# Longer than a round can last: who dies while sending has sent perhaps, and it is sent again.
RESERVED = timedelta(seconds=90)
GONE = 410


@dataclass(frozen=True)
class _Letter:
    """A message with all that it takes to send it."""

    row: WebhookMessage
    url: str
    secrets: tuple[str, ...]


@dataclass(frozen=True)
class _Outcome:
    """What came of an attempt: a status, or why there is none."""

    row: WebhookMessage
    at: datetime
    status: int | None
    fault: str
    seconds: float

    @property
    def taken(self) -> bool:
        return self.status is not None and self.status // 100 == 2


def send(*, now: Callable[[], datetime], seconds: float = RUN_SECONDS) -> int:
    """Send what is due until nothing is, or `seconds` are over; returns how many were taken.

    At least once: whoever dies after sending and before writing it down sends again, under the same
    id. Any number of senders share the work.
    """
    end, taken = time.monotonic() + seconds, 0
    while time.monotonic() < end and (batches := _reserve(at := now())):
        with ThreadPoolExecutor(max_workers=len(batches)) as pool:
            for outcomes, unsent in pool.map(partial(_sent, at=at), batches):
                taken += _written(outcomes, unsent, now())
    return taken


def alarm(*, now: datetime) -> int:
    """Note messages that nobody acknowledged in time, once each; returns how many."""
    with transaction.atomic():
        silent = WebhookMessage.objects.filter(
            acknowledge_by__lt=now, acknowledged_at=None, alarmed_at=None
        )
        rows = list(silent.select_for_update(skip_locked=True, of=("self",))[:BATCH])
        for row in rows:
            row.alarmed_at = now
            row.save(update_fields=["alarmed_at"])
            endpoint = WebhookEndpoint.objects.select_for_update(of=("self",)).get(
                pk=row.endpoint_id
            )
            ledger.append(
                stream=stream_of(endpoint.pk), action="webhook.unacknowledged", actor=None, now=now,
                detail={"message": row.message, "kind": row.kind},
            )  # fmt: skip
            dispatch.enqueue(
                "reviews.tell_unacknowledged", now=now, dedupe=f"webhook-silent:{row.pk}",
                message_id=str(row.pk),
            )  # fmt: skip
    return len(rows)


def _due(now: datetime) -> "QuerySet[WebhookMessage]":
    return WebhookMessage.objects.filter(
        delivered_at=None, given_up_at=None, next_at__lte=now, endpoint__state=WebhookState.ACTIVE
    )


@transaction.atomic
def _reserve(now: datetime) -> list[list[_Letter]]:
    batches: list[list[_Letter]] = []
    for endpoint_id in _due(now).order_by().values_list("endpoint", flat=True).distinct():
        if len(batches) == ENDPOINTS:
            break
        found = _due(now).filter(endpoint=endpoint_id).select_related("endpoint")
        locked = found.select_for_update(skip_locked=True, of=("self",))
        rows = list(locked.order_by("next_at", "pk")[:BATCH])
        keys = [row.pk for row in rows]
        WebhookMessage.objects.filter(pk__in=keys).update(
            next_at=now + RESERVED, attempts=F("attempts") + 1
        )
        if rows:
            batches.append(_letters(rows, now))
    return batches


def _letters(rows: Sequence[WebhookMessage], now: datetime) -> list[_Letter]:
    held = tuple(secrets_of(rows[0].endpoint, now=now))
    return [_Letter(row, row.endpoint.url, held) for row in rows]


def _sent(
    letters: Sequence[_Letter], *, at: datetime
) -> tuple[list[_Outcome], list[WebhookMessage]]:
    """Send letters to one endpoint one after another, up to the first that is not taken.

    No query is made here: this runs beside the thread that has the database.
    """
    end = time.monotonic() + ROUND_SECONDS
    outcomes: list[_Outcome] = []
    for place, letter in enumerate(letters):
        late = time.monotonic() > end
        if late or (outcomes and not outcomes[-1].taken):
            return outcomes, [each.row for each in letters[place:]]
        outcomes.append(_attempt(letter, at))
    return outcomes, []


def _attempt(letter: _Letter, at: datetime) -> _Outcome:
    began = time.monotonic()
    body = bytes(letter.row.body)
    headers = form.headers_of(letter.row.message, body, letter.secrets, now=at)
    try:
        answer = egress.call(
            "POST", letter.url, body=body, headers=headers, inside=settings.WEBHOOK_NETWORKS
        )
    except egress.Unreachable as error:
        return _Outcome(letter.row, at, None, str(error)[:200], time.monotonic() - began)
    return _Outcome(letter.row, at, answer.status, "", answer.seconds)


@transaction.atomic
def _written(outcomes: Sequence[_Outcome], unsent: Sequence[WebhookMessage], now: datetime) -> int:
    """Write down what came of a round; what was not tried waits as the one before it does."""
    WebhookAttempt.objects.bulk_create(
        WebhookAttempt(
            message=each.row, at=each.at, status=each.status, fault=each.fault, seconds=each.seconds
        )
        for each in outcomes
    )
    taken = [each.row.pk for each in outcomes if each.taken]
    open_still = WebhookMessage.objects.filter(delivered_at=None, given_up_at=None)
    open_still.filter(pk__in=taken).update(delivered_at=now)
    again: datetime | None = now
    for each in outcomes:
        if not each.taken:
            again = _failed(each, now)
    waiting = open_still.filter(pk__in=[row.pk for row in unsent])
    waiting.update(next_at=again or now, attempts=F("attempts") - 1)
    if outcomes:
        _note_health(outcomes, now)
    return len(taken)


def _failed(outcome: _Outcome, now: datetime) -> datetime | None:
    failures = outcome.row.failures + 1
    again = None if outcome.status == GONE else form.next_try(failures, now=now)
    WebhookMessage.objects.filter(pk=outcome.row.pk, delivered_at=None, given_up_at=None).update(
        failures=failures, next_at=again or now, given_up_at=None if again else now
    )
    return again


def _note_health(outcomes: Sequence[_Outcome], now: datetime) -> None:
    """Note since when an endpoint fails; one that says it is gone is told nothing more."""
    endpoint = WebhookEndpoint.objects.select_for_update(of=("self",)).get(
        pk=outcomes[0].row.endpoint_id
    )
    if outcomes[-1].taken:
        endpoint.failing_since = None
    elif endpoint.failing_since is None:
        endpoint.failing_since = now
    if outcomes[-1].status == GONE and endpoint.state == WebhookState.ACTIVE:
        endpoint.state = WebhookState.PAUSED
        ledger.append(
            stream=stream_of(endpoint.pk), action="webhook.gone", actor=None, now=now,
            detail={"webhook": str(endpoint.pk), "message": outcomes[-1].row.message},
        )  # fmt: skip
    endpoint.save(update_fields=["failing_since", "state"])
