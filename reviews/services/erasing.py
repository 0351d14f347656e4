"""Where predictions and the work on them keep data of persons, and how each place is emptied."""

import uuid
from collections.abc import Iterator
from typing import Any

from django.db.models import Model, Q, QuerySet

from governance.models import IdempotencyKey
from governance.services.redactions import Act, Keys, Leaf, Store, Subject
from reviews.domain.rows import leaf_record, stored_leaf
from reviews.enums import ItemStatus
from reviews.models import (
    Challenge,
    ChallengeOutcome,
    Decision,
    Note,
    Outcome,
    Prediction,
    Resolution,
    ReviewItem,
    ShadowRoute,
    Withdrawal,
)
from reviews.services import withdrawals

ENDED = (ItemStatus.RESOLVED, ItemStatus.WITHDRAWN, ItemStatus.EXPIRED)
CHUNK = 1_000
ERASED_ANSWER = b'{"erased":true}'
JUDGEMENTS = (Decision, Resolution, Challenge, ChallengeOutcome, Note)
REASON = "Its data is erased."


def leaf_of(row: Prediction) -> Leaf:
    """Return the leaf of a prediction, and the ids and digests that it was made of."""
    return Leaf(stored_leaf(row), leaf_record(row))


def predictions_of(subject: Subject) -> "QuerySet[Prediction]":
    """Return what was predicted about a subject, and is not erased yet."""
    rows = Prediction.objects.filter(subject_ref=subject.reference).exclude(subject_ref="")
    return rows if subject.pipelines is None else rows.filter(pipeline__in=subject.pipelines)


def _keys(rows: "QuerySet[Any]") -> list[Any]:
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _predictions(subject: Subject) -> Keys:
    found = predictions_of(subject)
    about: dict[type[Model], list[Any]] = {Prediction: _keys(found)}
    for model in (ShadowRoute, Withdrawal, Outcome):
        about[model] = _keys(model._default_manager.filter(prediction__in=found.values("pk")))
    return about


def _judgements(subject: Subject) -> Keys:
    items = ReviewItem.objects.filter(prediction__in=predictions_of(subject).values("pk"))
    return {
        model: _keys(model._default_manager.filter(item__in=items.values("pk")))
        for model in JUDGEMENTS
    }


def _close(subject: Subject, act: Act) -> None:
    """Take back what people still work on: nobody can judge what is no longer there."""
    open_ones = predictions_of(subject).exclude(item=None).exclude(item__status__in=ENDED)
    assert act.actor is not None
    assert act.principal is not None
    for key in _keys(open_ones):
        withdrawals.withdraw(
            principal=act.principal, actor=act.actor, prediction_id=key, reason=REASON, now=act.now
        )


def _answers(subject: Subject) -> Keys:
    """Return the answers, kept for whoever repeats a request, that name what is about a subject."""
    rows = predictions_of(subject).values_list("pk", "external_id", "item")
    named = {str(each).encode() for row in rows for each in row if each}
    named |= {subject.reference.encode()}
    found = [key for key, body in _bodies() if any(name in body for name in named)]
    return {IdempotencyKey: found}


def _bodies() -> Iterator[tuple[uuid.UUID, bytes]]:
    kept = IdempotencyKey.objects.filter(~Q(body=None)).exclude(body=ERASED_ANSWER)
    for key, body in kept.values_list("pk", "body").iterator(CHUNK):
        yield key, bytes(body or b"")


def _overwrite(keys: Keys) -> None:
    rows = IdempotencyKey.objects.filter(pk__in=keys[IdempotencyKey])
    rows.update(body=ERASED_ANSWER)


STORES = (
    Store(
        name="predictions",
        models=(Prediction, ShadowRoute, Withdrawal, Outcome),
        about=_predictions,
        leaves={Prediction: leaf_of},
        prepare=_close,
        kept="What was decided, when, by which rule and version, the sender's own id and the digest"
        " of what came: to show and defend how it was decided (GDPR 17(3)(b) and (e)).",
    ),
    Store(
        name="decisions",
        models=JUDGEMENTS,
        about=_judgements,
        kept="Who decided, when, with which verdict and reason codes: to show and defend how it was"
        " decided (GDPR 17(3)(b) and (e)).",
    ),
    Store(
        name="answers",
        models=(IdempotencyKey,),
        about=_answers,
        overwrite=_overwrite,
        kept="That a request was answered, for seven days.",
    ),
)
