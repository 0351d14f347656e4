"""The first pages: which queues there are, and starting with one."""

from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from governance.enums import Permission
from governance.exceptions import NotFound
from governance.models import Pipeline
from governance.selectors import clock, notices, policies
from reviews.models import Lane
from reviews.selectors import badges, desk, queues, urgency
from reviews.web import flow
from reviews.web.people import DeskRequest, signed_in

PAGE = 50
SHOWS = {
    urgency.ALL: _("All"),
    urgency.AT_RISK: _("At risk"),
    urgency.BREACHED: _("Breached"),
}


@require_safe
@signed_in
def overview(request: DeskRequest) -> HttpResponse:
    """List what this person could work on, or say what they can do instead."""
    principal, now = request.principal, clock.now()
    if not flow.may_review(request):
        if principal.may(Permission.APPROVE):
            return flow.leave(request, reverse("changes"))
        audits = principal.may(Permission.AUDIT) or request.user.is_staff
        return flow.page(request, "reviews/no_permission.html", {"audits": audits})
    held = desk.held(principal)
    pipelines = queues.overview(principal, request.user, now)
    context = {
        "pipelines": pipelines,
        "held": held,
        "clocks": badges.of_items([entry.item for entry in held], now),
        "recent": desk.recent(principal, now),
        "now": now,
        "notice_unread": notices.unread(principal),
        "nothing": not any(queue.open for each in pipelines for queue in each.queues),
    }
    return flow.page(request, "reviews/queues.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def queue(request: DeskRequest, pipeline: str, queue: str) -> HttpResponse:
    """Show a queue; a POST claims the next item of it."""
    row = desk.pipeline(request.principal, pipeline)
    if row is None or not _exists(row.pk, queue, row.live_id):
        raise NotFound("There is no such queue.")
    now = clock.now()
    if request.method == "POST":
        return flow.next_item(request, pipeline, queue, now)
    leads = request.principal.may(Permission.ADJUDICATE)
    if not flow.may_review(request) and not leads:
        raise Http404
    view = queues.one(row, queue, request.user, now)
    mine = [
        entry
        for entry in desk.held(request.principal)
        if entry.item.pipeline_id == row.pk and entry.item.queue == queue
    ]
    context = {
        "pipeline": row,
        "queue": view,
        "held": mine,
        "clocks": badges.of_items([entry.item for entry in mine], now),
        "recent": desk.recent(request.principal, now),
        "now": now,
        "listed": _listed(request, row, queue, now) if leads else None,
    }
    url = reverse("queue", args=[pipeline, queue])
    return flow.page(request, "reviews/queue.html", context, url=url)


def _listed(request: DeskRequest, row: Pipeline, queue: str, now: datetime) -> dict[str, Any]:
    """Return a page of the unsettled items of a queue, for who answers for it."""
    show, text = request.GET.get("show", urgency.ALL), request.GET.get("from", "0")
    if show not in SHOWS or not text.isdecimal() or len(text) > 6:
        raise NotFound("There is no such list.")
    kinds = {kind: urgency.of_queue(row, queue, now, kind) for kind in SHOWS}
    start = int(text)
    found = list(kinds[show][start : start + PAGE + 1])
    return {
        "show": show,
        "tabs": [(kind, SHOWS[kind], urgency.count(kinds[kind])) for kind in SHOWS],
        "items": found[:PAGE],
        "clocks": badges.of_items(found[:PAGE], now),
        "next": start + PAGE if len(found) > PAGE else None,
        "previous": max(start - PAGE, 0) if start else None,
    }


def _exists(pipeline_id: int, slug: str, version_id: object) -> bool:
    if slug in policies.document(version_id)["queues"]:
        return True
    return Lane.objects.filter(pipeline=pipeline_id, queue=slug).exists()
