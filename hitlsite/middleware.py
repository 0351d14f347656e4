"""What surrounds every request: its id, where it really comes from, its measure, its headers."""

import ipaddress
import logging
import re
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from governance.db import deadlocks
from governance.domain import correlation
from hitlsite import metrics

Handler = Callable[[HttpRequest], HttpResponseBase]
View = Callable[..., HttpResponseBase]
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
NOTHING = "default-src 'none'; frame-ancestors 'none'"
UNSTORED = ("text/html", "application/json", "application/problem+json")

logger = logging.getLogger("countersign.access")


class RequestIdMiddleware:
    """Gives each request an id, the caller's if it is a fair one, and echoes it."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request under its id."""
        given = request.headers.get("X-Request-ID", "")
        request_id = given if REQUEST_ID.fullmatch(given) else str(uuid.uuid4())
        mark = correlation.begin(request_id)
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id
            return response
        finally:
            correlation.end(mark)


class TrustedProxyMiddleware:
    """Puts the caller's own address into REMOTE_ADDR when a trusted proxy names it.

    From anybody else the header that says "this was HTTPS" is dropped.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.trusted = [ipaddress.ip_network(each) for each in settings.TRUSTED_PROXIES]

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request with its address set right."""
        if self._trusts(request.META.get("REMOTE_ADDR", "")):
            chain = request.META.pop("HTTP_X_FORWARDED_FOR", "")
            request.META["REMOTE_ADDR"] = self._caller(chain) or request.META["REMOTE_ADDR"]
        else:
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)
        return self.get_response(request)

    def _trusts(self, text: str) -> bool:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        return any(address in network for network in self.trusted)

    def _caller(self, chain: str) -> str:
        """Return the last address that no trusted proxy wrote of itself, or nothing."""
        for hop in reversed([part.strip() for part in chain.split(",") if part.strip()]):
            if self._trusts(hop):
                continue
            try:
                return str(ipaddress.ip_address(hop))
            except ValueError:
                return ""
        return ""


class MetricsMiddleware:
    """Counts and times each request, and logs one line of it."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request and record how long it took, in seconds."""
        started = time.perf_counter()
        response = self.get_response(request)
        seconds = time.perf_counter() - started
        match = request.resolver_match
        metrics.record(
            method=request.method or "",
            route=match.route if match else "",
            status=response.status_code,
            seconds=seconds,
        )
        logger.info(
            "%s %s %d %.0f ms", request.method, request.path, response.status_code, seconds * 1000
        )
        return response


class ResponseHeadersMiddleware:
    """Adds Permissions-Policy, and keeps pages and API answers out of every cache."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        if not settings.PERMISSIONS_POLICY:
            raise MiddlewareNotUsed

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request with the headers set, unless the view chose its own."""
        response = self.get_response(request)
        response.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        kind = response.get("Content-Type", "").partition(";")[0]
        if kind in UNSTORED or request.path.startswith("/api/"):
            response.setdefault("Cache-Control", "no-store")
        return response


class ApiHeadersMiddleware:
    """Lets no browser make a page of an answer of the API."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request, saying that there is nothing to run or frame in it."""
        response = self.get_response(request)
        response.setdefault("Content-Security-Policy", NOTHING)
        response.setdefault("X-Frame-Options", "DENY")
        return response


def client_address(request: HttpRequest) -> str:
    """Return the address that sign-in attempts are counted by."""
    return str(request.META.get("REMOTE_ADDR", ""))


class ApiSlashMiddleware:
    """Lets API addresses end in a slash or not."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Serve the address without its last slash."""
        if request.path_info.startswith("/api/"):
            request.path_info = request.path_info.rstrip("/")
        return self.get_response(request)


class RepeatMiddleware:
    """Calls a view again when the database gave its transaction up in a deadlock.

    It is the last of all, so that each request passes the others once. The API repeats by itself.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> HttpResponseBase | None:
        """Call the view of a form; pages that are only read are called as ever."""
        if request.method != "POST":
            return None
        return deadlocks.repeated(lambda: view(request, *args, **kwargs))
