"""The answer to a write, kept so that a repeat gets the same one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from governance.exceptions import IdempotencyMismatch, InvalidInput, KeyInUse
from governance.models import IdempotencyKey, User

LEASE = timedelta(seconds=60)
KEPT = timedelta(days=7)
MAX_KEY = 255
# In how many seconds to ask again, unless the lease ends sooner: most requests are over by then.
ASK_AGAIN = 5


@dataclass(frozen=True)
class Kept:
    """An answer on record."""

    status: int
    body: bytes
    headers: dict[str, str]


def begin(
    *, user: User, key: str, method: str, path: str, fingerprint: str, now: datetime
) -> IdempotencyKey | Kept:
    """Take a key, or return the answer that was given under it.

    KeyInUse while another request holds it; IdempotencyMismatch when it came with another body. A
    holder that crashed loses the key after LEASE.
    """
    if not 1 <= len(key) <= MAX_KEY or not key.isprintable():
        raise InvalidInput(f"Idempotency-Key has 1 to {MAX_KEY} printable characters.")
    row = IdempotencyKey(
        user=user,
        key=key,
        method=method,
        path=path[:500],
        fingerprint=fingerprint,
        leased_until=now + LEASE,
        created_at=now,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return _known(row, now)
    return row


def _known(row: IdempotencyKey, now: datetime) -> IdempotencyKey | Kept:
    with transaction.atomic():
        known = (
            IdempotencyKey.objects.select_for_update()
            .filter(user=row.user, key=row.key, method=row.method, path=row.path)
            .first()
        )
        if known is None:
            detail = "A request with this Idempotency-Key has just ended; try again."
            raise KeyInUse(detail, retry_after=1)
        if known.fingerprint != row.fingerprint:
            raise IdempotencyMismatch("This Idempotency-Key came with another body before.")
        if known.status is not None:
            return Kept(known.status, bytes(known.body or b""), known.headers)
        if known.leased_until > now:
            left = ceil((known.leased_until - now).total_seconds())
            detail = "A request with this Idempotency-Key is still running."
            raise KeyInUse(detail, retry_after=min(left, ASK_AGAIN))
        known.leased_until = now + LEASE
        known.save(update_fields=["leased_until"])
        return known


def keep(row: IdempotencyKey, *, status: int, body: bytes, headers: dict[str, Any]) -> None:
    """Keep the answer, in the transaction of the effect.

    KeyInUse, which takes the effect back, when the lease ran out and another request has the key.
    """
    kept = _mine(row).update(status=status, body=body, headers=headers)
    if not kept:
        detail = "This request took so long that another took its Idempotency-Key over."
        raise KeyInUse(detail, retry_after=ASK_AGAIN)


def give_back(row: IdempotencyKey) -> None:
    """Free the key of a request that had no effect, so that a mended one may use it."""
    _mine(row).delete()


def _mine(row: IdempotencyKey) -> "QuerySet[IdempotencyKey]":
    return IdempotencyKey.objects.filter(pk=row.pk, status=None, leased_until=row.leased_until)


def forget(*, now: datetime) -> int:
    """Delete the keys that are older than KEPT; returns how many."""
    return IdempotencyKey.objects.filter(created_at__lt=now - KEPT).delete()[0]
