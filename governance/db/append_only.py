"""The third wall of append-only tables: triggers, on SQLite and PostgreSQL.

One change passes: that of personal columns of a row to what its model's `personal` puts in their
place, once a Redaction of the row is on record (governance.services.redactions).

They are installed after each migrate and not by a migration, because SQLite drops the triggers of
a table whenever Django rebuilds it. Both databases answer a refused change with an IntegrityError.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import BinaryField, JSONField, Model

from governance.db import triggers
from governance.models.base import append_only_models, personal_fields

FUNCTION = """
CREATE OR REPLACE FUNCTION countersign_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'check_violation';
END $$
"""
REFUSED = {"update": "UPDATE", "delete": "DELETE"}
REDACTIONS = "governance_redaction"


def tables() -> list[str]:
    """Return the tables that must be append-only: records and configuration histories."""
    return sorted(m._meta.db_table for m in append_only_models(apps.get_models()))


def trigger_name(table: str, act: str) -> str:
    """Return the name of the trigger that refuses `act` on `table`."""
    return f"{table}_no_{act}"


def install(connection: BaseDatabaseWrapper) -> None:
    """Create every missing trigger of the tables that exist; safe to run again."""
    existing = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(FUNCTION)
        for table in existing.intersection(tables()):
            _hold(cursor, connection.vendor, table)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Drop the triggers, so that a test database can be emptied between tests."""
    with connection.cursor() as cursor:
        for table in tables():
            _let_go(cursor, connection.vendor, table)


@contextmanager
def lifted(connection: BaseDatabaseWrapper, only: Iterable[str]) -> Iterator[None]:
    """Let rows of the tables `only` be deleted until the end of the block.

    It needs a transaction, whose end restores the triggers if the block fails. On PostgreSQL the
    tables are locked until then, on SQLite all are: nobody else ever sees a table without its wall.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("The walls are opened inside a transaction only.")
    opened = sorted(set(only).intersection(tables()))
    _settle(connection)
    with connection.cursor() as cursor:
        for table in opened:
            _let_go(cursor, connection.vendor, table)
    yield
    _settle(connection)
    with connection.cursor() as cursor:
        for table in opened:
            _hold(cursor, connection.vendor, table)


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of the triggers that should exist and do not."""
    acts = [*REFUSED, "truncate"] if connection.vendor == "postgresql" else list(REFUSED)
    wanted = {trigger_name(table, act) for table in tables() for act in acts}
    return sorted(wanted - triggers.in_force(connection))


def _settle(connection: BaseDatabaseWrapper) -> None:
    # PostgreSQL neither drops nor makes a trigger while foreign keys wait to be checked.
    if connection.vendor == "postgresql":
        connection.check_constraints()


def _hold(cursor: CursorWrapper, vendor: str, table: str) -> None:
    model = _redactable().get(table)
    if model is not None:
        _hold_redactable(cursor, vendor, table, model)
    for act, operation in REFUSED.items():
        if act == "update" and model is not None:
            continue
        cursor.execute(_create(vendor, table, act, operation))
    if vendor == "postgresql":
        cursor.execute(_create_truncate(table))


def _let_go(cursor: CursorWrapper, vendor: str, table: str) -> None:
    for act in (*REFUSED, "truncate"):
        name = trigger_name(table, act)
        suffix = f' ON "{table}"' if vendor == "postgresql" else ""
        cursor.execute(f'DROP TRIGGER IF EXISTS "{name}"{suffix}')


def _create(vendor: str, table: str, act: str, operation: str) -> str:
    name = trigger_name(table, act)
    if vendor == "postgresql":
        return (
            f'CREATE OR REPLACE TRIGGER "{name}" BEFORE {operation} ON "{table}" '
            "FOR EACH ROW EXECUTE FUNCTION countersign_append_only()"
        )
    return (
        f'CREATE TRIGGER IF NOT EXISTS "{name}" BEFORE {operation} ON "{table}" BEGIN '
        f"SELECT RAISE(ABORT, '{table} is append-only: {operation} refused'); END"
    )


def _create_truncate(table: str) -> str:
    return (
        f'CREATE OR REPLACE TRIGGER "{trigger_name(table, "truncate")}" BEFORE TRUNCATE '
        f'ON "{table}" FOR EACH STATEMENT EXECUTE FUNCTION countersign_append_only()'
    )


def _redactable() -> dict[str, type[Model]]:
    """Return the models with personal columns, by their tables."""
    models = append_only_models(apps.get_models())
    return {model._meta.db_table: model for model in models if personal_fields(model)}


def _hold_redactable(cursor: CursorWrapper, vendor: str, table: str, model: type[Model]) -> None:
    name = trigger_name(table, "update")
    refusal = f"{table} is append-only: UPDATE refused"
    label, key = model._meta.label_lower, model._meta.pk.column
    kept = f"SELECT 1 FROM {REDACTIONS} WHERE model = '{label}' AND row ="
    after = [
        f'(NEW."{field.column}" {{same}} {_literal(vendor, field, value)} '
        f'OR NEW."{field.column}" {{same}} OLD."{field.column}")'
        for field, value in _replacements(model)
    ]
    if vendor == "postgresql":
        columns = ", ".join(f"'{field.column}'" for field, _ in _replacements(model))
        allowed = " AND ".join(
            [
                f"EXISTS ({kept} replace(OLD.\"{key}\"::text, '-', ''))",
                f"to_jsonb(NEW) - ARRAY[{columns}] = to_jsonb(OLD) - ARRAY[{columns}]",
                *(condition.format(same="IS NOT DISTINCT FROM") for condition in after),
            ]
        )
        cursor.execute(f"""
            CREATE OR REPLACE FUNCTION "{name}"() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF {allowed} THEN RETURN NEW; END IF;
                RAISE EXCEPTION '{refusal}' USING ERRCODE = 'check_violation';
            END $$""")
        cursor.execute(
            f'CREATE OR REPLACE TRIGGER "{name}" BEFORE UPDATE ON "{table}" '
            f'FOR EACH ROW EXECUTE FUNCTION "{name}"()'
        )
        return
    replaced = {field.column for field, _ in _replacements(model)}
    others = [f.column for f in model._meta.concrete_fields if f.column not in replaced]
    allowed = " AND ".join(
        [
            f'EXISTS ({kept} CAST(OLD."{key}" AS TEXT))',
            *(f'NEW."{column}" IS OLD."{column}"' for column in others),
            *(condition.format(same="IS") for condition in after),
        ]
    )
    # An installation from before may have the trigger without the exception.
    cursor.execute(f'DROP TRIGGER IF EXISTS "{name}"')
    cursor.execute(
        f'CREATE TRIGGER "{name}" BEFORE UPDATE ON "{table}" WHEN NOT ({allowed}) BEGIN '
        f"SELECT RAISE(ABORT, '{refusal}'); END"
    )


def _replacements(model: type[Model]) -> list[tuple[Any, Any]]:
    named = personal_fields(model)
    return [(model._meta.get_field(name), value) for name, value in named.items()]


def _literal(vendor: str, field: Any, value: Any) -> str:
    """Return what replaces a value, as SQL; the values are our own words."""
    if value is None:
        return "NULL"
    if isinstance(field, JSONField):
        cast = "::jsonb" if vendor == "postgresql" else ""
        text = json.dumps(dict(value) if isinstance(value, dict) else value)
        return f"'{text}'{cast}".replace("{", "{{").replace("}", "}}")
    if isinstance(field, BinaryField):
        return "''::bytea" if vendor == "postgresql" else "x''"
    return f"'{value}'"
