"""Errors as RFC 9457 problem details."""

import logging
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, HttpResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from governance.domain import correlation
from governance.domain.documents import InvalidDocuments
from governance.domain.faults import Fault
from governance.exceptions import DomainError
from governance.rest.renderers import dumps

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = "5"
# In this order: a body that is too large is a suspicious operation too.
OF_DJANGO: Mapping[type[Exception], tuple[int, str, str]] = {
    Http404: (404, "Not found", "There is no such thing."),
    PermissionDenied: (403, "Not permitted", "You may not do this."),
    RequestDataTooBig: (413, "Too large", "The body is too large."),
    SuspiciousOperation: (400, "Malformed", "The request is malformed."),
}


def body(
    *,
    status: int,
    title: str,
    detail: str,
    code: str = "about",
    instance: str = "",
    faults: Iterable[Fault] = (),
    extra: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the members of a problem."""
    problem: dict[str, Any] = {
        "type": "about:blank" if code == "about" else f"urn:countersign:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": instance,
        "request_id": correlation.current(),
    }
    errors = [{"pointer": f.pointer, "code": f.code, "detail": f.detail} for f in faults]
    if errors:
        problem["errors"] = errors
    return problem | (extra or {})


def response(*, status: int, title: str, detail: str, instance: str) -> HttpResponse:
    """Return a problem from outside REST framework."""
    problem = body(status=status, title=title, detail=detail, instance=instance)
    return HttpResponse(dumps(problem), status=status, content_type=MEDIA_TYPE)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the problem that an exception in a view comes to; None is a 500 of Django's own."""
    set_rollback()
    problem, headers = _problem_of(error)
    if problem is None:
        logger.error("Unexpected error", exc_info=error)
        problem = body(status=500, title="Server error", detail="The fault is in our log.")
    problem["instance"] = context["request"].path
    return Response(problem, status=problem["status"], headers=headers, content_type=MEDIA_TYPE)


def of_domain_error(error: DomainError) -> dict[str, Any]:
    """Return the problem of a refused act."""
    return body(
        status=error.status,
        title=error.title,
        detail=error.detail,
        code=error.code,
        faults=error.faults,
        extra=error.extra,
    )


def _problem_of(error: Exception) -> tuple[dict[str, Any] | None, dict[str, str]]:
    if isinstance(error, DomainError):
        wait = {"Retry-After": str(error.retry_after)} if error.retry_after else {}
        asked = {"WWW-Authenticate": error.challenge} if error.challenge else {}
        return of_domain_error(error), wait | asked
    if isinstance(error, InvalidDocuments):
        title, detail = (
            "The documents are not valid",
            f"{len(error.faults)} faults; nothing was written.",
        )
        return body(status=400, title=title, detail=detail, code="invalid", faults=error.faults), {}
    for kind, (status, title, detail) in OF_DJANGO.items():
        if isinstance(error, kind):
            return body(status=status, title=title, detail=detail), {}
    if isinstance(error, OperationalError | InterfaceError) or _lost(error):
        title, detail = "Unavailable", "The database does not answer; try again."
        return body(status=503, title=title, detail=detail), {"Retry-After": RETRY_AFTER}
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    return None, {}


def _lost(error: Exception) -> bool:
    return isinstance(error, DatabaseError) and "connection" in str(error).lower()


def _of_framework(error: exceptions.APIException) -> tuple[dict[str, Any], dict[str, str]]:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    title = HTTPStatus(error.status_code).phrase
    detail = error.detail if isinstance(error.detail, str) else title
    problem = body(status=error.status_code, title=title, detail=str(detail))
    return problem, headers
