"""Transactions that the database gave up so that others could go on: they are done again."""

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, connection

logger = logging.getLogger(__name__)

TRIES = 3
LONGEST_PAUSE = 0.05
# serialization_failure and deadlock_detected of PostgreSQL.
GIVEN_UP = frozenset({"40001", "40P01"})

Result = TypeVar("Result")


def was_given_up(error: BaseException) -> bool:
    """Return whether a transaction failed only because of others at the same moment."""
    return getattr(error.__cause__, "sqlstate", None) in GIVEN_UP


def repeated(act: Callable[[], Result], *, may: Callable[[], bool] = lambda: True) -> Result:
    """Return what `act` returns, which is done again after a deadlock: TRIES times at most.

    `act` opens its own transaction, so what failed has had no effect; within one that is open
    already nothing is repeated, since all of it is lost. `may` says whether it can be done again.
    """
    for _attempt in range(1, TRIES):
        try:
            return act()
        except OperationalError as error:
            if connection.in_atomic_block or not was_given_up(error) or not may():
                raise
            logger.warning("Done again after %s", type(error.__cause__).__name__)
        # Not all who met meet again.
        time.sleep(random.uniform(0, LONGEST_PAUSE))  # noqa: S311 - no secret
    return act()
