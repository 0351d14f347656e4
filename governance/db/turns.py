"""Locks on what is no row: many may share one, or one may have it alone, until the commit.

SQLite has one writer at a time, who has everything alone.
"""

from django.db import connection

# One number for each thing that is taken turns for, within the database.
STANDSTILL = 5_101
HOLDING_OUT = 5_102


def share(thing: int) -> None:
    """Wait until nobody has `thing` alone, and keep everybody from it until the commit."""
    _take("SELECT pg_advisory_xact_lock_shared(%s)", thing)


def alone(thing: int) -> None:
    """Wait until nobody shares `thing`, and have it alone until the commit."""
    _take("SELECT pg_advisory_xact_lock(%s)", thing)


def _take(statement: str, thing: int) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(statement, [thing])
