"""What must hold of feedback: sealed versions stay the same bytes, signals follow from records."""

import itertools
import uuid
from collections.abc import Iterable, Iterator

from django.db.models import Exists, OuterRef

from feedback.domain.signals import RULES
from feedback.enums import DatasetKind
from feedback.models import DatasetEntry, DatasetVersion, FeedbackSignal
from feedback.selectors import downloads, signals
from governance.domain.invariants import Span
from governance.domain.merkle import RunningRoot, leaf_hash
from governance.models.base import ERASED
from governance.selectors.lineage import chunks
from governance.selectors.redactions import recorded, row_name
from reviews.models import Resolution

CHUNK = 2000


def versions_are_their_bytes(span: Span) -> Iterator[str]:
    """Return each version that is not what its digest says, and each file that would not be."""
    for version in DatasetVersion.objects.filter(**span.of("sealed_at")).order_by("pk"):
        entries = DatasetEntry.objects.filter(version=version).order_by("position")
        tree, rows = RunningRoot(), 0
        for leaf in _leaves(entries.values_list("pk", "content").iterator(CHUNK)):
            tree.add(leaf)
            rows += 1
        if rows != version.rows:
            yield f"version {version.pk} has {rows} rows and was sealed with {version.rows}"
        elif tree.root().hex() != version.digest:
            yield f"version {version.pk} is not what its digest says"
        else:
            yield from _files(version)


def held_out_is_apart(span: Span) -> Iterator[str]:
    """Return each row of a held-out set that a training version of its pipeline holds as well."""
    sets = DatasetVersion.objects.filter(
        dataset__kind=DatasetKind.EVALUATION, **span.of("sealed_at")
    ).select_related("dataset")
    for version in sets.order_by("pk"):
        trained = DatasetVersion.objects.filter(
            dataset__pipeline=version.dataset.pipeline_id, dataset__kind=DatasetKind.TRAINING
        )
        there = DatasetEntry.objects.filter(version__in=trained.values("pk")).exclude(content="")
        own = DatasetEntry.objects.filter(version=version).exclude(content="")
        met = own.filter(
            Exists(there.filter(external_id=OuterRef("external_id")))
            | Exists(there.filter(input_digest=OuterRef("input_digest")))
        )
        for name in met.order_by("position").values_list("external_id", flat=True):
            yield f"row {name} of held-out version {version.pk} is in training data as well"


def _leaves(entries: Iterable[tuple[int, str]]) -> Iterator[bytes]:
    """Yield the leaf hash of each row; of one that was erased, that which its redaction keeps."""
    ordered = iter(entries)
    while some := list(itertools.islice(ordered, CHUNK)):
        kept = recorded(DatasetEntry, [key for key, content in some if not content])
        for key, content in some:
            leaf = "" if content else kept.get(row_name(key), "")
            yield bytes.fromhex(leaf) if leaf else leaf_hash(content.encode())


def _files(version: DatasetVersion) -> Iterator[str]:
    for file in downloads.current(version):
        try:
            size = sum(map(len, downloads.stream(file)))
        except downloads.AlteredFile:
            yield f"file {file.pk} ({file.format}) of version {version.pk} is not what was sealed"
            continue
        if size != file.size:
            yield f"file {file.pk} ({file.format}) has {size} bytes and was sealed with {file.size}"


def signals_follow_from_decisions(span: Span) -> Iterator[str]:
    """Return each signal that its records would not give, and each resolution that lacks one."""
    late = span.now - signals.MARGIN
    rows = Resolution.objects.filter(resolved_at__lt=late, **span.of("resolved_at"))
    # Of what was erased nobody can tell any more what it taught.
    rows = rows.exclude(salt="").exclude(item__prediction__input=ERASED)
    for some in chunks(rows.order_by("pk").values_list("pk", flat=True).iterator(CHUNK), CHUNK):
        yield from _taught_otherwise(some)


def _taught_otherwise(resolutions: list[uuid.UUID]) -> Iterator[str]:
    kept = {row.pk: row for row in FeedbackSignal.objects.filter(resolution__in=resolutions)}
    for resolution, found in signals.taught(Resolution.objects.filter(pk__in=resolutions)):
        for signal in found:
            row = kept.pop(signal.id, None)
            if row is None:
                yield f"resolution {resolution.pk} taught {signal.kind} and has no such signal"
            elif row.rules == RULES and _said(row) != (
                signal.kind, signal.statement, signal.confidence_band, signal.reason_codes,
                signal.decisions,
            ):  # fmt: skip
                yield f"signal {row.pk} is not what resolution {resolution.pk} taught"
    for row in kept.values():
        if row.rules == RULES:
            yield f"signal {row.pk} follows from nothing"


def _said(row: FeedbackSignal) -> tuple[object, ...]:
    return row.kind, row.statement, row.confidence_band, row.reason_codes, row.decisions
