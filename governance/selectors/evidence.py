"""Events with the proof that they are in the ledger, as documents carry them."""

from collections.abc import Sequence
from typing import Any

from governance.domain.times import rfc3339
from governance.models import AuditEvent, LedgerKey
from governance.selectors import proving


def of(events: Sequence[AuditEvent]) -> dict[str, Any]:
    """Return `ledger` (checkpoint and public keys) and `events` (columns, digest and proof).

    Of an event that is not sealed yet `position` is None and `path` empty.
    """
    point = proving.latest()
    proofs = proving.inclusions([event.pk for event in events], point) if point else {}
    return {
        "ledger": {
            "checkpoint": point.note if point else "",
            "sealed_at": rfc3339(point.sealed_at) if point else None,
            "keys": list(LedgerKey.objects.order_by("pk").values_list("verifier", flat=True)),
        },
        "events": [_event(event, proofs.get(event.pk)) for event in events],
    }


def _event(event: AuditEvent, proof: proving.Inclusion | None) -> dict[str, Any]:
    return {
        "leaf": leaf(event),
        "digest": event.digest,
        "position": proof.index if proof else None,
        "path": proof.path if proof else [],
    }


def leaf(event: AuditEvent) -> dict[str, Any]:
    """Return the columns that the digest of an event is made of."""
    return {
        "action": event.action,
        "actor": event.actor_id,
        "at": rfc3339(event.at),
        "commitments": event.commitments,
        "detail": event.detail,
        "id": str(event.pk),
        "reason": event.reason,
        "request_id": event.request_id,
        "sequence": event.sequence,
        "stream": event.stream,
    }
