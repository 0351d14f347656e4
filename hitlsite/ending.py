"""A worker that was told to end, or cannot go on, does end."""

import logging
import os
import threading
from typing import Any

from celery import bootsteps

from hitlsite import broker

logger = logging.getLogger(__name__)

# Whatever runs then has had its time; what is cut off runs again when its lease ends.
PATIENCE = broker.TASK_TIME_LIMIT + 10


class EndsInTime(bootsteps.StartStopStep):
    """Ends the process by force PATIENCE seconds after it began to stop.

    Celery waits for ever for a pool process that was being sent a message when its loop broke; such
    a worker runs no sweep, and its supervisor would not know.
    """

    requires = ("celery.worker.components:Pool",)

    def start(self, parent: Any) -> None:
        """Do nothing yet."""

    def stop(self, parent: Any) -> None:
        """Count the seconds from now on."""
        timer = threading.Timer(PATIENCE, _end)
        timer.daemon = True
        timer.start()


def _end() -> None:
    logger.critical("The worker did not come to its end in %s s; it is ended.", PATIENCE)
    logging.shutdown()
    os._exit(os.EX_SOFTWARE)
