"""What nobody lends, whoever writes: a role that they do not hold themselves."""

from django.db.backends.base.base import BaseDatabaseWrapper

from governance.db import triggers
from governance.models import Delegation, Role, User

NAME = "delegation_not_lent_on"
REFUSAL = f"{NAME}: who lends a role holds it themselves"


def install(connection: BaseDatabaseWrapper) -> None:
    """Create the trigger if its table exists; safe to run again."""
    triggers.put_up(
        connection, Delegation._meta.db_table, on_postgresql=_on_postgresql, on_sqlite=_on_sqlite
    )


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the name of the trigger if it should exist and does not."""
    return sorted({NAME} - triggers.in_force(connection))


def _not_held() -> str:
    groups = User.groups.through._meta.db_table
    return (
        f'NOT EXISTS (SELECT 1 FROM "{groups}" g JOIN "{Role._meta.db_table}" r '
        "ON r.group_id = g.group_id WHERE g.user_id = NEW.giver_id AND r.slug = NEW.role)"
    )


def _on_postgresql(table: str) -> list[str]:
    function = f"""
        CREATE OR REPLACE FUNCTION {NAME}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF {_not_held()} THEN
                RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END $$"""
    trigger = (
        f'CREATE OR REPLACE TRIGGER "{NAME}" BEFORE INSERT ON "{table}" FOR EACH ROW '
        f"EXECUTE FUNCTION {NAME}()"
    )
    return [function, trigger]


def _on_sqlite(table: str) -> list[str]:
    trigger = (
        f'CREATE TRIGGER IF NOT EXISTS "{NAME}" BEFORE INSERT ON "{table}" '
        f"WHEN {_not_held()} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    )
    return [trigger]
