"""Waiting for the moment in which one transaction waits for another."""

import time
from collections.abc import Callable

from django.db.backends.base.base import BaseDatabaseWrapper

WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


def until_somebody_waits(connection: BaseDatabaseWrapper, *, seconds: float = 20) -> None:
    """Return as soon as a session of this database waits for a lock; fail after `seconds`."""
    _until(connection, WAITING, lambda count: count > 0, seconds, "nobody waited for a lock")


def until_alone(connection: BaseDatabaseWrapper, *, seconds: float = 20) -> None:
    """Return as soon as the server has noticed that every other session is gone."""
    _until(connection, OTHERS, lambda count: count == 0, seconds, "a session was left")


def _until(
    connection: BaseDatabaseWrapper,
    query: str,
    reached: Callable[[int], bool],
    seconds: float,
    otherwise: str,
) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            # Within a transaction the server would show the same moment again and again.
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(query)
            if reached(cursor.fetchone()[0]):
                return
        time.sleep(0.02)
    raise AssertionError(otherwise)
