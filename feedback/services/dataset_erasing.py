"""Where sealed datasets and signals keep data of persons, and how they are emptied of one."""

from collections import Counter
from typing import Any

from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from feedback.enums import DatasetKind
from feedback.models import (
    Dataset,
    DatasetEntry,
    DatasetErasure,
    DatasetFilePart,
    DatasetVersion,
    EvaluationPrediction,
    FeedbackSignal,
)
from feedback.selectors import containing
from governance.domain.merkle import leaf_hash
from governance.models.base import ERASED, ERASED_TEXT, uuid7
from governance.services import dispatch
from governance.services.redactions import Act, Keys, Leaf, Store, Subject
from reviews.services.erasing import predictions_of

MAKE = "feedback.make_editions"


def _about(subject: Subject) -> Keys:
    entries = containing.entries_of(predictions_of(subject)).exclude(content="")
    held = _held_out(subject)
    rows = [
        *entries.order_by("pk").values_list("pk", "version"),
        *held.order_by("pk").values_list("pk", "version"),
    ]
    parts = DatasetFilePart.objects.filter(file__version__in={version for _, version in rows})
    said = FeedbackSignal.objects.filter(
        item__prediction__in=predictions_of(subject).values("pk")
    ).exclude(statement=ERASED_TEXT)
    about: dict[type[Model], list[Any]] = {
        DatasetEntry: sorted({key for key, _ in rows}),
        EvaluationPrediction: _said_of(held),
        FeedbackSignal: list(said.order_by("pk").values_list("pk", flat=True)),
        DatasetFilePart: list(
            parts.exclude(content=b"").order_by("pk").values_list("pk", flat=True)
        ),
    }
    return about


def _held_out(subject: Subject) -> "QuerySet[DatasetEntry]":
    """Return the rows of held-out sets about a subject: so stated, or of a prediction of theirs."""
    sets = DatasetVersion.objects.filter(dataset__kind=DatasetKind.EVALUATION)
    if subject.pipelines is not None:
        sets = sets.filter(dataset__pipeline__in=subject.pipelines)
    same = predictions_of(subject).filter(
        external_id=OuterRef("external_id"), pipeline=OuterRef("version__dataset__pipeline")
    )
    rows = DatasetEntry.objects.filter(version__in=sets.values("pk")).exclude(content="")
    return rows.filter(Q(subject_ref=subject.reference) | Exists(same))


def _said_of(held: "QuerySet[DatasetEntry]") -> list[int]:
    rows = EvaluationPrediction.objects.filter(
        Exists(
            held.filter(
                version=OuterRef("evaluation__dataset_version"), position=OuterRef("position")
            )
        )
    ).exclude(output=ERASED)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _wait_for_seals(subject: Subject, act: Act) -> None:
    """Hold the datasets concerned: a version that is being sealed has read what goes now."""
    pipelines = predictions_of(subject).values("pipeline")
    rows = Dataset.objects.select_for_update(of=("self",)).filter(pipeline__in=pipelines)
    list(rows.order_by("pk").only("pk"))


def _entry_leaf(row: DatasetEntry) -> Leaf:
    return Leaf(leaf_hash(row.content.encode()))


def _told(keys: Keys, act: Act) -> None:
    """Note of which versions rows went, and promise their downloads anew."""
    found = DatasetEntry.objects.filter(pk__in=keys.get(DatasetEntry, ()))
    taken = Counter(found.values_list("version", flat=True))
    for version_id, rows in sorted(taken.items()):
        DatasetErasure(
            id=uuid7(), version_id=version_id, event=act.event, rows=rows, at=act.now
        ).save()
        dispatch.enqueue(
            MAKE, now=act.now, dedupe=f"editions:{version_id}:{act.event}",
            version_id=str(version_id),
        )  # fmt: skip


STORE = Store(
    name="datasets",
    models=(DatasetEntry, DatasetFilePart, EvaluationPrediction, FeedbackSignal),
    about=_about,
    leaves={DatasetEntry: _entry_leaf},
    prepare=_wait_for_seals,
    finish=_told,
    kept="That a row was in a sealed version, and its hash, so that the version's digest still "
    "verifies; of a held-out row, whether a model was right.",
)
