"""The one clock that leases and deadlines are measured by."""

import time
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.utils import timezone

# For how many seconds this machine's steady clock carries the database's time on.
CARRIED = 1.0


class _DatabaseClock:
    """The database's time. What this host believes the time to be does not matter."""

    def __init__(self) -> None:
        self._read: tuple[float, datetime] | None = None

    def now(self) -> datetime:
        """Return the time, asked of the database once in CARRIED seconds at most."""
        read, steady = self._read, time.monotonic()
        if read is None or not 0 <= steady - read[0] < CARRIED:
            read = self._read = (steady, _ask())
        return read[1] + timedelta(seconds=steady - read[0])


def _ask() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment.astimezone(UTC)


_database = _DatabaseClock()


def now() -> datetime:
    """Return the database's time on PostgreSQL, so that a host whose clock is off does no harm.

    SQLite has no clock of its own: there it is this machine's.
    """
    return _database.now() if connection.vendor == "postgresql" else timezone.now()
