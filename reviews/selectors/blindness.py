"""From whom the prediction of an item is hidden, decided in one place for every page and answer."""

import uuid
from collections.abc import Iterable

from governance.domain.principal import Principal
from governance.enums import Permission
from reviews.domain.lifecycle import ENDED
from reviews.enums import ItemStatus
from reviews.models import Decision, ReviewItem

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
