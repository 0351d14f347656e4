"""Reading all of a database as of one instant, while others go on writing."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

ONE_INSTANT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
# What looks at everything may take as long as it takes.
NO_HURRY = "SET LOCAL statement_timeout = 0"


@contextmanager
def snapshot(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Let all that is read in the block be of one instant, on PostgreSQL; nothing can be written.

    SQLite would keep every writer out meanwhile: there each statement is of an instant of its own,
    as it is in a transaction that has begun already.
    """
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        yield
        return
    with transaction.atomic(using=connection.alias):
        with connection.cursor() as cursor:
            cursor.execute(ONE_INSTANT)
            cursor.execute(NO_HURRY)
        yield
