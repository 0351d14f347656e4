"""What those whom a pipeline concerns read of it, and where it is written."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from feedback.domain.ranges import Scale
from feedback.domain.stakeholder_pages import Written
from feedback.enums import Publicity
from feedback.selectors import stakeholders as seen
from feedback.services import stakeholders
from feedback.services.stakeholders import Wanted
from feedback.web.people import ReaderRequest, reader
from governance.domain.canonical import canonical
from governance.exceptions import InvalidInput, NotFound
from governance.models import Pipeline
from governance.selectors import adjustments, audit, clock

SEE_OTHER, UNPROCESSABLE = 303, 422
TEXTS, LINES = ("does", "concerns"), ("limits", "planned")
WHOLE = Scale(0.0, 1.0)
LISTED = 50


@require_safe
def told(request: HttpRequest, pipeline: str) -> HttpResponse:
    """Show what is told of a pipeline; as JSON, the very bytes of which the digest is given."""
    try:
        row = seen.told(pipeline, signed_in=request.user.is_authenticated)
    except NotFound as error:
        raise Http404(error.detail) from None
    if request.GET.get("format") == "json":
        return HttpResponse(canonical(row.content), content_type="application/json")
    context = {"row": row, "changed": seen.changed(row, clock.now()), **_drawn(row.content)}
    return render(request, "feedback/told.html", context)


@require_safe
@reader
def listed(request: ReaderRequest) -> HttpResponse:
    """List the pipelines within reach, with what is told of each and whether it is still true."""
    now = clock.now()
    last = {row.pipeline_id: row for row in seen.newest()}
    rows = audit.within(
        Pipeline.objects.exclude(live=None).order_by("name"), request.principal, "pk"
    )
    told_of = [(row, last.get(row.pk)) for row in rows]
    context = {
        "pipelines": [
            {"row": row, "last": edition, "changed": edition and seen.changed(edition, now)}
            for row, edition in told_of
        ]
    }
    return render(request, "feedback/told_index.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@reader
def page(request: ReaderRequest, pipeline: str) -> HttpResponse:
    """Show what would be told of a pipeline now, and publish it."""
    row = adjustments.pipeline_in_reach(request.principal, pipeline)
    if row.live is None:
        raise NotFound("This pipeline has no policy in force.")
    if request.method == "POST":
        return _sent(request, row)
    last = seen.within(request.principal).filter(pipeline=row).order_by("-number").first()
    form = dict.fromkeys((*TEXTS, *LINES, "reason"), "") | {"publicity": Publicity.INTERNAL}
    if last:
        written = last.content["written"]
        form |= {name: written[name] for name in TEXTS}
        form |= {name: "\n".join(written[name]) for name in LINES}
        form |= {"publicity": last.publicity}
    return _page(request, row, form)


def _sent(request: ReaderRequest, row: Pipeline) -> HttpResponse:
    form = _form(request.POST)
    try:
        if request.POST.get("act") == "preview":
            stakeholders.checked(_written(form))
            return _page(request, row, form)
        wanted = Wanted(row.slug, form["publicity"], _written(form), form["reason"])
        made = stakeholders.publish(
            principal=request.principal, actor=request.user, wanted=wanted, now=clock.now()
        )
    except InvalidInput as error:
        return _page(request, row, form, error)
    messages.success(request, _("Edition %(n)d is on record.") % {"n": made.number})
    return HttpResponseRedirect(reverse("stakeholders", args=[row.slug]), status=SEE_OTHER)


def _form(sent: QueryDict) -> dict[str, str]:
    return {name: sent.get(name, "") for name in (*TEXTS, *LINES, "publicity", "reason")}


def _written(form: dict[str, str]) -> Written:
    does, concerns = (form[name] for name in TEXTS)
    limits, planned = (tuple(form[name].splitlines()) for name in LINES)
    return Written(does, concerns, limits, planned)


def _page(
    request: ReaderRequest, row: Pipeline, form: dict[str, str], error: InvalidInput | None = None
) -> HttpResponse:
    fault = error.faults[0] if error and error.faults else None
    now = clock.now()
    said = seen.content(request.principal, request.user, row, _written(form), now)
    editions = seen.within(request.principal).filter(pipeline=row).order_by("-number")
    last = editions.first()
    context = {
        "pipeline": row,
        "form": form,
        "publicities": Publicity.choices,
        "writes": seen.may_publish(request.principal),
        "fault": fault,
        "wrong": fault.pointer.strip("/").split("/")[0] if fault else "",
        "editions": editions[:LISTED],
        "last": last if last and last.publicity != Publicity.NOBODY else None,
        "changed": seen.changed(last, now) if last else [],
        **_drawn(said),
    }
    return render(
        request, "feedback/stakeholders.html", context, status=UNPROCESSABLE if error else 200
    )


def _drawn(content: dict[str, Any]) -> dict[str, Any]:
    slices = [
        {**part, "bar": WHOLE.bar(part["right"], part["interval"])}
        for part in content["performance"]["slices"]
    ]
    return {"said": content, "slices": slices, "axis": WHOLE.ticks()}
