"""The third wall of append-only tables: triggers, on SQLite and PostgreSQL.

They are installed after each migrate and not by a migration, because SQLite drops the triggers of
a table whenever Django rebuilds it. Both databases answer a refused change with an IntegrityError.
"""

from django.apps import apps
from django.db.backends.base.base import BaseDatabaseWrapper

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
            for act, operation in REFUSED.items():
                cursor.execute(_create(connection.vendor, table, act, operation))
            if connection.vendor == "postgresql":
                cursor.execute(_create_truncate(table))


def remove(connection: BaseDatabaseWrapper) -> None:
    """Drop the triggers, so that a test database can be emptied between tests."""
    with connection.cursor() as cursor:
        for table in tables():
            for act in (*REFUSED, "truncate"):
                name = trigger_name(table, act)
                suffix = f' ON "{table}"' if connection.vendor == "postgresql" else ""
                cursor.execute(f'DROP TRIGGER IF EXISTS "{name}"{suffix}')


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of the triggers that should exist and do not."""
    acts = [*REFUSED, "truncate"] if connection.vendor == "postgresql" else list(REFUSED)
    wanted = {trigger_name(table, act) for table in tables() for act in acts}
    query = (
        "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D'"
        if connection.vendor == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return sorted(wanted - {name for (name,) in cursor.fetchall()})


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
