"""Sealing: from what stands to a version that never changes."""

import hashlib
import itertools
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from feedback.domain import cards, csv_text, datasheets
from feedback.domain.held_out import HeldOut, input_digest
from feedback.domain.parquet import Writer
from feedback.domain.recipes import Recipe
from feedback.domain.rows import line_of, row_json, texts_of
from feedback.enums import DownloadFormat
from feedback.models import Dataset, DatasetEntry, DatasetFile, DatasetFilePart, DatasetVersion
from feedback.selectors import held_out
from feedback.selectors.downloads import jsonl
from feedback.selectors.standing import Reading, Standing
from feedback.services.datasets import stream_of
from governance.db import bulk, turns
from governance.domain.merkle import RunningRoot, leaf_hash
from governance.domain.purposes import TRAINING
from governance.domain.times import parse_rfc3339, rfc3339
from governance.exceptions import Conflict
from governance.models import DataSource, Job
from governance.models.base import uuid7
from governance.selectors import consents, provenance
from governance.services import ledger
from reviews.selectors import restrictions
from reviews.services import resolutions

PART = 2**20
ENTRY_FIELDS = (
    "version", "position", "prediction", "resolution", "external_id", "content", "input_digest",
    "subject_ref",
)  # fmt: skip
CSV_FORMATS = (DownloadFormat.CSV, DownloadFormat.CSV_RAW)
FORMULAS = {
    "split": "SHA-256 of pipeline and external_id: train 80, validation 10, test 10 in 100",
    "weight": "1 / propensity of what people resolved",
}


class HeldOutMeanwhile(RuntimeError):
    """While rows were read, others were held out; the job is to be done again."""


@transaction.atomic
def seal(*, job: Job, now: datetime) -> dict[str, Any]:
    """Write the version that a job promised, close it, and return what its caller is told.

    All or nothing; a job that runs again after its version was sealed finds it. From here on the
    outcomes in it have left the system. What a held-out set of the pipeline holds is left out and
    counted. Conflict when there would be no row; HeldOutMeanwhile when the job is to be run again.
    """
    dataset = (
        Dataset.objects.select_for_update(of=("self",))
        .select_related("pipeline")
        .get(pk=job.arguments["dataset"])
    )
    if sealed := DatasetVersion.objects.filter(job=job).first():
        return told(dataset, sealed)
    as_of = parse_rfc3339(job.arguments["as_of"])
    sources = sources_of(dataset)
    recipe = Recipe(dataset.filter, dataset.include.get("auto", False))
    sets = held_out.sealed(dataset.pipeline_id)
    binding = _Binding(uuid7(), held_out.of_pipeline(dataset.pipeline_id))
    refused = consents.refused(TRAINING, dataset.pipeline_id)
    reading = Reading(dataset.pipeline, recipe, as_of, refused, restrictions.in_force())
    for standing in reading.chunks():
        taken = binding.take(standing)
        items = [entry.item_id for entry in taken if entry.item_id]
        resolutions.mark_left(item_ids=items, now=now)
    if not binding.tally.rows:
        raise Conflict(f"Nothing that stood at {rfc3339(as_of)} meets the recipe of {dataset}.")
    binding.finish()
    turns.alone(turns.HOLDING_OUT)
    if held_out.sealed(dataset.pipeline_id) != sets:
        raise HeldOutMeanwhile(dataset.slug)
    version = _close(binding, dataset, job, as_of, now, sources, reading.left_out)
    ledger.append(
        stream=stream_of(dataset),
        action="dataset.published",
        actor=job.user,
        now=now,
        detail={
            "version": str(version.pk),
            "number": version.number,
            "rows": version.rows,
            "digest": version.digest,
            "parent": version.parent.digest if version.parent else None,
            "as_of": rfc3339(as_of),
            "files": {kind: measure.sha256 for kind, measure in binding.measures.items()},
        },
    )
    return told(dataset, version)


def sources_of(dataset: Dataset) -> list[DataSource]:
    """Return where the rows come from; Conflict where that must be known and is not."""
    sources = provenance.of_pipeline(dataset.pipeline_id)
    if not sources and provenance.is_personal(dataset.pipeline):
        raise Conflict(
            f"{dataset.pipeline.slug} holds personal data and declares no data source: say where "
            "the data comes from and on what its use rests, then seal."
        )
    return sources


@dataclass
class _Measure:
    """The digest and size of a file that is made piece by piece."""

    size: int = 0
    _digest: Any = field(default_factory=hashlib.sha256)

    def add(self, piece: bytes) -> None:
        self._digest.update(piece)
        self.size += len(piece)

    @property
    def sha256(self) -> str:
        return str(self._digest.hexdigest())


