"""Saving one row on the paths that are walked hundreds of times a second.

Django composes the statement of each save anew, which costs more than running it. Here it is
composed once for each model and set of fields. Signals are not sent: rows that are saved so have
no listeners and no history.
"""

import functools
from collections.abc import Sequence
from typing import Any

from django.db import connection, models


def insert(row: models.Model) -> None:
    """Insert a row whose fields are all set; its key among them, unless the database counts it."""
    fields, statement = _insert(type(row))
    values = [field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
    row._state.adding = False
    row._state.db = connection.alias


def update(row: models.Model, names: Sequence[str]) -> None:
    """Update fields of a row that is known to exist, such as one that is locked."""
    fields, statement = _update(type(row), tuple(names))
    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
    key = row._meta.pk.get_db_prep_value(row.pk, connection)
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, key])
        if cursor.rowcount != 1:
            raise LookupError(f"{type(row).__name__} {row.pk} is gone.")


@functools.cache
def _insert(model: type[models.Model]) -> tuple[list[Any], str]:
    fields = [f for f in model._meta.concrete_fields if f is not model._meta.auto_field]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    return fields, f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES ({marks})'  # noqa: S608


@functools.cache
def _update(model: type[models.Model], names: tuple[str, ...]) -> tuple[list[Any], str]:
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    changes = ", ".join(f'"{field.column}" = %s' for field in fields)
    key = model._meta.pk.column
    return fields, f'UPDATE "{model._meta.db_table}" SET {changes} WHERE "{key}" = %s'  # noqa: S608
