"""What an adjustment may not do, whoever writes: skip a state, or be approved without signatures.

`adjustment_moves` lets the state change as domain.adjusting says and no other way.
`adjustment_signed` counts, before a state of approval, the approvals of what is signed.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

from governance.db import triggers
from governance.domain import adjusting
from governance.enums import AdjustmentState, Meaning, SignedThing
from governance.models import Adjustment, Signature

MOVES, SIGNED = "adjustment_moves", "adjustment_signed"
REFUSALS = {
    MOVES: "an adjustment does not move from this state to that",
    SIGNED: "an adjustment is approved by the signatures it needs",
}


def install(connection: BaseDatabaseWrapper) -> None:
    """Create the triggers if their table exists; safe to run again."""
    table = Adjustment._meta.db_table
    if table not in connection.introspection.table_names():
        return
    create = _on_postgresql if connection.vendor == "postgresql" else _on_sqlite
    with connection.cursor() as cursor:
        for name, condition in ((MOVES, _illegal()), (SIGNED, _unsigned())):
            for statement in create(table, name, condition):
                cursor.execute(statement)


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of the triggers that should exist and do not."""
    return sorted({MOVES, SIGNED} - triggers.in_force(connection))


def _illegal() -> str:
    pairs = " OR ".join(
        f"(OLD.state = '{source}' AND NEW.state = '{target}')"
        for source, target in sorted(adjusting.moves())
    )
    return f"OLD.state <> NEW.state AND NOT ({pairs})"


def _unsigned() -> str:
    signatures = (
        f'SELECT COUNT(*) FROM "{Signature._meta.db_table}" s WHERE s.adjustment_id = NEW.id '
        "AND s.digest = NEW.digest AND s.thing = '{thing}' AND s.meaning = '{meaning}'"
    )
    counts = {
        f"{name}_needed": signatures.format(thing=SignedThing.CHANGE.value, meaning=meaning.value)
        for name, meaning in (("approvals", Meaning.APPROVAL), ("validations", Meaning.VALIDATION))
    }
    few = " OR ".join(f"({count}) < NEW.{needed}" for needed, count in counts.items())
    return (
        f"NEW.state = '{AdjustmentState.APPROVED.value}' "
        f"AND OLD.state <> '{AdjustmentState.APPROVED.value}' AND ({few})"
    )


def _on_postgresql(table: str, name: str, condition: str) -> list[str]:
    # The condition of a trigger holds no subquery, so that it is asked in the function.
    function = f"""
        CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF {condition} THEN
                RAISE EXCEPTION '{name}: {REFUSALS[name]}' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END $$"""
    trigger = (
        f'CREATE OR REPLACE TRIGGER "{name}" BEFORE UPDATE OF state ON "{table}" FOR EACH ROW '
        f"EXECUTE FUNCTION {name}()"
    )
    return [function, trigger]


def _on_sqlite(table: str, name: str, condition: str) -> list[str]:
    trigger = (
        f'CREATE TRIGGER IF NOT EXISTS "{name}" BEFORE UPDATE OF state ON "{table}" '
        f"WHEN {condition} BEGIN SELECT RAISE(ABORT, '{name}: {REFUSALS[name]}'); END"
    )
    return [trigger]
