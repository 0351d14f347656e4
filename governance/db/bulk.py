"""Many rows at once: COPY on PostgreSQL, one prepared statement on SQLite."""

import functools
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models, transaction

COPY_FROM = 50

Row = Sequence[Any]


def insert(
    model: type[models.Model], names: Sequence[str], rows: Iterable[Row], *, expected: int
) -> None:
    """Insert rows of values in the order of field `names`, in the caller's transaction.

    JSON columns are given as JSON text, UUIDs as text, times as they are or as ISO 8601. `rows` may
    be made while it is read, and with many `expected` each is sent as it is made; then no query may
    be made meanwhile. Neither `save` nor signals run: this is for append-only records of intake,
    which have no history.
    """
    fields, columns, table = _places(model, tuple(names))
    on_postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        if on_postgresql and expected >= COPY_FROM:
            # Django wraps the errors of its own methods only, and COPY is the driver's.
            copying = cursor.copy(f"COPY {table} ({columns}) FROM STDIN")
            with connection.wrap_database_errors, copying as copy:
                for row in rows:
                    copy.write_row(row)
            return
        values = list(rows) if on_postgresql else _adapted(fields, rows)
        if values:
            cursor.executemany(_statement(model, tuple(names)), values)


def update(model: type[models.Model], names: Sequence[str], rows: Sequence[Row]) -> None:
    """Set fields `names` of many rows; each of `rows` is a key as text and then the values."""
    if not rows:
        return
    fields, _, table = _places(model, tuple(names))
    key: Any = model._meta.pk
    columns = [connection.ops.quote_name(field.column) for field in fields]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            kinds = [_base_type(field) for field in (key, *fields)]
            lists = ", ".join(f"%s::{kind}[]" for kind in kinds)
            names_of = ", ".join(f"v{i}" for i in range(len(kinds)))
            changes = ", ".join(f"{c} = v.v{i}" for i, c in enumerate(columns, 1))
            cursor.execute(
                f"UPDATE {table} SET {changes} FROM unnest({lists}) AS v({names_of}) "
                f"WHERE {table}.{connection.ops.quote_name(key.column)} = v.v0",
                [list(values) for values in zip(*rows, strict=True)],
            )
            return
        changes = ", ".join(f"{column} = %s" for column in columns)
        cursor.executemany(
            f"UPDATE {table} SET {changes} WHERE {connection.ops.quote_name(key.column)} = %s",
            [(*rest, pk) for pk, *rest in _adapted([key, *fields], rows)],
        )


def _base_type(field: Any) -> str:
    kind = field.target_field if field.is_relation else field
    return str(kind.db_type(connection)).split("(")[0]


def insert_together(inserts: Sequence[tuple[type[models.Model], Sequence[str], Row]]) -> None:
    """Insert one row each into several tables, all or none, as `insert` would.

    On PostgreSQL it is one statement, and outside a transaction it is the transaction.
    """
    whole = connection.vendor == "postgresql"
    alone = whole and not connection.in_atomic_block
    with nullcontext() if alone else transaction.atomic(), connection.cursor() as cursor:
        if whole:
            statement = _together(tuple((model, tuple(names)) for model, names, _ in inserts))
            cursor.execute(statement, [value for _, _, row in inserts for value in row])
            return
        for model, names, row in inserts:
            fields, _, _ = _places(model, tuple(names))
            cursor.execute(_statement(model, tuple(names)), _adapted(fields, [row])[0])


@functools.cache
def _together(places: tuple[tuple[type[models.Model], tuple[str, ...]], ...]) -> str:
    *first, last = (_statement(model, names) for model, names in places)
    steps = ", ".join(f"i{k} AS ({statement})" for k, statement in enumerate(first))
    return f"WITH {steps} {last}" if steps else last


@functools.cache
def _statement(model: type[models.Model], names: tuple[str, ...]) -> str:
    _, columns, table = _places(model, names)
    marks = ", ".join(["%s"] * len(names))
    return f"INSERT INTO {table} ({columns}) VALUES ({marks})"


@functools.cache
def _places(model: type[models.Model], names: tuple[str, ...]) -> tuple[list[Any], str, str]:
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    return fields, columns, connection.ops.quote_name(model._meta.db_table)


def _adapted(fields: Sequence[Any], rows: Iterable[Row]) -> list[Row]:
    """Return rows as SQLite stores them: UUIDs without hyphens, times as text."""
    adapters: list[Callable[[Any], Any] | None] = [None] * len(fields)
    for i, field in enumerate(fields):
        kind = field.target_field if field.is_relation else field
        if isinstance(kind, models.UUIDField):
            adapters[i] = _hex
        elif isinstance(kind, models.DateTimeField):
            adapters[i] = _moment
        elif isinstance(kind, models.DurationField):
            adapters[i] = _microseconds
    return [
        [
            value if adapt is None or value is None else adapt(value)
            for adapt, value in zip(adapters, row, strict=True)
        ]
        for row in rows
    ]


def _hex(value: object) -> str:
    return str(value).replace("-", "")


def _microseconds(value: timedelta) -> int:
    return value // timedelta(microseconds=1)


def _moment(value: datetime | str) -> Any:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return connection.ops.adapt_datetimefield_value(moment)
