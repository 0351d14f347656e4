"""Error pages: problem+json for machines, a page for people."""

import logging
import sys

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from governance.domain import correlation
from governance.rest import problems

MACHINE_PATHS = ("/api/", "/healthz", "/readyz", "/metrics")
WORDS = {
    400: ("Malformed", "The request is malformed."),
    403: ("Not permitted", "You may not do this."),
    404: ("Not found", "There is no such thing."),
    413: ("Too large", "The body is too large."),
    500: ("Server error", "The fault is in our log."),
    503: ("Unavailable", "The database does not answer; try again."),
}
RETRY_AFTER = "5"

logger = logging.getLogger(__name__)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400, or 413 to a body over the limit."""
    return _answer(request, 413 if isinstance(exception, RequestDataTooBig) else 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403."""
    return _answer(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404."""
    return _answer(request, 404)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 to a form that did not come from here."""
    logger.warning("Form refused: %s", reason)
    return _answer(request, 403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500, or 503 with Retry-After when the database was lost."""
    lost = isinstance(sys.exception(), OperationalError | InterfaceError)
    return _answer(request, 503 if lost else 500)


def _answer(request: HttpRequest, status: int) -> HttpResponse:
    title, detail = WORDS[status]
    if request.path.startswith(MACHINE_PATHS):
        response = problems.response(
            status=status, title=title, detail=detail, instance=request.path
        )
    else:
        response = _page(request, status)
    if status == 503:
        response["Retry-After"] = RETRY_AFTER
    return response


def _page(request: HttpRequest, status: int) -> HttpResponse:
    title, detail = WORDS[status]
    template = {413: "400.html", 503: "500.html"}.get(status, f"{status}.html")
    context = {
        "title": title,
        "detail": detail,
        "status": status,
        "request_id": correlation.current(),
    }
    return render(request, template, context, status=status)
