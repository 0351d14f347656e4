"""What a configuration row was, change by change: who, when, why, and what differs.

A version is the row with its parts as they were right after one change of any of them, so that any
two can be compared.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import models
from django.db.models import CharField, F, OuterRef, Q, QuerySet, Subquery, Value

from governance.domain.documents.diffs import Change, diff
from governance.models import User

OWN = frozenset({"history_id", "history_date", "history_change_reason", "history_type"})
KINDS = {"+": "Added", "~": "Changed", "-": "Deleted"}
NEWEST_FIRST = ("-history_date", "-history_id")
# `parts`: each model whose rows belong to a row, with the column that points at it.
Parts = Mapping[type[models.Model], str]


class Key(NamedTuple):
    """What names a version: the model of the row that changed, and the number of the change."""

    model: str
    number: int

    def __str__(self) -> str:
        return f"{self.model}-{self.number}"


@dataclass(frozen=True)
class Entry:
    """One change of one row."""

    key: Key
    at: datetime
    actor: User | None
    reason: str
    kind: str
    what: str
    changes: list[Change]


@dataclass(frozen=True)
class Compared:
    """One row in two versions. `before` and `after` are its fields by name; None: not there."""

    what: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def keys(row: models.Model, parts: Parts) -> "QuerySet[Any, Any]":
    """Return what names each change of a row and its parts, the newest first.

    Each is `(history_date, history_id, model)`, of which `key_of` makes the key.
    """
    first, *rest = [
        _history(model)
        .filter(**{column: value})
        .annotate(model=Value(model._meta.model_name, output_field=CharField()))
        .order_by()
        .values_list("history_date", "history_id", "model")
        for model, column, value in _places(row, parts)
    ]
    rows: QuerySet[Any, Any] = first.union(*rest, all=True) if rest else first
    return rows.order_by(*NEWEST_FIRST, "-model")


def key_of(member: tuple[datetime, int, str]) -> Key:
    """Return the key that one of `keys` stands for."""
    return Key(member[2], member[1])


def entries(row: models.Model, parts: Parts, wanted: Sequence[Key]) -> list[Entry]:
    """Return the changes with these keys in their order, without those that are not of the row."""
    found: dict[Key, Entry] = {}
    for model, column, value in _places(row, parts):
        name = str(model._meta.model_name)
        numbers = [key.number for key in wanted if key.model == name]
        records = _history(model).filter(**{column: value}, history_id__in=numbers)
        for entry in _read(model, records):
            found[entry.key] = entry
    return [found[key] for key in wanted if key in found]


def entry(row: models.Model, parts: Parts, text: str) -> Entry | None:
    """Return the change that a text names as `str` writes a key, if it is one of the row."""
    model, _, number = text.partition("-")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    return next(iter(entries(row, parts, [Key(model, int(number))])), None)


def compared(row: models.Model, parts: Parts, before: Entry, after: Entry) -> list[Compared]:
    """Return the row, then its parts, as they were right after each of two changes."""
    found = []
    for model, column, value in _places(row, parts):
        sides = [_as_of(model, column, value, side) for side in (before, after)]
        for pk in sorted({*sides[0], *sides[1]}):
            was, then = (side.get(pk) for side in sides)
            known = then or was
            found.append(
                Compared(
                    what=_what(model, known),
                    before=None if was is None else _values(was),
                    after=None if then is None else _values(then),
                )
            )
    return found


def in_order(one: Entry, other: Entry) -> tuple[Entry, Entry]:
    """Return two changes, the earlier first."""
    first, second = sorted((one, other), key=_moment)
    return first, second


def _moment(entry: Entry) -> tuple[datetime, int, str]:
    return entry.at, entry.key.number, entry.key.model


def _places(row: models.Model, parts: Parts) -> list[tuple[type[models.Model], str, Any]]:
    return [
        (type(row), "id", row.pk),
        *((model, column, row.pk) for model, column in parts.items()),
    ]


def _history(model: type[models.Model]) -> "QuerySet[Any, Any]":
    history: Any = getattr(model, "history")  # noqa: B009 - only tracked models have one
    rows: QuerySet[Any, Any] = history.all()
    return rows


def _read(model: type[models.Model], records: "QuerySet[Any, Any]") -> Iterable[Entry]:
    """Yield records as entries; what was before each is read by one more query for all."""
    earlier = Q(history_date__lt=OuterRef("history_date")) | Q(
        history_date=OuterRef("history_date"), history_id__lt=OuterRef("history_id")
    )
    last = _history(model).filter(earlier, id=OuterRef("id")).order_by(*NEWEST_FIRST)
    found = list(
        records.select_related("history_user").annotate(
            follows=Subquery(last.values("history_id")[:1])
        )
    )
    before = _history(model).in_bulk([record.follows for record in found if record.follows])
    for record in found:
        was = before.get(record.follows)
        yield Entry(
            key=Key(str(model._meta.model_name), record.history_id),
            at=record.history_date,
            actor=record.history_user,
            reason=record.history_change_reason or "",
            kind=KINDS[record.history_type],
            what=_what(model, record),
            changes=diff(_there(was), _there(record)),
        )


def _as_of(model: type[models.Model], column: str, value: Any, version: Entry) -> dict[Any, Any]:
    """Return the records, by row, that say what belonged to `value` right after a change."""
    at, number, name = _moment(version)
    own = str(model._meta.model_name)
    # Records of one instant stand in the order of `keys`.
    same = Q(history_id__lt=number)
    if own <= name:
        same |= Q(history_id=number)
    until = Q(history_date__lt=at) | (Q(history_date=at) & same)
    last = _history(model).filter(until, id=OuterRef("id")).order_by(*NEWEST_FIRST)
    rows = (
        _history(model)
        .filter(until, **{column: value})
        .annotate(newest=Subquery(last.values("history_id")[:1]))
        .filter(history_id=F("newest"))
        .exclude(history_type="-")
    )
    return {record.id: record for record in rows}


def _what(model: type[models.Model], record: Any) -> str:
    return f"{model._meta.verbose_name} {record.history_object}"


def _there(record: Any) -> dict[str, Any]:
    return {} if record is None or record.history_type == "-" else _values(record)


def _values(record: Any) -> dict[str, Any]:
    names = [f.attname for f in record._meta.concrete_fields if f.name not in OWN]
    kept = (name for name in names if not name.startswith("history_") and name != "id")
    return {name: _plain(getattr(record, name)) for name in kept}


def _plain(value: Any) -> Any:
    return value if isinstance(value, dict | list | int | float | str | None) else str(value)
