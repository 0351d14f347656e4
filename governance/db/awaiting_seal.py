"""Each event waits for its seal from the statement on that wrote it, whoever wrote it.

A trigger on SQLite and PostgreSQL notes new events: raw SQL cannot add one that the sealer would
pass over. It is a row of its own, so that an event is never updated.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

from governance.db import triggers
from governance.models import AuditEvent, LedgerLeaf, UnsealedEvent

NAME = "auditevent_awaits_seal"
EVENTS = AuditEvent._meta.db_table
LEAVES = LedgerLeaf._meta.db_table
WAITING = UnsealedEvent._meta.db_table


def install(connection: BaseDatabaseWrapper) -> None:
    """Create the trigger if its tables exist, and note what was written before it was there."""
    if not {EVENTS, WAITING}.issubset(connection.introspection.table_names()):
        return
    if not missing(connection):
        return
    statements = _ON_POSTGRESQL if connection.vendor == "postgresql" else _ON_SQLITE
    with connection.cursor() as cursor:
        for statement in (*statements, _GATHER):
            cursor.execute(statement)


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the name of the trigger if it should exist and does not."""
    return sorted({NAME} - triggers.in_force(connection))


_FUNCTION = f"""
CREATE OR REPLACE FUNCTION {NAME}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO "{WAITING}" (event) SELECT id FROM arrived;
    RETURN NULL;
END $$"""
_ON_POSTGRESQL = (
    _FUNCTION,
    f"""
    CREATE OR REPLACE TRIGGER "{NAME}" AFTER INSERT ON "{EVENTS}"
    REFERENCING NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION {NAME}()""",
)
_ON_SQLITE = (
    f"""
    CREATE TRIGGER IF NOT EXISTS "{NAME}" AFTER INSERT ON "{EVENTS}" BEGIN
        INSERT INTO "{WAITING}" (event) VALUES (NEW.id);
    END""",
)
_GATHER = f"""
INSERT INTO "{WAITING}" (event) SELECT id FROM "{EVENTS}"
WHERE id NOT IN (SELECT event FROM "{LEAVES}") AND id NOT IN (SELECT event FROM "{WAITING}")"""
