"""Many rows at once: COPY on PostgreSQL, one prepared statement on SQLite."""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, models

COPY_FROM = 50

Row = Sequence[Any]


def insert(model: type[models.Model], names: Sequence[str], rows: Sequence[Row]) -> None:
    """Insert rows of values in the order of field `names`, in the caller's transaction.

    JSON columns are given as JSON text. Neither `save` nor signals run: this is for append-only
    records of intake, which have no history.
    """
    if not rows:
        return
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql" and len(rows) >= COPY_FROM:
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        marks = ", ".join(["%s"] * len(fields))
        statement = f"INSERT INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608 - own names
        cursor.executemany(statement, _adapted(rows))


def _adapted(rows: Sequence[Row]) -> Sequence[Row]:
    if connection.vendor == "postgresql":
        return rows
    adapters: dict[type, Callable[[Any], Any]] = {
        uuid.UUID: lambda value: value.hex,
        datetime: connection.ops.adapt_datetimefield_value,
    }
    return [
        [adapt(value) if (adapt := adapters.get(type(value))) else value for value in row]
        for row in rows
    ]
