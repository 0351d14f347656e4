"""What a pipeline holds out of training, and which rows would be on both sides."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db.models import Exists, OuterRef, QuerySet

from feedback.domain.held_out import HeldOut, HeldOutRow, input_digest
from feedback.domain.rows import row_json
from feedback.enums import DatasetKind
from feedback.models import DatasetEntry, DatasetVersion
from governance.selectors.lineage import chunks

AT_ONCE = 500
MOST_NAMED = 1_000
NAMES = ("external_id", "version__dataset__slug", "version__number")


@dataclass(frozen=True)
class Clash:
    """A row that models of the pipeline may have been trained on: which, by what, and where."""

    external_id: str
    by: str
    dataset: str
    version: int


def of_pipeline(pipeline_id: int) -> HeldOut:
    """Return all that the sealed held-out sets of a pipeline hold."""
    rows = _entries(pipeline_id, DatasetKind.EVALUATION).exclude(content="")
    names, inputs, subjects = set(), set(), set()
    for name, digest, subject in rows.values_list(
        "external_id", "input_digest", "subject_ref"
    ).iterator(2_000):
        names.add(name)
        inputs.add(bytes(digest or b""))
        subjects.add(subject)
    return HeldOut(frozenset(names), frozenset(inputs), frozenset(subjects - {""}))


def sealed(pipeline_id: int) -> frozenset[uuid.UUID]:
    """Return the versions of the held-out sets of a pipeline."""
    rows = DatasetVersion.objects.filter(
        dataset__pipeline=pipeline_id, dataset__kind=DatasetKind.EVALUATION
    )
    return frozenset(rows.values_list("pk", flat=True))


def clashes(pipeline_id: int, rows: Sequence[HeldOutRow]) -> list[Clash]:
    """Return the rows that some training version of the pipeline holds, MOST_NAMED at most.

    The same name, the same input, or the same person makes them the same.
    """
    found: dict[str, Clash] = {}
    entries = _entries(pipeline_id, DatasetKind.TRAINING).exclude(content="")
    sought: tuple[tuple[str, str, dict[Any, HeldOutRow]], ...] = (
        ("external_id", "external_id", {row.external_id: row for row in rows}),
        ("input", "input_digest", {row.input_digest: row for row in rows}),
        ("subject", "prediction__subject_ref", {r.subject_ref: r for r in rows if r.subject_ref}),
    )
    for by, lookup, values in sought:
        for some in chunks(iter(values), AT_ONCE):
            met = entries.filter(**{f"{lookup}__in": some}).values_list(lookup, *NAMES[1:])
            for value, slug, number in met.iterator(2_000):
                row = values[bytes(value) if isinstance(value, memoryview) else value]
                found.setdefault(row.external_id, Clash(row.external_id, by, slug, number))
    for clash in _among_undigested(entries.filter(input_digest=None), rows):
        found.setdefault(clash.external_id, clash)
    return sorted(found.values(), key=lambda clash: clash.external_id)[:MOST_NAMED]


def _among_undigested(
    entries: "QuerySet[DatasetEntry]", rows: Sequence[HeldOutRow]
) -> Iterator[Clash]:
    """Look through rows that were sealed before the digest of an input was kept."""
    wanted = {row.input_digest: row.external_id for row in rows}
    for content, slug, number in entries.values_list("content", *NAMES[1:]).iterator(2_000):
        digest = input_digest(row_json(orjson.loads(content)["input"]).decode())
        if digest in wanted:
            yield Clash(wanted[digest], "input", slug, number)


def _entries(pipeline_id: int, kind: DatasetKind) -> "QuerySet[DatasetEntry, Any]":
    versions = DatasetVersion.objects.filter(dataset__pipeline=pipeline_id, dataset__kind=kind)
    return DatasetEntry.objects.filter(version__in=versions.values("pk"))


def met_in_training(held: DatasetVersion, trained: Sequence[uuid.UUID]) -> list[str]:
    """Return the rows of a held-out version that a model was trained on in other pipelines.

    They are known by their input, and MOST_NAMED at most are named. Within its own pipeline,
    sealing has kept them apart.
    """
    own = held.dataset.pipeline_id
    elsewhere = DatasetVersion.objects.filter(pk__in=trained).exclude(dataset__pipeline=own)
    there = DatasetEntry.objects.filter(
        version__in=elsewhere.values("pk"), input_digest=OuterRef("input_digest")
    )
    rows = DatasetEntry.objects.filter(Exists(there), version=held).exclude(input_digest=None)
    return list(rows.order_by("position").values_list("external_id", flat=True)[:MOST_NAMED])
