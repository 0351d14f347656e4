"""Purging: what is past its time goes, in batches, each with an event that says how much."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from governance.db import append_only
from governance.enums import RedactionCause
from governance.models.base import AppendOnlyModel, uuid7
from governance.selectors import holds
from governance.services import ledger, redactions, subjects
from governance.services.redactions import Act
from reviews.models import Outcome, Prediction, ShadowRoute, Withdrawal
from reviews.selectors import expired
from reviews.selectors.expired import Expired, Held
from reviews.services.erasing import leaf_of

AT_ONCE = 500
# Shorter than the longest that a task may take.
SECONDS = 40.0
PURGED = "retention.purged"
# By it the person is still found: for consent, for a hold, and for an erasure of what is left.
KEEPING = frozenset({"subject_ref"})


def held() -> Held:
    """Return what legal holds cover, by the references under which pipelines know the people."""
    cover = holds.cover()
    named = (
        (subjects.reference_of(row.subject), row.pipeline_id)
        for row in cover.subjects
        if row.subject is not None
    )
    return Held(cover.pipelines, tuple((reference, key) for reference, key in named if reference))


def due(*, now: datetime) -> list[tuple[Expired, int]]:
    """Return what a purge would take now, and how many rows: a dry run."""
    return [(each, each.rows.count()) for each in expired.expired(held(), now)]


def purge(*, now: datetime, until: Callable[[], float] = time.monotonic) -> int:
    """Take what is past its time, batch by batch, for SECONDS; returns how many rows went.

    Each batch is one transaction with one event. What is left when the time is up, or when the
    process dies, is found by the next run; any number may run at once.
    """
    end, taken = until() + SECONDS, 0
    for each in expired.expired(held(), now):
        while until() < end and (rows := _batch(each, now)):
            taken += rows
    return taken


@transaction.atomic
def _batch(each: Expired, now: datetime) -> int:
    chosen = each.rows.order_by("pk").only("pk")
    keys = [row.pk for row in chosen.select_for_update(of=("self",), skip_locked=True)[:AT_ONCE]]
    if not keys:
        return 0
    event = uuid7()
    act = Act(RedactionCause.RETENTION, event, None, None, now)
    if each.deleted:
        _delete(each, keys)
    else:
        _redact(each, keys, act)
    ledger.first(
        stream=f"purge:{event}",
        action=PURGED,
        actor=None,
        now=now,
        event_id=event,
        detail={
            "class": each.record_class.value,
            "model": each.model._meta.label,
            "pipeline": each.pipeline_id,
            "rows": len(keys),
            "deleted": each.deleted,
            "kept_days": each.kept_days,
            "first": str(keys[0]),
            "last": str(keys[-1]),
        },
    )
    return len(keys)


def _redact(each: Expired, keys: list[object], act: Act) -> None:
    if each.model is not Prediction:
        redactions.redact(each.model, keys, act)
        return
    redactions.redact(Prediction, keys, act, leaf=leaf_of, keeping=KEEPING)
    for model in (Outcome, Withdrawal, ShadowRoute):
        hanging = model._default_manager.filter(prediction__in=keys).order_by("pk")
        redactions.redact(model, list(hanging.values_list("pk", flat=True)), act)


def _delete(each: Expired, keys: list[object]) -> None:
    rows: QuerySet[Any] = QuerySet(each.model).filter(pk__in=keys)
    if not issubclass(each.model, AppendOnlyModel):
        rows._raw_delete(using=connection.alias)
        return
    with append_only.lifted(connection, [each.model._meta.db_table]):
        rows._raw_delete(using=connection.alias)
