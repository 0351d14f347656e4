"""Which rows were redacted, and the leaf hashes that stood for them."""

import itertools
import uuid
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from django.apps import apps
from django.db.models import Model, Q, QuerySet

from governance.domain.invariants import Span
from governance.models import Redaction
from governance.models.base import personal_fields

CHUNK = 1000


def recorded(model: type[Model], keys: Collection[Any]) -> dict[str, str]:
    """Return the leaf hashes of those rows that were redacted, by `row_name` of their keys."""
    rows = Redaction.objects.filter(model=model._meta.label_lower, row__in=map(row_name, keys))
    return dict(rows.values_list("row", "leaf"))


def row_name(key: Any) -> str:
    """Return a key as redactions and triggers write it: text without dashes."""
    return key.hex if isinstance(key, uuid.UUID) else str(key)


def of(model: type[Model], key: Any) -> Redaction | None:
    """Return the redaction of a row, if there is one."""
    rows = Redaction.objects.filter(model=model._meta.label_lower, row=row_name(key))
    return rows.first()


def still_holding(label: str) -> "QuerySet[Any]":
    """Return the keys of those redacted rows of a model that hold a personal value nevertheless.

    What names the subject may stay behind a redaction by retention, and is not looked at.
    """
    model = apps.get_model(label)
    left = Q()
    for name, value in personal_fields(model).items():
        if name != "subject_ref":
            left |= ~Q(**({f"{name}__isnull": True} if value is None else {name: value}))
    rows: QuerySet[Any] = model._base_manager.filter(left)
    return rows


def untrue(span: Span) -> Iterator[str]:
    """Return each redacted row that still holds what its redaction says is gone."""
    fresh = Redaction.objects.filter(**span.of("at")).order_by("pk")
    labels = Redaction.objects.order_by().values_list("model", flat=True).distinct()
    for label in labels:
        rows = fresh.filter(model=label).values_list("row", flat=True)
        for some in _chunks(rows.iterator(CHUNK)):
            for key in still_holding(label).filter(pk__in=some).values_list("pk", flat=True):
                yield f"{label} {key} was redacted and still holds what it held"


def _chunks(rows: Iterable[str]) -> Iterator[list[str]]:
    ordered = iter(rows)
    while some := list(itertools.islice(ordered, CHUNK)):
        yield some
