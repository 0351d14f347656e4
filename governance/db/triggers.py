"""Which triggers a database has."""

from collections.abc import Callable, Sequence

from django.db.backends.base.base import BaseDatabaseWrapper

Statements = Callable[[str], Sequence[str]]


def in_force(connection: BaseDatabaseWrapper) -> set[str]:
    """Return the names of the triggers that fire."""
    query = (
        "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D'"
        if connection.vendor == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {name for (name,) in cursor.fetchall()}


def put_up(
    connection: BaseDatabaseWrapper, table: str, *, on_postgresql: Statements, on_sqlite: Statements
) -> None:
    """Run the statements that make the triggers of a table, if it exists; safe to run again."""
    if table not in connection.introspection.table_names():
        return
    create = on_postgresql if connection.vendor == "postgresql" else on_sqlite
    with connection.cursor() as cursor:
        for statement in create(table):
            cursor.execute(statement)


def take_down(connection: BaseDatabaseWrapper) -> None:
    """Drop every trigger; the end of migrate installs them again.

    SQLite rebuilds a table to change it, and refuses to while a trigger of another table names it.
    """
    with connection.cursor() as cursor:
        for name in in_force(connection):
            cursor.execute(f'DROP TRIGGER "{name}"')
