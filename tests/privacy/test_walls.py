"""A wall lets through what a redaction names, to what its model puts in its place, and no more."""

import pytest
from django.db import IntegrityError, models, transaction

from governance.enums import RedactionCause
from governance.models import Redaction
from governance.models.base import ERASED, uuid7
from governance.services import redactions
from reviews.models import Decision, Prediction
from tests import factories
from tests.factories import NOW
from tests.privacy.conftest import Scene, about, decided

ACT = redactions.Act(RedactionCause.RETENTION, uuid7(), None, None, NOW)


def change(model: type[models.Model], **values: object) -> None:
    with transaction.atomic():
        models.QuerySet(model).update(**values)


def test_without_a_redaction_nothing_is_erased(scene: Scene) -> None:
    factories.send(scene.bot, about("c-1"))
    with pytest.raises(IntegrityError, match="append-only"):
        change(Prediction, input=ERASED)


def test_a_redacted_row_takes_what_stands_for_erased_and_nothing_else(scene: Scene) -> None:
    (row,) = factories.send(scene.bot, about("c-1"))
    Redaction.objects.create(
        model="reviews.prediction", row=row.pk.hex, cause="retention", event=uuid7(), at=NOW
    )
    for wrong in (
        {"input": {"text": "another"}}, {"tier": "high"}, {"digest": "0" * 64},
        {"input": ERASED, "confidence": 0.5}, {"subject_ref": "c-2"},
    ):  # fmt: skip
        with pytest.raises(IntegrityError, match="append-only"):
            change(Prediction, **wrong)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        models.QuerySet(Prediction)._raw_delete(using="default")
    change(Prediction, input=ERASED)
    row.refresh_from_db()
    assert row.input == ERASED


def test_one_redaction_opens_one_row(scene: Scene) -> None:
    first, second = factories.send(scene.bot, about("c-1"), about("c-2"))
    redactions.redact(Prediction, [first.pk], ACT)
    with pytest.raises(IntegrityError, match="append-only"):
        change(Prediction, input=ERASED)
    second.refresh_from_db()
    assert second.input != ERASED


def test_a_second_redaction_of_a_row_keeps_the_first(scene: Scene) -> None:
    item = decided(scene, "c-1")
    for _ in range(2):
        redactions.redact(Decision, [Decision.objects.get(item=item).pk], ACT)
    assert Redaction.objects.count() == 1
