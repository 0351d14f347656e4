"""No auto-approval is written where a stop is in force, whoever writes it.

On PostgreSQL the trigger takes the lock of the pipeline (governance.db.stop_locks) shared, and only
then looks for stops: what it does not see then commits after this auto-approval has.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

from governance.db import stop_locks, triggers
from governance.models import Stop, StopResumption
from governance.models.stops import NEEDED
from reviews.enums import Disposition
from reviews.models import Prediction

NAME = "prediction_not_stopped"
REFUSAL = f"{NAME}: auto-approval is stopped here"
STOPS, RESUMPTIONS = Stop._meta.db_table, StopResumption._meta.db_table
AUTO = Disposition.AUTO_APPROVED.value
IN_FORCE = (
    f'NOT EXISTS (SELECT 1 FROM "{RESUMPTIONS}" r '  # noqa: S608 - names of our own
    f"WHERE r.stop_id = s.id AND r.position = {NEEDED})"
)


def covers(row: str) -> str:
    """Return the condition that the stop `s` covers the prediction `row`."""
    return (
        f"s.pipeline_id = {row}.pipeline_id AND s.tier IN ('', {row}.tier) "
        f"AND s.model_name IN ('', {row}.model_name) "
        f"AND s.model_version IN ('', {row}.model_version)"
    )


def install(connection: BaseDatabaseWrapper) -> None:
    """Create the trigger if its tables exist; safe to run again."""
    table = Prediction._meta.db_table
    if {table, STOPS, RESUMPTIONS} - set(connection.introspection.table_names()):
        return
    create = _on_postgresql if connection.vendor == "postgresql" else _on_sqlite
    with connection.cursor() as cursor:
        for statement in create(table):
            cursor.execute(statement)


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the name of the trigger if it should exist and does not."""
    return sorted({NAME} - triggers.in_force(connection))


def _on_postgresql(table: str) -> list[str]:
    # Always in one order, so that two calls with the same pipelines do not wait for each other.
    function = f"""
        CREATE OR REPLACE FUNCTION {NAME}() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE place bigint;
        BEGIN
            FOR place IN SELECT DISTINCT pipeline_id FROM inserted
                WHERE disposition = '{AUTO}' ORDER BY pipeline_id
            LOOP
                PERFORM pg_advisory_xact_lock_shared({stop_locks.BASE} + place);
            END LOOP;
            IF place IS NOT NULL AND EXISTS (SELECT 1 FROM "{STOPS}" s WHERE {IN_FORCE})
                AND EXISTS (SELECT 1 FROM inserted i JOIN "{STOPS}" s ON {covers("i")}
                    WHERE i.disposition = '{AUTO}' AND {IN_FORCE})
            THEN
                RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        END $$"""  # noqa: S608 - words of our own
    trigger = (
        f'CREATE OR REPLACE TRIGGER "{NAME}" AFTER INSERT ON "{table}" '
        f"REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION {NAME}()"
    )
    return [function, trigger]


def _on_sqlite(table: str) -> list[str]:
    stopped = f'SELECT 1 FROM "{STOPS}" s WHERE {covers("NEW")} AND {IN_FORCE}'  # noqa: S608
    trigger = (
        f'CREATE TRIGGER IF NOT EXISTS "{NAME}" BEFORE INSERT ON "{table}" '
        f"WHEN NEW.disposition = '{AUTO}' AND EXISTS ({stopped}) "
        f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    )
    return [trigger]
