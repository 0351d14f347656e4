"""What is told to other systems, how it is signed, and how often it is tried.

The form is that of Standard Webhooks (standardwebhooks.com, specification 1.0.0): `webhook-id`,
`webhook-timestamp` and `webhook-signature` over id, time and body.
"""

import secrets
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from standardwebhooks import Webhook

from governance.domain.times import rfc3339

KINDS = (
    "prediction.resolved", "item.created", "item.escalated", "item.expired", "item.reopened",
    "sla.at_risk", "sla.breached", "resolution.overturned", "dataset.published", "gate.finished",
    "adjustment.activated", "adjustment.rolled_back", "policy.changed",
)  # fmt: skip
TEST = "webhook.test"
# Whoever is told of these says that it has taken them in, within ACKNOWLEDGED.
TO_ACKNOWLEDGE = ("policy.changed",)
ACKNOWLEDGED = timedelta(seconds=60)
# After each failure it is tried again so much later: for three days in all, then given up.
WAITS = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 43200, 57600, 57600, 57600)
)
# So long what was told can be told again.
KEPT = timedelta(days=30)
OVERLAP = timedelta(hours=24)
SECRET_BYTES = 32


@dataclass(frozen=True)
class Telling:
    """One thing to tell: the ledger's event, its place in the ledger, the pipeline and the facts.

    `part` tells apart what one event tells several times, as a call that brought many items.
    """

    event: UUID
    position: int
    kind: str
    pipeline_id: int
    data: Mapping[str, Any]
    at: datetime
    part: str = ""

    @property
    def message(self) -> str:
        """Return the id of the message, the same however often it is sent."""
        return "_".join(filter(None, ("msg", self.event.hex, self.part)))


def new_secret() -> str:
    """Return a new secret in the form of the standard."""
    return f"whsec_{b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


def body_of(kind: str, data: Mapping[str, Any], *, at: datetime, sequence: int) -> bytes:
    """Return the body of a message: kind, time, place in the ledger and the facts.

    `sequence` grows with every event of the installation, whatever the order of arrival.
    """
    said = {"type": kind, "timestamp": rfc3339(at), "sequence": sequence, "data": dict(data)}
    return orjson.dumps(said)


def headers_of(message: str, body: bytes, held: Sequence[str], *, now: datetime) -> dict[str, str]:
    """Return the headers of a message, signed with each of the secrets that are held."""
    text = body.decode()
    signed = " ".join(Webhook(secret).sign(message, now, text) for secret in held)
    return {
        "Content-Type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signed,
    }


def next_try(failures: int, *, now: datetime) -> datetime | None:
    """Return when to try again after so many failures; None: never."""
    return now + WAITS[failures - 1] if failures <= len(WAITS) else None
