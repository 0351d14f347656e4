"""Held-out sets: rows to judge models by, kept apart from all that models are trained on."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from feedback.domain import held_out as rows_of
from feedback.domain.cards import UNSTATED, escaped
from feedback.domain.held_out import HeldOutRow
from feedback.enums import DatasetKind, DownloadFormat
from feedback.models import Dataset, DatasetEntry, DatasetFile, DatasetVersion
from feedback.selectors import datasets, held_out
from feedback.selectors.downloads import jsonl
from feedback.services.datasets import VERSION, stream_of
from feedback.services.sealing import ENTRY_FIELDS, sources_of, told, told_of
from governance.db import bulk, turns
from governance.domain.faults import Fault
from governance.domain.merkle import RunningRoot, leaf_hash
from governance.domain.principal import Principal
from governance.domain.times import rfc3339
from governance.exceptions import Conflict, InvalidInput
from governance.models import Job, User
from governance.models.base import uuid7
from governance.services import jobs, ledger

AT_ONCE = 2_000


@transaction.atomic
def seal(
    *,
    principal: Principal,
    actor: User,
    slug: str,
    lines: Iterable[tuple[str, Mapping[str, Any]]],
    now: datetime,
) -> Job:
    """Seal a version of a held-out set, of lines with their places; its job is done.

    All or nothing. InvalidInput names every line that is not valid; Conflict names every row that
    a training version of the pipeline holds, by name, by content or by the person it is about.
    """
    reached = datasets.dataset(principal, slug)
    if reached.kind != DatasetKind.EVALUATION:
        raise Conflict(f"{slug} takes no rows: its versions hold what people decided.")
    if reached.pipeline.live is None:
        raise Conflict(f"{reached.pipeline.slug} has no question in force that a row could answer.")
    try:
        rows = rows_of.parse(lines, reached.pipeline.live.document["question"])
    except rows_of.InvalidRows as error:
        raise InvalidInput(str(error), faults=error.faults) from None
    if not rows:
        raise InvalidInput.at("", "The body holds no line.", code="required")
    turns.share(turns.HOLDING_OUT)
    dataset = (
        Dataset.objects.select_for_update(of=("self",))
        .select_related("pipeline")
        .get(pk=reached.pk)
    )
    _refuse_trained(dataset, rows)
    job = jobs.done(
        kind=VERSION, arguments={"dataset": str(dataset.pk), "rows": len(rows)}, user=actor,
        pipeline=dataset.pipeline, now=now,
    )  # fmt: skip
    version = _write(dataset, rows, job, now)
    _tell(dataset, version, actor, now)
    job.result = told(dataset, version)
    job.save(update_fields=["result"])
    return job


def _refuse_trained(dataset: Dataset, rows: Sequence[HeldOutRow]) -> None:
    found = held_out.clashes(dataset.pipeline_id, rows)
    if not found:
        return
    faults = tuple(
        Fault(
            f"/{clash.external_id}", clash.by,
            f"{clash.external_id} is in {clash.dataset}, version {clash.version}: "
            f"the same {clash.by.replace('_', ' ')}.",
        )
        for clash in found
    )  # fmt: skip
    named = ", ".join(clash.external_id for clash in found[:10])
    more = f" and {len(found) - 10} more" if len(found) > 10 else ""
    raise Conflict(
        f"Models of {dataset.pipeline.slug} may have been trained on {named}{more}: "
        "leave them out. Nothing was taken.",
        faults=faults,
    )


def _write(dataset: Dataset, rows: Sequence[HeldOutRow], job: Job, now: datetime) -> DatasetVersion:
    key, tree, digest, size = uuid7(), RunningRoot(), hashlib.sha256(), 0
    for first in range(0, len(rows), AT_ONCE):
        some = rows[first : first + AT_ONCE]
        for row in some:
            tree.add(leaf_hash(row.content.encode()))
        piece = jsonl(row.content for row in some)
        digest.update(piece)
        size += len(piece)
        entries = [
            (
                key, first + i, None, None, row.external_id, row.content, row.input_digest,
                row.subject_ref,
            )
            for i, row in enumerate(some)
        ]  # fmt: skip
        bulk.insert(DatasetEntry, ENTRY_FIELDS, entries, expected=len(entries))
    DatasetFile.objects.create(
        version_id=key, format=DownloadFormat.JSONL, sha256=digest.hexdigest(), size=size
    )
    parent = dataset.versions.order_by("number").last()
    return DatasetVersion.objects.create(
        id=key,
        dataset=dataset,
        number=(parent.number if parent else 0) + 1,
        parent=parent,
        as_of=now,
        rows=len(rows),
        digest=tree.root().hex(),
        recipe={},
        card=_card(dataset, rows, tree.root().hex()),
        consent={
            "with_subject": sum(bool(row.subject_ref) for row in rows),
            "by_basis": {UNSTATED: len(rows)},
            "left_out": 0,
        },
        job=job,
        sealed_by=job.user,
        sealed_at=now,
    )


def _card(dataset: Dataset, rows: Sequence[HeldOutRow], digest: str) -> dict[str, Any]:
    slices = dict(sorted(Counter(row.scenario_type for row in rows).items()))
    sources = sources_of(dataset)
    head = {"Pipeline": dataset.pipeline.slug, "Rows": len(rows), "Digest": digest}
    lines = [f"# {escaped(dataset.slug)}, held out", ""]
    lines += [f"- {label}: {escaped(value)}" for label, value in head.items()]
    lines += ["", "## Scenario", "", "| Value | Rows |", "|---|---:|"]
    lines += [f"| {escaped(name)} | {count} |" for name, count in slices.items()]
    return {
        "scenario_type": slices,
        "sources": [vars(told_of(source)) | {"purposes": source.purposes} for source in sources],
        "markdown": "\n".join(lines) + "\n",
    }


def _tell(dataset: Dataset, version: DatasetVersion, actor: User, now: datetime) -> None:
    ledger.append(
        stream=stream_of(dataset),
        action="dataset.published",
        actor=actor,
        now=now,
        detail={
            "version": str(version.pk),
            "number": version.number,
            "rows": version.rows,
            "digest": version.digest,
            "parent": version.parent.digest if version.parent else None,
            "as_of": rfc3339(version.as_of),
            "files": {file.format: file.sha256 for file in version.files.all()},
        },
    )
