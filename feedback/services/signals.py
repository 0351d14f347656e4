"""Distilling: from resolutions to signals, a batch at a time, so that deciding need not wait."""

import uuid
from collections import Counter
from collections.abc import Callable
from datetime import datetime

import orjson
from django.db import transaction

from feedback.domain.signals import RULES, leaves
from feedback.models import FeedbackSignal
from feedback.selectors import signals as selector
from governance.db import bulk
from governance.domain.canonical import canonical
from governance.domain.merkle import RunningRoot, leaf_hash
from governance.models.base import uuid7
from governance.services import ledger
from reviews.models import Resolution

BATCH = 500
# A sweep is cut off in a minute; what is left is found by the next one.
MOST_BATCHES = 20
FIELDS = (
    "id", "pipeline", "item", "resolution", "kind", "statement", "scenario_type",
    "confidence_band", "reason_codes", "decisions", "rules", "resolved_at", "distilled_at",
)  # fmt: skip


def sweep(*, now: Callable[[], datetime]) -> int:
    """Make the signals of what was resolved and has none; returns how many were made."""
    made = 0
    for _batch in range(MOST_BATCHES):
        found, new = distil(now=now())
        made += new
        if found < BATCH:
            break
    return made


@transaction.atomic
def distil(*, now: datetime) -> tuple[int, int]:
    """Make the signals of one batch; returns how many resolutions it took, and signals it made.

    Any number may run at once: each takes resolutions that no other has in hand.
    """
    taken = _take()
    rows, counts, tree = [], Counter[str](), RunningRoot()
    for resolution, found in selector.taught(Resolution.objects.filter(pk__in=taken)):
        prediction = resolution.item.prediction
        counts[prediction.pipeline.slug] += len(found)
        for leaf, signal in zip(leaves(found), found, strict=True):
            tree.add(leaf_hash(canonical(leaf)))
            rows.append(
                (
                    str(signal.id), prediction.pipeline_id, str(resolution.item_id),
                    str(resolution.pk), signal.kind.value, signal.statement,
                    prediction.scenario_type, signal.confidence_band,
                    orjson.dumps(signal.reason_codes).decode(),
                    orjson.dumps(signal.decisions).decode(), RULES, resolution.resolved_at, now,
                )
            )  # fmt: skip
    if rows:
        bulk.insert(FeedbackSignal, FIELDS, rows, expected=len(rows))
        _record(counts, len(taken), tree.root().hex(), now)
    return len(taken), len(rows)


def _take() -> list[uuid.UUID]:
    """Return the next resolutions, held for this transaction, less what another has just done."""
    free = selector.undistilled().select_for_update(skip_locked=True, of=("self",), no_key=True)
    held = list(free.values_list("pk", flat=True)[:BATCH])
    done = FeedbackSignal.objects.filter(resolution__in=held).values_list("resolution", flat=True)
    return sorted(set(held) - set(done))


def _record(counts: Counter[str], resolutions: int, root: str, now: datetime) -> None:
    ledger.first(
        stream=f"signals:{uuid7()}",
        action="signals.distilled",
        actor=None,
        now=now,
        detail={
            "pipelines": dict(sorted(counts.items())),
            "resolutions": resolutions,
            "signals": counts.total(),
            "root": root,
            "rules": RULES,
        },
    )
