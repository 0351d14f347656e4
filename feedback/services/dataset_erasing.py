"""Where sealed datasets and signals keep data of persons, and how they are emptied of one."""

from collections import Counter
from typing import Any

from django.db.models import Model

from feedback.models import Dataset, DatasetEntry, DatasetErasure, DatasetFilePart, FeedbackSignal
from feedback.selectors import containing
from governance.domain.merkle import leaf_hash
from governance.models.base import ERASED_TEXT, uuid7
from governance.services import dispatch
from governance.services.redactions import Act, Keys, Leaf, Store, Subject
from reviews.services.erasing import predictions_of

MAKE = "feedback.make_editions"


def _about(subject: Subject) -> Keys:
    entries = containing.entries_of(predictions_of(subject)).exclude(content="")
    rows = list(entries.order_by("pk").values_list("pk", "version"))
    parts = DatasetFilePart.objects.filter(file__version__in={version for _, version in rows})
    said = FeedbackSignal.objects.filter(
        item__prediction__in=predictions_of(subject).values("pk")
    ).exclude(statement=ERASED_TEXT)
    about: dict[type[Model], list[Any]] = {
        DatasetEntry: [key for key, _ in rows],
        FeedbackSignal: list(said.order_by("pk").values_list("pk", flat=True)),
        DatasetFilePart: list(
            parts.exclude(content=b"").order_by("pk").values_list("pk", flat=True)
        ),
    }
    return about


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
    models=(DatasetEntry, DatasetFilePart, FeedbackSignal),
    about=_about,
    leaves={DatasetEntry: _entry_leaf},
    prepare=_wait_for_seals,
    finish=_told,
    kept="That a row was in a sealed version, and its hash: the version's digest still verifies.",
)
