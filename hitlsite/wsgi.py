"""The WSGI application: pages and admin behind all middleware, the API behind what it needs of it.

A call of the API has no session, form, language or message; passing the middleware for them costs a
quarter of a millisecond each time, and what is not there cannot read a cookie by mistake.
"""

import os
from collections.abc import Iterable
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitlsite.settings")
API, PAGE_OF_API = "/api/", "/api/v1/docs"


class ApiHandler(WSGIHandler):
    """Answers the API."""

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: FBT001, FBT002 - Django's
        """Load API_MIDDLEWARE in place of MIDDLEWARE, while there is one thread."""
        full = settings.MIDDLEWARE
        settings.MIDDLEWARE = settings.API_MIDDLEWARE
        try:
            super().load_middleware(is_async)
        finally:
            settings.MIDDLEWARE = full


django.setup(set_prefix=False)
pages, api = WSGIHandler(), ApiHandler()
# Now, rather than while the first caller of each process waits.
get_resolver().url_patterns  # noqa: B018


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer a request."""
    path = environ.get("PATH_INFO", "")
    handler = api if path.startswith(API) and not path.startswith(PAGE_OF_API) else pages
    return handler(environ, start_response)
