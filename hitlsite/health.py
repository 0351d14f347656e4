"""What machines ask: is it alive, is it ready, and in figures."""

import hmac
import ipaddress

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from governance.rest import problems
from hitlsite import metrics as exposed
from hitlsite import vitals


@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """Answer as long as the process does."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Tell of each vital sign whether it is well; 503 when one is not."""
    signs = vitals.all_signs()
    well = all(sign.well for sign in signs)
    answer = {
        "status": "ready" if well else "degraded",
        "checks": {s.name: {"ok": s.well, "detail": s.detail, **s.figures} for s in signs},
    }
    return JsonResponse(answer, status=200 if well else 503)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Return figures for Prometheus to whom may read them."""
    if not _may_read(request):
        return problems.response(
            status=403,
            title="Not permitted",
            detail="Send the METRICS_TOKEN as a bearer token.",
            instance=request.path,
        )
    return HttpResponse(exposed.exposition(), content_type=CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(sent.encode(), settings.METRICS_TOKEN.encode())
    address = request.META.get("REMOTE_ADDR", "")
    # A proxy on this machine speaks for others.
    forwarded = "HTTP_X_FORWARDED_FOR" in request.META
    return bool(address) and not forwarded and ipaddress.ip_address(address).is_loopback