class _Binding:
    """The rows and files of a version in the making."""

    def __init__(self, version_id: uuid.UUID, held: HeldOut) -> None:
        self.version_id, self.held, self.held_out = version_id, held, 0
        self.tally, self.tree = cards.Tally(), RunningRoot()
        self.measures = {kind: _Measure() for kind in DownloadFormat}
        self._file_ids = {kind: uuid7() for kind in DownloadFormat}
        self._buffer, self._parts = bytearray(), 0
        self._parquet = Writer(self._write_parquet)
        for kind in CSV_FORMATS:
            self.measures[kind].add(csv_text.header())

    def take(self, standing: Sequence[Standing]) -> list[Standing]:
        """Write entries, and go on with each file; returns those that are not held out."""
        read = [(entry, texts_of(entry.row)) for entry in standing]
        digests = [input_digest(texts["input"]) for _, texts in read]
        if self.held:
            kept = [
                not self._holds_out(entry, d) for (entry, _), d in zip(read, digests, strict=True)
            ]
            self.held_out += kept.count(False)
            read = list(itertools.compress(read, kept))
            digests = list(itertools.compress(digests, kept))
        self._write([entry for entry, _ in read], [texts for _, texts in read], digests)
        return [entry for entry, _ in read]

    def _holds_out(self, entry: Standing, digest: bytes) -> bool:
        return self.held.holds(entry.row["external_id"], digest, entry.subject_ref)

    def _write(
        self,
        taken: Sequence[Standing],
        texts: Sequence[Mapping[str, str]],
        digests: Sequence[bytes],
    ) -> None:
        rows = [(entry.row, said) for entry, said in zip(taken, texts, strict=True)]
        lines = [line_of(said) for said in texts]
        first = self.tally.rows
        for entry, line in zip(taken, lines, strict=True):
            self.tree.add(leaf_hash(line.encode()))
            self.tally.add(
                entry.row, subject_ref=entry.subject_ref, subject_basis=entry.subject_basis
            )
        entries = [
            (
                self.version_id,
                first + i,
                entry.prediction_id,
                entry.resolution_id,
                entry.row["external_id"],
                lines[i],
                digests[i],
                "",
            )
            for i, entry in enumerate(taken)
        ]
        bulk.insert(DatasetEntry, ENTRY_FIELDS, entries, expected=len(entries))
        self.measures[DownloadFormat.JSONL].add(jsonl(lines))
        for kind, piece in zip(CSV_FORMATS, csv_text.both(rows), strict=True):
            self.measures[kind].add(piece)
        self._parquet.add(rows)

    def _write_parquet(self, piece: bytes) -> None:
        self.measures[DownloadFormat.PARQUET].add(piece)
        self._buffer += piece
        while len(self._buffer) >= PART:
            self._keep(PART)

    def _keep(self, size: int) -> None:
        DatasetFilePart.objects.create(
            file_id=self._file_ids[DownloadFormat.PARQUET],
            position=self._parts,
            content=bytes(self._buffer[:size]),
        )
        del self._buffer[:size]
        self._parts += 1

    def finish(self) -> None:
        """End the files, and close them."""
        self._parquet.finish()
        if self._buffer:
            self._keep(len(self._buffer))
        for kind, measure in self.measures.items():
            DatasetFile.objects.create(
                id=self._file_ids[kind],
                version_id=self.version_id,
                format=kind,
                sha256=measure.sha256,
                size=measure.size,
            )


def _close(
    binding: _Binding,
    dataset: Dataset,
    job: Job,
    as_of: datetime,
    now: datetime,
    sources: Sequence[DataSource],
    left_out: int,
) -> DatasetVersion:
    parent = dataset.versions.order_by("number").last()
    number, digest = (parent.number if parent else 0) + 1, binding.tree.root().hex()
    tally = binding.tally
    facts: dict[str, Any] = {
        "name": f"{dataset.slug}, version {number}",
        "lines": {
            "Pipeline": dataset.pipeline.slug,
            "Rows": tally.rows,
            "What stood at": rfc3339(as_of),
            "Digest": digest,
            "Parent": f"version {parent.number}, {parent.digest}" if parent else "none",
            "Filter": row_json(dataset.filter).decode(),
            "Rows approved by rule": "included" if dataset.include.get("auto") else "left out",
            "Rows left out because they are held out": binding.held_out,
        },
    }
    return DatasetVersion.objects.create(
        id=binding.version_id,
        dataset=dataset,
        number=number,
        parent=parent,
        as_of=as_of,
        rows=tally.rows,
        digest=digest,
        recipe={"filter": dataset.filter, "include": dataset.include, **FORMULAS},
        card=tally.counts()
        | {
            "held_out": binding.held_out,
            "datasheet": datasheets.datasheet(tally, map(told_of, sources), facts["lines"]),
            "markdown": cards.markdown(tally, facts),
        },
        consent=tally.consent() | {"left_out": left_out},
        job=job,
        sealed_by=job.user,
        sealed_at=now,
    )


def told_of(source: DataSource) -> datasheets.Source:
    """Return a data source as datasheets state it."""
    return datasheets.Source(
        name=source.name,
        origin=source.origin,
        purposes=tuple(source.purposes),
        basis=source.basis,
        licence=source.licence,
        collected=source.collected,
        gaps=source.gaps,
    )


def told(dataset: Dataset, version: DatasetVersion) -> dict[str, Any]:
    """Return what the caller of a job is told of the version that it made."""
    return {
        "dataset": dataset.slug,
        "version": version.number,
        "rows": version.rows,
        "digest": version.digest,
        "location": f"/api/v1/datasets/{dataset.slug}/versions/{version.number}",
    }
