"""The only writer of the ledger."""

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Required, TypedDict, Unpack

import orjson
from django.db import connection
from django.db.models import Max

from governance.db import bulk
from governance.domain import correlation, leaves
from governance.domain.canonical import canonical
from governance.domain.times import rfc3339
from governance.models import AuditEvent, User
from governance.models.base import uuid7

EVENT_FIELDS = (
    "id", "stream", "sequence", "action", "actor", "at", "reason", "detail", "commitments",
    "request_id", "digest",
)  # fmt: skip


class NewEvent(TypedDict, total=False):
    """What `composed` takes, but for the sequence."""

    stream: Required[str]
    action: Required[str]
    actor: Required[User | None]
    now: Required[datetime]
    detail: Required[Mapping[str, Any]]
    reason: str
    commitments: Mapping[str, str] | None
    event_id: uuid.UUID | None


def append(**event: Unpack[NewEvent]) -> AuditEvent:
    """Write one event in the transaction of the act it tells of.

    The caller holds a lock on what `stream` names (or has just made it), so that the sequence has
    no gap; a race ends in an IntegrityError on auditevent_stream_sequence_uniq, never in a fork.
    """
    made = composed(**event, sequence=_last(event["stream"]) + 1)
    made.save()
    return made


def append_all(events: Sequence[NewEvent]) -> list[AuditEvent]:
    """Write one event for each of many acts that one transaction does, as `append` would.

    Events of one stream keep the order in which they are given.
    """
    last = _last_of_all({event["stream"] for event in events})
    made = []
    for event in events:
        last[event["stream"]] += 1
        made.append(composed(**event, sequence=last[event["stream"]]))
    bulk.insert(AuditEvent, EVENT_FIELDS, map(row_of, made), expected=len(made))
    return made


def _last_of_all(streams: set[str]) -> dict[str, int]:
    known = (
        AuditEvent.objects.filter(stream__in=streams)
        .order_by()
        .values_list("stream")
        .annotate(last=Max("sequence"))
    )
    return dict.fromkeys(streams, 0) | dict(known)


def first(**event: Unpack[NewEvent]) -> AuditEvent:
    """Write the first event of a stream that nobody else can know yet."""
    made = composed(**event)
    made.save()
    return made


def _last(stream: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT MAX(sequence) FROM governance_auditevent WHERE stream = %s", [stream]
        )
        return int(cursor.fetchone()[0] or 0)


def composed(
    *,
    stream: str,
    action: str,
    actor: User | None,
    now: datetime,
    detail: Mapping[str, Any],
    reason: str = "",
    commitments: Mapping[str, str] | None = None,
    event_id: uuid.UUID | None = None,
    sequence: int = 1,
) -> AuditEvent:
    """Return an event with its digest, for whoever writes it together with the act."""
    event = AuditEvent(
        id=event_id or uuid7(),
        stream=stream,
        sequence=sequence,
        action=action,
        actor=actor,
        at=now,
        reason=reason[:500],
        detail=dict(detail),
        commitments=dict(commitments or {}),
        request_id=correlation.current(),
    )
    event.digest = leaf_digest(event)
    return event


def row_of(event: AuditEvent) -> tuple[Any, ...]:
    """Return the values of EVENT_FIELDS, as bulk writes take them."""
    return (
        str(event.id),
        event.stream,
        event.sequence,
        event.action,
        event.actor_id,
        event.at,
        event.reason,
        orjson.dumps(event.detail).decode(),
        orjson.dumps(event.commitments).decode(),
        event.request_id,
        event.digest,
    )


def leaf_digest(event: AuditEvent) -> str:
    """Return the hex leaf hash of an event, of the columns that governance.domain.leaves names."""
    return leaves.digest(
        {
            "action": event.action,
            "actor": event.actor_id,
            "at": rfc3339(event.at),
            "commitments": event.commitments,
            "detail": event.detail,
            "id": str(event.id),
            "reason": event.reason,
            "request_id": event.request_id,
            "sequence": event.sequence,
            "stream": event.stream,
        }
    )


def new_salt() -> str:
    """Return 32 random bytes in hex, to blind one commitment."""
    return secrets.token_hex(32)


def commit(salt: str, value: str) -> str:
    """Return HMAC-SHA256(salt, RFC 8785 of value) in hex: binds a value without showing it."""
    return hmac.new(bytes.fromhex(salt), canonical(value), hashlib.sha256).hexdigest()
