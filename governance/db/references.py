"""References of rows that arrive in bulk, checked once for each distinct value.

A foreign key is looked up row by row at the commit, which for ten thousand predictions of one
pipeline costs more than writing them. These columns have no foreign key in the database; a trigger
on the insert refuses a value that refers to nothing. What they refer to is not deleted: policy
versions are append-only, and pipelines and users have records with real foreign keys. The removal
of an example, which takes its versions away, first looks through every column that refers to them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.apps import apps
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from governance.db import triggers

References = Sequence[tuple[str, str]]


def all_references() -> Mapping[str, References]:
    """Return, by table, the columns whose foreign keys are held by a trigger, and their tables."""
    found = {
        model._meta.db_table: _held_by_trigger(model._meta.concrete_fields)
        for model in apps.get_models()
        # History keeps the key of what was deleted: it refers to nothing on purpose.
        if not hasattr(model, "history_object")
    }
    return {table: references for table, references in found.items() if references}


def _held_by_trigger(fields: Iterable[Any]) -> References:
    return [
        (field.column, field.related_model._meta.db_table)
        for field in fields
        if isinstance(field, models.ForeignKey) and not getattr(field, "db_constraint", True)
    ]


def trigger_names(table: str) -> tuple[str, str]:
    """Return the names of the triggers that check the references of `table`."""
    return f"{table}_refers", f"{table}_refers_on_update"


def install(connection: BaseDatabaseWrapper) -> None:
    """Create the triggers of the tables that exist; safe to run again."""
    existing = set(connection.introspection.table_names())
    create = _on_postgresql if connection.vendor == "postgresql" else _on_sqlite
    with connection.cursor() as cursor:
        for table, references in all_references().items():
            if table in existing:
                for statement in create(table, references):
                    cursor.execute(statement)


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of the triggers that should exist and do not."""
    wanted = {name for table in all_references() for name in trigger_names(table)}
    return sorted(wanted - triggers.in_force(connection))


def _dangling(row: str, references: References) -> str:
    return " OR ".join(
        f'({row}."{column}" IS NOT NULL AND NOT EXISTS '
        f'(SELECT 1 FROM "{to}" WHERE id = {row}."{column}"))'
        for column, to in references
    )


def _refusal(table: str, name: str) -> str:
    return f"{table} violates {name}: it refers to nothing"


def _on_postgresql(table: str, references: References) -> list[str]:
    inserts, updates = trigger_names(table)
    columns = ", ".join(f'"{column}"' for column, _ in references)
    distinct = f"(SELECT DISTINCT {columns} FROM inserted) AS d"
    on_insert = (
        f'CREATE OR REPLACE TRIGGER "{inserts}" AFTER INSERT ON "{table}" '
        f"REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION {inserts}()"
    )
    on_update = (
        f'CREATE OR REPLACE TRIGGER "{updates}" AFTER UPDATE OF {columns} ON "{table}" '
        f"FOR EACH ROW EXECUTE FUNCTION {updates}()"
    )
    return [
        _function(table, inserts, f"SELECT 1 FROM {distinct} WHERE {_dangling('d', references)}"),
        on_insert,
        _function(table, updates, f"SELECT 1 WHERE {_dangling('NEW', references)}"),
        on_update,
    ]


def _function(table: str, name: str, query: str) -> str:
    return f"""
        CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS ({query}) THEN
                RAISE EXCEPTION '{_refusal(table, name)}' USING ERRCODE = 'foreign_key_violation';
            END IF;
            RETURN NULL;
        END $$"""


def _on_sqlite(table: str, references: References) -> list[str]:
    columns = ", ".join(f'"{column}"' for column, _ in references)
    inserts, updates = trigger_names(table)
    acts = {inserts: "INSERT", updates: f"UPDATE OF {columns}"}
    return [
        f'CREATE TRIGGER IF NOT EXISTS "{name}" BEFORE {act} ON "{table}" '
        f"WHEN {_dangling('NEW', references)} BEGIN "
        f"SELECT RAISE(ABORT, '{_refusal(table, name)}'); END"
        for name, act in acts.items()
    ]
