"""Time stamps over checkpoints, asked of an authority; one that does not answer stops nothing."""

import http.client
import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

# The sweep that asks is its own promise: whatever fails is asked again by the next one.
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, Request  # noqa: TID251

from cryptography import x509
from django.db import transaction

from governance.domain import timestamps
from governance.enums import AnchorKind
from governance.models import Anchor, Checkpoint, LedgerKey
from governance.selectors import proving

HOUR = timedelta(hours=1)
# Seconds for each step, and for all of an answer; bytes of it.
STEP, PATIENCE, LARGEST = 10, 20, 2**16
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
    except (OSError, http.client.HTTPException, ImportError, ValueError) as error:
        logger.warning("No time stamp from %s: %s", address, error)
        return None
    return _kept(checkpoint, address, timestamps.as_text(answer), now)


def asked(address: str, body: bytes) -> bytes:
    """Return what an http(s) address answers to a query; OSError when that is none in time."""
    # No redirects, no proxies and no other schemes: what is not opened here cannot be reached.
    opener = OpenerDirector()
    for handler in (HTTPHandler(), HTTPSHandler()):
        opener.add_handler(handler)
    query = Request(address, body, {"Content-Type": QUERY, "Accept": REPLY})  # noqa: S310 - http(s) alone has a handler
    until = time.monotonic() + PATIENCE
    response = opener.open(query, timeout=STEP)
    if response is None:
        raise OSError("only http and https are asked")
    with response:
        if response.status != http.client.OK:
            raise OSError(f"it answered {response.status}")
        return _read(response, until)


def _read(response: http.client.HTTPResponse, until: float) -> bytes:
    answer = b""
    while piece := response.read1(LARGEST):
        answer += piece
        if len(answer) > LARGEST:
            raise OSError("its answer is too long")
        if time.monotonic() > until:
            raise TimeoutError("its answer took too long")
    return answer


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
