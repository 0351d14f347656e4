"""The sealer: gives every event its place in the tree, and signs what the tree has become."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction

from governance.db import bulk
from governance.domain import merkle
from governance.domain import signed_notes as notes
from governance.models import (
    AuditEvent,
    Checkpoint,
    LedgerKey,
    LedgerLeaf,
    LedgerNode,
    UnsealedEvent,
)
from governance.selectors import proving
from governance.services import ledger

Event = tuple[uuid.UUID, str]
BATCH = 5_000
# Any number will do; it names the one who seals.
SEALER = 0x5EA1
KEYS = "ledger:keys"


def seal(*, now: datetime, signer: notes.Signer | None = None, most: int = BATCH) -> int:
    """Seal up to `most` events under one new checkpoint; returns how many.

    What waits is taken as it was noted, never by time or id: a transaction may end long after
    others that began later. Only one seals at a time; whoever comes second finds nothing to do.
    """
    if not UnsealedEvent.objects.exists():
        return 0
    with transaction.atomic():
        if not _alone():
            return 0
        signer = signer or settings.LEDGER_SIGNER
        key = _key_of(signer, now)
        events = _waiting(most)
        if events:
            _grow(events, key, signer, now)
            UnsealedEvent.objects.filter(event__in=[event for event, _ in events]).delete()
        return len(events)


def seal_all(*, now: datetime, signer: notes.Signer | None = None) -> int:
    """Seal until nothing waits; returns how many events."""
    total = 0
    while sealed := seal(now=now, signer=signer):
        total += sealed
    return total


def _alone() -> bool:
    """Return whether nobody else seals until the end of this transaction."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SEALER])
        return bool(cursor.fetchone()[0])


def _waiting(most: int) -> list[Event]:
    """Return what waits; an event that somebody has taken away goes on waiting, to be found."""
    waiting = UnsealedEvent.objects.order_by("event").values_list("event", flat=True)[:most]
    return list(
        AuditEvent.objects.filter(pk__in=list(waiting)).order_by("pk").values_list("pk", "digest")
    )


def _grow(events: Sequence[Event], key: LedgerKey, signer: notes.Signer, now: datetime) -> None:
    last = proving.latest()
    size = last.size if last else 0
    tree = merkle.RunningRoot(size, merkle.peaks(size, proving.Tiles().perfect))
    for _, digest in events:
        tree.add(bytes.fromhex(digest))
    leaves = ((size + place, str(pk), digest) for place, (pk, digest) in enumerate(events))
    bulk.insert(LedgerLeaf, ("position", "event", "digest"), leaves, expected=len(events))
    nodes = ((level, index, node.hex()) for level, index, node in tree.completed)
    bulk.insert(LedgerNode, ("level", "position", "digest"), nodes, expected=len(tree.completed))
    root = tree.root()
    note = notes.signed(notes.Checkpoint(signer.name, tree.size, root), signer)
    Checkpoint(size=tree.size, root=root.hex(), note=note, key=key, sealed_at=now).save()


def _key_of(signer: notes.Signer, now: datetime) -> LedgerKey:
    """Return the row of the key that signs; a new one is put on record, and sealed by itself."""
    verifier = signer.verifier
    known = LedgerKey.objects.filter(pk=verifier.key_id).first()
    if known is not None:
        return known
    before = LedgerKey.objects.order_by("-first_used_at").first()
    ledger.append(
        stream=KEYS,
        action="ledger.key_introduced",
        actor=None,
        now=now,
        detail={"key": str(verifier), "follows": before.pk if before else None},
    )
    row = LedgerKey(id=verifier.key_id, verifier=str(verifier), first_used_at=now)
    row.save()
    return row
