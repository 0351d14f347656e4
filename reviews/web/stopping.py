"""The stop switch as a page, and the banner that tells everybody of it."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from governance.enums import Permission
from governance.exceptions import Conflict, InvalidInput, NotPermitted
from governance.models import Pipeline, Stop, User
from governance.selectors import adjustments, clock, principals, stops
from governance.services import stops as switch
from reviews.web import flow
from reviews.web.people import DeskRequest, signed_in

MOST_TOLD = 5


def banner(request: HttpRequest) -> dict[str, Any]:
    """Return `stops_in_force`, of the pipelines of who is signed in; asked for by the page."""
    return {"stops_in_force": SimpleLazyObject(lambda: _in_force(request))}


def _in_force(request: HttpRequest) -> list[Stop]:
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return []
    known = getattr(request, "principal", None)
    return stops.within(known or principals.of_person(user), MOST_TOLD)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def page(request: DeskRequest, pipeline: str) -> HttpResponse:
    """Show the stops of a pipeline; a POST that is confirmed stops."""
    row = adjustments.pipeline_in_reach(request.principal, pipeline)
    if request.method != "POST":
        return _page(request, row)
    said = {name: request.POST.get(name, "").replace("\x00", "").strip() for name in FIELDS}
    if "confirm" not in request.POST:
        return _page(request, row, said, fault=_("Tick that you want to stop it."), status=422)
    try:
        switch.stop(
            principal=request.principal,
            actor=request.user,
            pipeline=row.slug,
            place=switch.Place(said["tier"], said["model_name"][:120], said["model_version"][:120]),
            reason=said["reason"][:500],
            now=clock.now,
        )
    except (Conflict, InvalidInput, NotPermitted) as refusal:
        return _page(request, row, said, fault=refusal.detail, status=refusal.status)
    flow.told(request, _("Stopped. What would have been approved unseen goes to people."))
    return flow.leave(request, reverse("stops", args=[row.slug]))


FIELDS = ("tier", "model_name", "model_version", "reason")


def _page(
    request: DeskRequest,
    row: Pipeline,
    said: dict[str, str] | None = None,
    *,
    fault: Any = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "pipeline": row,
        "tiers": list(row.live.document["tiers"]) if row.live else [],
        "in_force": stops.in_force(row.pk).prefetch_related("resumptions__actor"),
        "said": said or dict.fromkeys(FIELDS, ""),
        "may_stop": any(request.principal.may(each) for each in switch.STOPPERS),
        "may_resume": request.principal.may(Permission.APPROVE),
        "fault": fault,
        "now": clock.now(),
    }
    return flow.page(request, "reviews/stops.html", context, status=status)


@require_POST
@signed_in
def resume(request: DeskRequest, stop_id: uuid.UUID) -> HttpResponse:
    """Agree to resume."""
    row = stops.one(request.principal, stop_id)
    try:
        switch.resume(
            principal=request.principal,
            actor=request.user,
            stop_id=row.pk,
            reason=request.POST.get("reason", "").replace("\x00", "")[:500],
            now=clock.now(),
        )
    except (Conflict, InvalidInput, NotPermitted) as refusal:
        pipeline = adjustments.pipeline_in_reach(request.principal, row.pipeline.slug)
        return _page(request, pipeline, fault=refusal.detail, status=refusal.status)
    ended = not stops.in_force(row.pipeline_id).filter(pk=row.pk).exists()
    flow.told(request, _("It goes on.") if ended else _("Noted. One more person must agree."))
    return flow.leave(request, reverse("stops", args=[row.pipeline.slug]))
