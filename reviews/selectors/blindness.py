"""From whom the prediction of an item is hidden, decided in one place for every page and answer."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from governance.domain.principal import Principal
from governance.enums import Permission
from reviews.domain.lifecycle import ENDED
from reviews.enums import ItemStatus
from reviews.models import Decision, Note, ReviewItem

TO_ADJUDICATE = (ItemStatus.AWAITING_ADJUDICATION, ItemStatus.ESCALATED)


def hidden(principal: Principal, items: Iterable[ReviewItem]) -> frozenset[uuid.UUID]:
    """Return the ids of those items whose prediction `principal` may not see yet.

    A blind item hides the prediction, and all that follows from it, from whoever may review it,
    until they have decided, or it has ended, or it waits for them to adjudicate it.
    """
    if not principal.may(Permission.REVIEW):
        return frozenset()
    adjudicates = principal.may(Permission.ADJUDICATE)
    blind = {
        item.pk
        for item in items
        if item.blind
        and ItemStatus(item.status) not in ENDED
        and not (adjudicates and item.status in TO_ADJUDICATE)
    }
    if not blind:
        return frozenset()
    decided = Decision.objects.filter(
        item__in=blind, reviewer=principal.user_id, undoes=None, undone_by=None
    ).values_list("item_id", flat=True)
    return frozenset(blind - set(decided))


def is_hidden(principal: Principal, item: ReviewItem | None) -> bool:
    """Return whether one item's prediction is hidden from `principal`."""
    return item is not None and bool(hidden(principal, [item]))


def exposed(
    principal: Principal, rows: "QuerySet[Any]", *, own: Q | None = None
) -> "QuerySet[Any]":
    """Return those of `rows` (which have an `item`) that give nothing away to `principal`.

    Left out are the rows of items that `hidden` names, but for those that meet `own`. They are left
    out in the query, so that neither the length of a page nor its cursors tell of them.
    """
    if not principal.may(Permission.REVIEW):
        return rows
    seen = _seen(principal, "item__", "item_id")
    return rows.filter(seen if own is None else seen | own)


def exposed_items(principal: Principal, rows: "QuerySet[ReviewItem]") -> "QuerySet[ReviewItem]":
    """Return those of the items that `hidden` would not name: for filters by what it hides."""
    if not principal.may(Permission.REVIEW):
        return rows
    return rows.filter(_seen(principal, "", "pk"))


def _seen(principal: Principal, to_item: str, key: str) -> Any:
    secret = Q(**{f"{to_item}blind": True}) & ~Q(**{f"{to_item}status__in": ENDED})
    if principal.may(Permission.ADJUDICATE):
        secret &= ~Q(**{f"{to_item}status__in": TO_ADJUDICATE})
    mine = Decision.objects.filter(
        item=OuterRef(key), reviewer=principal.user_id, undoes=None, undone_by=None
    )
    return ~secret | Exists(mine)


def notes(principal_id: int, item: ReviewItem, *, blind: bool) -> list[Note]:
    """Return the notes of an item that its reader may see, the oldest first.

    Who writes a note may have seen the prediction or decided; while the item is blind to a reader,
    they see only their own.
    """
    return [note for note in item.notes.all() if not blind or note.author_id == principal_id]
