"""What feedback puts into an audit pack: sealed datasets, and what left the system."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q

from feedback.models import Dataset, DatasetVersion, Lesson, Retrospective, StakeholderEdition
from feedback.selectors import pack_events
from governance.domain.pack_scope import PackScope
from governance.domain.times import rfc3339
from governance.enums import PolicyKind
from governance.models import AuditEvent, LedgerLeaf
from governance.selectors.pack_sections import (
    Sealed,
    Section,
    of_scope,
    pages,
    register,
    streams_named,
)

Line = dict[str, Any]
EXPORTS = ("export.made", "export.refused", "records.exported", "pack.made", "pack.refused")


def datasets(scope: PackScope) -> Iterator[Line]:
    """Return each version that was sealed: its recipe, digest, and what its datasheet says."""
    rows = DatasetVersion.objects.filter(sealed_at__gte=scope.since, sealed_at__lt=scope.until)
    rows = rows.select_related("dataset", "parent")
    for page in pages(of_scope(rows, scope, "dataset__pipeline")):
        sealed = Sealed((f"dataset:{row.dataset_id}" for row in page), scope)
        for row in page:
            if sealed.has(f"dataset:{row.dataset_id}", row.sealed_at):
                yield _version(row, scope)


def _version(row: DatasetVersion, scope: PackScope) -> Line:
    return {
        "pipeline": scope.pipelines.get(row.dataset.pipeline_id),
        "dataset": row.dataset.slug,
        "version": row.number,
        "digest": row.digest,
        "parent": row.parent.digest if row.parent else None,
        "rows": row.rows,
        "as_of": rfc3339(row.as_of),
        "recipe": row.recipe,
        "datasheet": row.card.get("datasheet"),
        "consent": row.consent,
        "by": row.sealed_by_id,
        "sealed_at": rfc3339(row.sealed_at),
    }


def exports(scope: PackScope) -> Iterator[Line]:
    """Return each time that data was taken away or refused, with the purpose that was named."""
    rows = pack_events.of_scope(AuditEvent.objects.filter(action__in=EXPORTS), scope)
    for page in pages(rows):
        leaves = LedgerLeaf.objects.filter(
            event__in=[row.pk for row in page], position__lt=scope.checkpoint
        )
        sealed = set(leaves.values_list("event", flat=True))
        for row in page:
            if row.pk in sealed:
                yield {
                    "event": str(row.pk),
                    "action": row.action,
                    "by": row.actor_id,
                    "at": rfc3339(row.at),
                    "detail": row.detail,
                }


def told(scope: PackScope) -> Iterator[Line]:
    """Return what those whom a pipeline concerns were told of it, edition after edition."""
    rows = StakeholderEdition.objects.filter(
        published_at__gte=scope.since, published_at__lt=scope.until
    ).select_related("pipeline")
    for page in pages(of_scope(rows, scope, "pipeline")):
        sealed = Sealed((f"{PolicyKind.PIPELINE}:{row.pipeline.slug}" for row in page), scope)
        for row in page:
            if sealed.has(f"{PolicyKind.PIPELINE}:{row.pipeline.slug}", row.published_at):
                yield {
                    "id": str(row.pk),
                    "pipeline": row.pipeline.slug,
                    "number": row.number,
                    "publicity": row.publicity,
                    "content": row.content,
                    "digest": row.digest,
                    "reason": row.reason,
                    "by": row.published_by_id,
                    "published_at": rfc3339(row.published_at),
                }


def _made_of_reviews(scope: PackScope) -> Q:
    of_lessons = streams_named("lesson", of_scope(Lesson.objects.all(), scope, "pipeline"))
    looks = of_scope(Retrospective.objects.all(), scope, "pipeline")
    of_sets = of_scope(Dataset.objects.all(), scope, "pipeline")
    return of_lessons | streams_named("retrospective", looks) | streams_named("dataset", of_sets)


def register_all() -> None:
    """Register what feedback has."""
    for section in SECTIONS:
        register(section)


SECTIONS = (
    Section(
        "datasets", "Sealed datasets",
        "Each version that was sealed: its recipe, digest and datasheet.",
        datasets, _made_of_reviews,
    ),
    Section(
        "exports", "What left the system",
        "Each download, export and pack, and each that was refused, with its purpose.",
        exports,
    ),
    Section(
        "told", "What stakeholders were told",
        "Each edition of the page for those whom a pipeline concerns.",
        told,
    ),
)  # fmt: skip
