"""What a configuration row was, change by change: who, when, why, and what differs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import models

from governance.domain.documents.diffs import Change, diff
from governance.models import User

NEWEST = 500
OWN = frozenset({"history_id", "history_date", "history_change_reason", "history_type"})
KINDS = {"+": "Added", "~": "Changed", "-": "Deleted"}


@dataclass(frozen=True)
class Entry:
    """One change of one row."""

    at: datetime
    actor: User | None
    reason: str
    kind: str
    what: str
    changes: list[Change]


def of(row: models.Model, parts: Mapping[type[models.Model], str]) -> list[Entry]:
    """Return the changes of `row` and of its parts, the newest first, NEWEST of each at most.

    `parts` maps each model whose rows belong to it to the field that points at it.
    """
    entries = _entries(type(row), {"id": row.pk})
    for model, field in parts.items():
        entries += _entries(model, {field: row.pk})
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def _entries(model: type[models.Model], of: Mapping[str, Any]) -> list[Entry]:
    history: Any = getattr(model, "history")  # noqa: B009 - only tracked models have one
    newest = history.filter(**of).select_related("history_user")
    records = sorted(
        newest.order_by("-history_date", "-history_id")[:NEWEST],
        key=lambda record: (record.id, record.history_date, record.history_id),
    )
    return [
        entry
        for _, group in groupby(records, key=lambda record: record.id)
        for entry in _of_one(model, list(group))
    ]


def _of_one(model: type[models.Model], records: Sequence[Any]) -> Iterable[Entry]:
    before: dict[str, Any] = {}
    for record in records:
        now = {} if record.history_type == "-" else _values(record)
        cut_off = not before and record.history_type != "+"
        yield Entry(
            at=record.history_date,
            actor=record.history_user,
            reason=record.history_change_reason or "",
            kind=KINDS[record.history_type],
            what=f"{model._meta.verbose_name} {record.history_object}",
            # Where what was before is not among the newest records, nothing is said of it.
            changes=[] if cut_off else diff(before, now),
        )
        before = now


def _values(record: Any) -> dict[str, Any]:
    names = [f.attname for f in record._meta.concrete_fields if f.name not in OWN]
    kept = (name for name in names if not name.startswith("history_") and name != "id")
    return {name: _plain(getattr(record, name)) for name in kept}


def _plain(value: Any) -> Any:
    return value if isinstance(value, dict | list | int | float | str | None) else str(value)
