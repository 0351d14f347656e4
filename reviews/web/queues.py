"""The first pages: which queues there are, and starting with one."""

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from governance.enums import Permission
from governance.exceptions import NotFound
from governance.selectors import clock, policies
from reviews.models import Lane
from reviews.selectors import desk, queues
from reviews.web import flow
from reviews.web.people import DeskRequest, signed_in


@require_safe
@signed_in
def overview(request: DeskRequest) -> HttpResponse:
    """List what this person could work on, or say what they can do instead."""
    principal, now = request.principal, clock.now()
    if not flow.may_review(request):
        audits = principal.may(Permission.AUDIT) or request.user.is_staff
        return flow.page(request, "reviews/no_permission.html", {"audits": audits})
    pipelines = queues.overview(principal, request.user, now)
    context = {
        "pipelines": pipelines,
        "held": desk.held(principal),
        "recent": desk.recent(principal, now),
        "now": now,
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
    if not flow.may_review(request):
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
        "recent": desk.recent(request.principal, now),
        "now": now,
    }
    url = reverse("queue", args=[pipeline, queue])
    return flow.page(request, "reviews/queue.html", context, url=url)


def _exists(pipeline_id: int, slug: str, version_id: object) -> bool:
    if slug in policies.document(version_id)["queues"]:
        return True
    return Lane.objects.filter(pipeline=pipeline_id, queue=slug).exists()
