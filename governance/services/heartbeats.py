"""Telling a watch elsewhere that all is well here: silence is its alarm.

No answer is awaited for long and no redirect is followed. What goes wrong is logged and counted,
and has no other effect.
"""

import logging
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings

from governance.services import egress, vital

logger = logging.getLogger(__name__)
MISSED = "heartbeat missed"


def send(*, now: datetime) -> bool:
    """Call HEARTBEAT_URL, if there is one; returns whether it was reached and content."""
    if not settings.HEARTBEAT_URL:
        return False
    # The path is the secret of most such addresses.
    place = urlsplit(settings.HEARTBEAT_URL).hostname
    try:
        status = egress.call("GET", settings.HEARTBEAT_URL).status
    except egress.Unreachable as error:
        logger.warning("The heartbeat did not reach %s: %s", place, error)
    else:
        if status // 100 == 2:
            return True
        logger.warning("The heartbeat was answered by %s with %s", place, status)
    vital.count(name=MISSED, now=now)
    return False
