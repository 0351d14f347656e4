"""Replacing the key of the site: each key of a data subject is sealed anew, batch by batch."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from governance.domain import envelopes
from governance.exceptions import Conflict
from governance.models import SubjectKey, User
from governance.services import ledger, subjects

STREAM = "subject-keys:all"
BATCH = 500


@dataclass(frozen=True)
class Batch:
    """How many keys were sealed anew, and the last key looked at: None when no more are left."""

    moved: int
    last: uuid.UUID | None


@transaction.atomic
def rewrap(
    *, after: uuid.UUID | None, actor: User | None, now: datetime, most: int = BATCH
) -> Batch:
    """Seal the next `most` keys after one of them under the key of today; all of these or none.

    What is sealed so already is left as it is, so that whoever broke off begins again at the
    start. Conflict when a key opens under none of the keys of the site.
    """
    rows = SubjectKey.objects.select_for_update().filter(destroyed_at=None)
    if after is not None:
        rows = rows.filter(pk__gt=after)
    batch = list(rows.order_by("pk")[:most])
    moved = [row for row in batch if _rewrapped(row)]
    if moved:
        SubjectKey.objects.bulk_update(moved, ["wrapped", "token"])
        ledger.append(
            stream=STREAM,
            action="subject_keys.rewrapped",
            actor=actor,
            now=now,
            detail={
                "keys": len(moved),
                "first": str(moved[0].pk),
                "last": str(moved[-1].pk),
            },
        )
    return Batch(len(moved), batch[-1].pk if batch else None)


def _rewrapped(row: SubjectKey) -> bool:
    try:
        return subjects.rewrapped(row)
    except envelopes.CannotOpen:
        raise Conflict(
            f"The key {row.pk} opens with none of PRIVACY_KEY and PRIVACY_KEY_FALLBACKS: add the "
            "key under which it was sealed."
        ) from None
