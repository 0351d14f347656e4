"""How much evidence there is now for each row of the control matrix."""

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import Model, QuerySet

from feedback.domain import controls
from governance.models import AuditEvent

# More is not counted: what matters is whether there is any.
MOST = 1_000


@dataclass(frozen=True)
class Shown:
    """A row with the records and events that there are; counts stop at MOST + 1."""

    control: controls.Control
    records: tuple[tuple[type[Model], int], ...]
    actions: tuple[tuple[str, int], ...]

    @property
    def any(self) -> bool:
        """Return whether there is any evidence."""
        return any(count for _, count in (*self.records, *self.actions))


def matrix() -> tuple[controls.Matrix, list[Shown]]:
    """Return the matrix, and its rows with what there is; each table is looked into once."""
    found = controls.matrix()
    labels = {label for row in found.rows for label in row.evidence.records}
    words = {word for row in found.rows for word in row.evidence.actions}
    records = {label: (model := apps.get_model(label), _some(_all(model))) for label in labels}
    actions = {word: _some(AuditEvent.objects.filter(action=word)) for word in words}
    return found, [
        Shown(
            row,
            tuple(records[label] for label in row.evidence.records),
            tuple((word, actions[word]) for word in row.evidence.actions),
        )
        for row in found.rows
    ]


def _all(model: type[Model]) -> "QuerySet[Any]":
    rows: QuerySet[Any] = model._default_manager.all()
    return rows


def _some(rows: "QuerySet[Any]") -> int:
    return rows.order_by()[: MOST + 1].count()
