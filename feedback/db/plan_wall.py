"""A gate run carries the digest and the time of its plan: they are those that the plan has.

With the check gaterun_plan_frozen_first it follows that no candidate was evaluated before the plan
that it is judged by was frozen, whoever writes the row.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

from feedback.models import GatePlan, GateRun
from governance.db import triggers

NAME = "gaterun_plan_as_frozen"
REFUSAL = f"{NAME}: this is not what the plan was frozen as"
RUNS, PLANS = GateRun._meta.db_table, GatePlan._meta.db_table
OTHERWISE = (
    f'NOT EXISTS (SELECT 1 FROM "{PLANS}" p WHERE p.id = NEW.plan_id '  # noqa: S608 - own names
    "AND p.digest = NEW.plan_digest AND p.frozen_at = NEW.plan_frozen_at)"
)


def install(connection: BaseDatabaseWrapper) -> None:
    """Create the trigger if its tables exist; safe to run again."""
    if {RUNS, PLANS} - set(connection.introspection.table_names()):
        return
    create = _on_postgresql if connection.vendor == "postgresql" else _on_sqlite
    with connection.cursor() as cursor:
        for statement in create():
            cursor.execute(statement)


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the name of the trigger if it should exist and does not."""
    return sorted({NAME} - triggers.in_force(connection))


def _on_postgresql() -> list[str]:
    function = f"""
        CREATE OR REPLACE FUNCTION {NAME}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF {OTHERWISE} THEN
                RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END $$"""
    trigger = (
        f'CREATE OR REPLACE TRIGGER "{NAME}" BEFORE INSERT ON "{RUNS}" '
        f"FOR EACH ROW EXECUTE FUNCTION {NAME}()"
    )
    return [function, trigger]


def _on_sqlite() -> list[str]:
    trigger = (
        f'CREATE TRIGGER IF NOT EXISTS "{NAME}" BEFORE INSERT ON "{RUNS}" '
        f"WHEN {OTHERWISE} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    )
    return [trigger]
