"""Idempotency-Key on writes that create."""

import functools
import hashlib
import io
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Empty, Request
from rest_framework.response import Response

from governance.db import deadlocks
from governance.rest.parsers import MAX_STREAM, read_body
from governance.rest.renderers import JSONRenderer, dumps
from governance.rest.views import user_of
from governance.selectors import clock
from governance.services import idempotency

Handler = Callable[..., HttpResponseBase]
KEPT_HEADERS = ("Location", "ETag", "Content-Type")


def idempotent(handler: Handler) -> Handler:
    """Answer a repeated write with what the first one was answered.

    The effect and the answer are one transaction; an error answer is not kept. What the database
    gave up in a deadlock is done again, with or without a key.
    """

    @functools.wraps(handler)
    def wrapped(view: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        key = request.META.get("HTTP_IDEMPOTENCY_KEY")
        act = functools.partial(handler, view, request, *args, **kwargs)
        if key is None:
            return deadlocks.repeated(act, may=lambda: _can_repeat(request))
        row = idempotency.begin(
            user=user_of(request),
            key=key,
            method=request.method or "",
            path=request.path,
            fingerprint=_fingerprint(request),
            now=clock.now(),
        )
        if isinstance(row, idempotency.Kept):
            return _replayed(row)
        return _first(row, request, act)

    wrapped.takes_idempotency_key = True  # type: ignore[attr-defined]
    return wrapped


def _can_repeat(request: Request) -> bool:
    """Return whether the body is known or unread; what the handler itself has read is gone."""
    if getattr(request, "_full_data", Empty) is not Empty:
        return True
    return not getattr(request._request, "_read_started", False)


def _fingerprint(request: Request) -> str:
    # `body` would refuse more than what a form may hold; a stream of predictions is larger.
    inner = request._request
    raw = read_body(inner, encoding="", limit=MAX_STREAM)
    inner._body = raw
    parts = (request.META.get("QUERY_STRING", ""), request.content_type or "")
    return hashlib.sha256("\n".join(parts).encode() + b"\n" + raw).hexdigest()


def _first(row: Any, request: Request, act: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    done = False
    try:
        response = deadlocks.repeated(lambda: _kept(row, request, act))
        done = True
        return response
    finally:
        if not done:
            idempotency.give_back(row)


def _kept(row: Any, request: Request, act: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    inner = request._request
    inner._stream = io.BytesIO(inner.body)
    with transaction.atomic():
        response = act()
        body = _content(response)
        headers = {name: response[name] for name in KEPT_HEADERS if response.has_header(name)}
        if isinstance(response, Response):
            # It is not rendered yet, and says text/html until it is.
            headers["Content-Type"] = JSONRenderer.media_type
        idempotency.keep(row, status=response.status_code, body=body, headers=headers)
    return response


def _content(response: HttpResponseBase) -> bytes:
    if isinstance(response, Response):
        return b"" if response.data is None else dumps(response.data)
    if isinstance(response, HttpResponse):
        return bytes(response.content)
    raise TypeError("A streamed answer cannot be kept under an Idempotency-Key.")


def _replayed(kept: idempotency.Kept) -> HttpResponse:
    response = HttpResponse(kept.body, status=kept.status, content_type="application/json")
    for name, value in kept.headers.items():
        response[name] = value
    response["Idempotency-Replayed"] = "true"
    return response
