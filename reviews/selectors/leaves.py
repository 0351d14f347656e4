"""The leaf hashes of predictions as they were taken, erased ones among them."""

import itertools
from collections.abc import Iterable, Iterator

from governance.selectors.redactions import recorded, row_name
from reviews.domain.rows import stored_leaf
from reviews.models import Prediction

CHUNK = 1000


def leaves(rows: Iterable[Prediction]) -> Iterator[bytes]:
    """Yield the leaf hash of each prediction, in order.

    Of one whose values were erased it is the hash that its redaction keeps: the row alone no
    longer says what it was, and the root over all of them still verifies.
    """
    ordered = iter(rows)
    while some := list(itertools.islice(ordered, CHUNK)):
        kept = recorded(Prediction, [row.pk for row in some])
        for row in some:
            leaf = kept.get(row_name(row.pk))
            yield bytes.fromhex(leaf) if leaf else stored_leaf(row)
