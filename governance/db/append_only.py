"""The third wall of append-only tables: triggers, on SQLite and PostgreSQL.

They are installed after each migrate and not by a migration, because SQLite drops the triggers of
a table whenever Django rebuilds it. Both databases answer a refused change with an IntegrityError.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.apps import apps
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from governance.db import triggers
from governance.models.base import append_only_models

FUNCTION = """
CREATE OR REPLACE FUNCTION countersign_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'check_violation';
END $$
"""
REFUSED = {"update": "UPDATE", "delete": "DELETE"}


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
    for act, operation in REFUSED.items():
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
