"""What leaves the admin as a file is on record: who took which list, and its digest."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from governance.models import AuditEvent, User
from governance.services import ledger


@transaction.atomic
def record(
    *, actor: User, listed: str, chosen: Mapping[str, str], rows: int, digest: str, now: datetime
) -> AuditEvent:
    """Put on record that `actor` took `rows` rows of a list; `digest` is of the file's bytes."""
    User.objects.select_for_update(of=("self",)).get(pk=actor.pk)
    detail: dict[str, Any] = {
        "list": listed, "filter": dict(chosen), "rows": rows, "sha256": digest,
    }  # fmt: skip
    return ledger.append(
        stream=f"user:{actor.pk}", action="records.exported", actor=actor, now=now, detail=detail
    )
