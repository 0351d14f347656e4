"""Notes: what people write beside an item, for whoever sees it next."""

import uuid
from datetime import datetime

from django.db import transaction

from governance.domain.principal import Principal
from governance.exceptions import InvalidInput, NotFound
from governance.models import User
from governance.services import ledger
from reviews.models import Note, ReviewItem
from reviews.selectors import restrictions
from reviews.services import assignments

MAX_TEXT = 10_000


@transaction.atomic
def add(*, principal: Principal, actor: User, item_id: uuid.UUID, text: str, now: datetime) -> Note:
    """Add a note to an item in any status; who may read it is decided in selectors.blindness."""
    if not text.strip() or len(text) > MAX_TEXT:
        raise InvalidInput.at("/text", f"A note has 1 to {MAX_TEXT} characters.", code="length")
    item = ReviewItem.objects.select_for_update(of=("self",)).filter(pk=item_id).first()
    if item is None or not restrictions.reaches(principal, item.prediction):
        raise NotFound("There is no such item.")
    note = Note.objects.create(
        item=item, author=actor, text=text, salt=ledger.new_salt(), created_at=now
    )
    assignments.touch(item)
    ledger.append(
        stream=assignments.stream_of(item.pk),
        action="note.added",
        actor=actor,
        now=now,
        commitments={"text": ledger.commit(note.salt, text)},
        detail={"note": str(note.pk)},
    )
    return note
