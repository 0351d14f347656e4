"""Which records are past the time for which they are kept, and under no legal hold.

Shadow routes and notices are deleted. What predictions and decisions say of people goes, and what
proves that they were made stays; that is done only in pipelines whose policy declares personal
data. What people still work on is never past its time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Model, Q, QuerySet

from governance.enums import RecordClass
from governance.models.base import ERASED
from governance.selectors import provenance, retention
from reviews.enums import ItemStatus
from reviews.models import (
    Challenge,
    ChallengeOutcome,
    Decision,
    Note,
    Notification,
    Prediction,
    Resolution,
    ShadowRoute,
)

ENDED = (ItemStatus.RESOLVED, ItemStatus.WITHDRAWN, ItemStatus.EXPIRED)
# Where the prediction of a row of each model is.
TO_PREDICTION: dict[type[Model], str] = {
    Prediction: "",
    ShadowRoute: "prediction__",
    Decision: "item__prediction__",
    Resolution: "item__prediction__",
    Challenge: "item__prediction__",
    ChallengeOutcome: "item__prediction__",
    Note: "item__prediction__",
    Notification: "item__prediction__",
}
WRITTEN: dict[type[Model], str] = {
    Decision: "decided_at", Resolution: "resolved_at", Note: "created_at",
    Challenge: "opened_at", ChallengeOutcome: "at",
}  # fmt: skip


@dataclass(frozen=True)
class Expired:
    """The rows of one model that are past their time; `deleted`: they go as a whole."""

    record_class: RecordClass
    model: type[Model]
    rows: "QuerySet[Any]"
    kept_days: int
    pipeline_id: int | None = None
    deleted: bool = False


def expired(held: "Held", now: datetime) -> Iterator[Expired]:
    """Return what is past its time at `now`, class by class."""
    days = retention.days()
    yield _routes(held, days[RecordClass.ROUTING], now)
    yield _notices(held, days[RecordClass.NOTIFICATIONS], now)
    for pipeline_id, kept in provenance.personal_pipelines().items():
        if pipeline_id in held.pipelines:
            continue
        yield _predictions(held, pipeline_id, kept, now)
        for model in WRITTEN:
            yield _judgements(held, model, pipeline_id, days[RecordClass.DECISIONS], now)


@dataclass(frozen=True)
class Held:
    """What legal holds cover: pipelines, and references of subjects with the pipeline or all."""

    pipelines: frozenset[int]
    subjects: tuple[tuple[str, int | None], ...]

    def rows(self, to_prediction: str) -> Q:
        """Return the condition that a row is held; `to_prediction` leads to its prediction."""
        held = Q(**{f"{to_prediction}pipeline__in": self.pipelines})
        for reference, pipeline_id in self.subjects:
            about = Q(**{f"{to_prediction}subject_ref": reference})
            if pipeline_id is not None:
                about &= Q(**{f"{to_prediction}pipeline": pipeline_id})
            held |= about
        return held


def _routes(held: Held, days: int, now: datetime) -> Expired:
    rows = ShadowRoute.objects.filter(prediction__received_at__lt=now - timedelta(days=days))
    return _expired(RecordClass.ROUTING, ShadowRoute, rows, held, days, deleted=True)


def _notices(held: Held, days: int, now: datetime) -> Expired:
    """Notices: what is in a letter that still waits stays."""
    rows = Notification.objects.filter(created_at__lt=now - timedelta(days=days))
    rows = rows.filter(Q(mail_due_at=None) | Q(mailed_at__isnull=False))
    return _expired(RecordClass.NOTIFICATIONS, Notification, rows, held, days, deleted=True)


def _predictions(held: Held, pipeline_id: int, days: int, now: datetime) -> Expired:
    rows = Prediction.objects.filter(
        Q(item=None) | Q(item__status__in=ENDED),
        pipeline=pipeline_id, received_at__lt=now - timedelta(days=days),
    ).exclude(input=ERASED)  # fmt: skip
    return _expired(RecordClass.PREDICTIONS, Prediction, rows, held, days, pipeline_id)


def _judgements(
    held: Held, model: type[Model], pipeline_id: int, days: int, now: datetime
) -> Expired:
    rows = model._default_manager.filter(
        item__pipeline=pipeline_id,
        item__status__in=ENDED,
        **{f"{WRITTEN[model]}__lt": now - timedelta(days=days)},
    ).exclude(salt="")
    return _expired(RecordClass.DECISIONS, model, rows, held, days, pipeline_id)


def _expired(
    record_class: RecordClass,
    model: type[Model],
    rows: "QuerySet[Any]",
    held: Held,
    days: int,
    pipeline_id: int | None = None,
    *,
    deleted: bool = False,
) -> Expired:
    # Kept by what holds name, and not by what they exclude: a row without a prediction is no match.
    covered = model._default_manager.filter(held.rows(TO_PREDICTION[model])).values("pk")
    if held.pipelines or held.subjects:
        rows = rows.exclude(pk__in=covered)
    return Expired(record_class, model, rows, days, pipeline_id, deleted)
