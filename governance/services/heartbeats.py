"""Telling a watch elsewhere that all is well here: silence is its alarm.

No answer is awaited for long and no redirect is followed. What goes wrong is logged and counted,
and has no other effect.
"""

import http.client
import logging
import socket
import threading
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings

from governance.services import vital

logger = logging.getLogger(__name__)
MISSED = "heartbeat missed"
# For one answer of the network, and for all of it.
TIMEOUT = 5.0
LONGEST = 10.0


def send(*, now: datetime) -> bool:
    """Call HEARTBEAT_URL, if there is one; returns whether it was reached and content."""
    if not settings.HEARTBEAT_URL:
        return False
    # The path is the secret of most such addresses.
    place = urlsplit(settings.HEARTBEAT_URL).hostname
    try:
        status = _get(settings.HEARTBEAT_URL)
    except (OSError, http.client.HTTPException, ValueError) as error:
        logger.warning("The heartbeat did not reach %s: %s", place, type(error).__name__)
    else:
        if status // 100 == 2:
            return True
        logger.warning("The heartbeat was answered by %s with %s", place, status)
    vital.count(name=MISSED, now=now)
    return False


def _get(address: str) -> int:
    parts = urlsplit(address)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT)
    hurry = threading.Timer(LONGEST, _cut, [connection])
    hurry.daemon = True
    hurry.start()
    try:
        query = f"?{parts.query}" if parts.query else ""
        connection.request(
            "GET", f"{parts.path or '/'}{query}", headers={"User-Agent": "countersign"}
        )
        return connection.getresponse().status
    finally:
        hurry.cancel()
        connection.close()


def _cut(connection: http.client.HTTPConnection) -> None:
    """End a conversation that goes on drop by drop."""
    line = connection.sock
    if line is not None:
        try:
            line.shutdown(socket.SHUT_RDWR)
        except OSError:
            logger.debug("The conversation was over already")
