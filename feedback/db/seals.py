"""What was sealed takes no more rows: triggers on SQLite and PostgreSQL.

Entries and files are written before the version they belong to, and parts before their file. The
row that closes them therefore does not exist yet, and once it does an insert is refused.
"""

from collections.abc import Mapping

from django.db.backends.base.base import BaseDatabaseWrapper

from governance.db import triggers

# Table: the column that points at the row that closes it, and that row's table and key.
CLOSED_BY: Mapping[str, tuple[str, str, str]] = {
    "feedback_datasetentry": ("version_id", "feedback_datasetversion", "id"),
    "feedback_datasetfile": ("version_id", "feedback_datasetversion", "id"),
    "feedback_datasetfilepart": ("file_id", "feedback_datasetfile", "id"),
    "feedback_modeltraining": ("model_id", "feedback_modelversion", "id"),
    "feedback_evaluationprediction": (
        "evaluation_id", "feedback_evaluationfinish", "evaluation_id",
    ),
    "feedback_gaterunevaluation": ("run_id", "feedback_gaterun", "id"),
}  # fmt: skip


def trigger_name(table: str) -> str:
    """Return the name of the trigger that keeps `table` closed."""
    return f"{table}_sealed"


def install(connection: BaseDatabaseWrapper) -> None:
    """Create the triggers of the tables that exist; safe to run again."""
    existing = set(connection.introspection.table_names())
    create = _on_postgresql if connection.vendor == "postgresql" else _on_sqlite
    with connection.cursor() as cursor:
        for table, (column, closer, key) in CLOSED_BY.items():
            if {table, closer} <= existing:
                for statement in create(table, column, closer, key):
                    cursor.execute(statement)


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of the triggers that should exist and do not."""
    wanted = {trigger_name(table) for table in CLOSED_BY}
    return sorted(wanted - triggers.in_force(connection))


def _on_postgresql(table: str, column: str, closer: str, key: str) -> list[str]:
    name = trigger_name(table)
    closed = (
        f"SELECT 1 FROM (SELECT DISTINCT {column} AS id FROM inserted) AS d "  # noqa: S608 - own names
        f"JOIN {closer} ON {closer}.{key} = d.id"
    )
    function = f"""
        CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS ({closed}) THEN
                RAISE EXCEPTION '{_refusal(name)}' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        END $$"""
    trigger = (
        f'CREATE OR REPLACE TRIGGER "{name}" AFTER INSERT ON "{table}" '
        f"REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
    )
    return [function, trigger]


def _on_sqlite(table: str, column: str, closer: str, key: str) -> list[str]:
    name = trigger_name(table)
    closed = f'SELECT 1 FROM "{closer}" WHERE "{key}" = NEW."{column}"'  # noqa: S608 - own names
    trigger = (
        f'CREATE TRIGGER IF NOT EXISTS "{name}" BEFORE INSERT ON "{table}" '
        f"WHEN EXISTS ({closed}) BEGIN SELECT RAISE(ABORT, '{_refusal(name)}'); END"
    )
    return [trigger]


def _refusal(name: str) -> str:
    return f"{name}: what is sealed takes no more rows"
