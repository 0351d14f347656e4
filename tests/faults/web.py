"""The site's WSGI application, in which a request may ask to be the last of its process."""

import os
import signal
from collections.abc import Iterable
from typing import Any

from hitlsite import wsgi

DIES = "X-Dies-Before-The-Answer"


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer a request; one with the header has its effect, and no answer."""
    answer = wsgi.application(environ, start_response)
    if "HTTP_" + DIES.upper().replace("-", "_") in environ:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer
