"""The mark of an example: given with the row, and never changed afterwards.

What carries it may be removed with all its records (services.examples). A trigger on SQLite and
PostgreSQL sees to it that nobody can put the mark on a pipeline that does real work, nor take it
off one.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

from governance.db import triggers
from governance.models import Pipeline

NAME = "pipeline_example_fixed"
REFUSAL = f"{NAME}: a pipeline is made as an example or it never is one"


def install(connection: BaseDatabaseWrapper) -> None:
    """Create the trigger if its table exists; safe to run again."""
    triggers.put_up(
        connection, Pipeline._meta.db_table, on_postgresql=_on_postgresql, on_sqlite=_on_sqlite
    )


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the name of the trigger if it should exist and does not."""
    return sorted({NAME} - triggers.in_force(connection))


def _on_postgresql(table: str) -> list[str]:
    function = f"""
        CREATE OR REPLACE FUNCTION {NAME}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'check_violation';
        END $$"""
    trigger = (
        f'CREATE OR REPLACE TRIGGER "{NAME}" BEFORE UPDATE OF example ON "{table}" FOR EACH ROW '
        f"WHEN (OLD.example IS DISTINCT FROM NEW.example) EXECUTE FUNCTION {NAME}()"
    )
    return [function, trigger]


def _on_sqlite(table: str) -> list[str]:
    trigger = (
        f'CREATE TRIGGER IF NOT EXISTS "{NAME}" BEFORE UPDATE OF example ON "{table}" '
        "WHEN OLD.example IS NOT NEW.example BEGIN "
        f"SELECT RAISE(ABORT, '{REFUSAL}'); END"
    )
    return [trigger]
