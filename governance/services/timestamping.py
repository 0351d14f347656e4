"""Time stamps over checkpoints, asked of an authority; one that does not answer stops nothing."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPStatus

from cryptography import x509
from django.db import transaction

from governance.domain import timestamps
from governance.enums import AnchorKind
from governance.models import Anchor, Checkpoint, LedgerKey
from governance.selectors import proving
from governance.services import egress

HOUR = timedelta(hours=1)
# Seconds for all of an answer.
PATIENCE = 20.0
QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
logger = logging.getLogger(__name__)


def stamp(*, address: str, roots: Sequence[x509.Certificate], now: datetime) -> Anchor | None:
    """Have the latest checkpoint stamped, once an hour at most, and keep the stamp.

    None where it has one, nothing is sealed, or the authority does not answer as it should, which
    is logged. The database is not locked while the authority is asked.
    """
    checkpoint = _due(address, now)
    if checkpoint is None:
        return None
    try:
        question = timestamps.request_for(checkpoint.note)
        answer = asked(address, question.body)
        timestamps.checked(answer, checkpoint.note, roots=roots, nonce=question.nonce)
    except (OSError, ImportError, ValueError) as error:
        logger.warning("No time stamp from %s: %s", address, error)
        return None
    return _kept(checkpoint, address, timestamps.as_text(answer), now)


def asked(address: str, body: bytes) -> bytes:
    """Return what an http(s) address answers to a query; OSError when that is none in time."""
    answer = egress.call(
        "POST", address, body=body, headers={"Content-Type": QUERY, "Accept": REPLY},
        patience=PATIENCE,
    )  # fmt: skip
    if answer.status != HTTPStatus.OK:
        raise OSError(f"it answered {answer.status}")
    return answer.body


def _due(address: str, now: datetime) -> Checkpoint | None:
    checkpoint = proving.latest()
    stamps = Anchor.objects.filter(kind=AnchorKind.TIMESTAMP, place=address)
    last = stamps.order_by("-at").first()
    if checkpoint is None or last is None:
        return checkpoint
    recent = last.at > now - HOUR or last.checkpoint_id == checkpoint.pk
    return None if recent else checkpoint


@transaction.atomic
def _kept(checkpoint: Checkpoint, address: str, token: str, now: datetime) -> Anchor | None:
    """Keep a stamp, unless somebody else was quicker."""
    LedgerKey.objects.select_for_update(no_key=True).order_by("first_used_at", "pk").first()
    place = {"checkpoint": checkpoint, "kind": AnchorKind.TIMESTAMP, "place": address}
    if Anchor.objects.filter(**place).exists():
        return None
    anchor = Anchor(**place, token=token, at=now)
    anchor.save()
    return anchor
