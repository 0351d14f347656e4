"""One's own figures, those of others for who leads, and disputes of either side."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from feedback.domain import over_reliance
from feedback.domain.figures import MINIMUM
from feedback.domain.over_reliance import Sway
from feedback.enums import DisputeOutcome, FigureName
from feedback.models import FigureDispute
from feedback.selectors import disputes as disputes_seen
from feedback.selectors import over_reliance as arms
from feedback.selectors import reviewer_figures
from feedback.services import disputes
from feedback.services.disputes import Disputed
from feedback.web.people import ReaderRequest, member
from governance.exceptions import Conflict, InvalidInput, NotFound, NotPermitted
from governance.models import Pipeline
from governance.selectors import audit, clock, notices

SEE_OTHER, UNPROCESSABLE = 303, 422


@require_http_methods(["GET", "HEAD", "POST"])
@member
def mine(request: ReaderRequest) -> HttpResponse:
    """Show a person their own figures, up to now; a POST disputes one of them."""
    if request.method == "POST":
        return _dispute(request)
    return _own(request)


def _own(
    request: ReaderRequest, form: dict[str, str] | None = None, fault: str = ""
) -> HttpResponse:
    now = clock.now()
    rows = FigureDispute.objects.filter(person=request.user).select_related(
        "pipeline", "answer__judge"
    )
    context = {
        "sheets": reviewer_figures.own(request.user, now=now),
        "disputes": [(row, getattr(row, "answer", None)) for row in rows.order_by("-pk")],
        "names": FigureName.choices,
        "days": reviewer_figures.PERIOD.days,
        "delay": reviewer_figures.LEAD_DELAY.days,
        "minimum": MINIMUM,
        "notice_unread": notices.unread(request.principal),
        "form": form or dict.fromkeys(("pipeline", "figure", "reason"), ""),
        "fault": fault,
    }
    status = UNPROCESSABLE if fault else 200
    return render(request, "feedback/my_figures.html", context, status=status)


def _dispute(request: ReaderRequest) -> HttpResponse:
    form = {name: request.POST.get(name, "") for name in ("pipeline", "figure", "reason")}
    try:
        disputes.dispute(
            principal=request.principal, actor=request.user, wanted=Disputed(**form),
            now=clock.now(),
        )  # fmt: skip
    except (InvalidInput, Conflict) as error:
        return _own(request, form, error.detail)
    messages.success(request, _("Disputed. Nobody else sees that figure until it is answered."))
    return HttpResponseRedirect(reverse("my-figures"), status=SEE_OTHER)


@require_safe
@member
def of_others(request: ReaderRequest) -> HttpResponse:
    """Show who leads the figures of the people of a pipeline, by name, and what is disputed."""
    if not reviewer_figures.leads(request.principal):
        raise NotPermitted("This needs a role that adjudicates or audits.")
    return _lead(request)


def _lead(
    request: ReaderRequest, form: dict[str, str] | None = None, fault: str = ""
) -> HttpResponse:
    now = clock.now()
    places = audit.within(Pipeline.objects.exclude(live=None), request.principal, "pk")
    known = list(places.order_by("slug"))
    wanted = request.GET.get("pipeline", "")
    chosen = next((p for p in known if p.slug == wanted or not wanted), None)
    if wanted and chosen is None:
        raise NotFound("There is no such pipeline.")
    until = now - reviewer_figures.LEAD_DELAY
    context: dict[str, Any] = {
        "pipelines": known,
        "chosen": chosen,
        "sheets": reviewer_figures.of_others(chosen, now=now) if chosen else [],
        "sway": swayed(chosen, until) if chosen else [],
        "disputes": [
            (row, disputes_seen.may_answer(request.principal, request.user, row))
            for row in disputes_seen.waiting(request.principal)
        ],
        "outcomes": DisputeOutcome.choices,
        "days": reviewer_figures.PERIOD.days,
        "delay": reviewer_figures.LEAD_DELAY.days,
        "minimum": MINIMUM,
        "form": form or {"dispute": ""},
        "fault": fault,
    }
    status = UNPROCESSABLE if fault else 200
    return render(request, "feedback/figures.html", context, status=status)


def swayed(pipeline: Pipeline, until: Any) -> list[tuple[str, str]]:
    """Return what the blind arm says of a pipeline, in words; nothing where nothing is drawn."""
    found = arms.of_pipeline(pipeline, until - reviewer_figures.PERIOD, until)
    return [
        line
        for tier, sway in found
        if sway.all.assisted.n or sway.all.blind.n
        for line in _lines(tier, sway)
    ]


def _lines(tier: str, sway: Sway) -> list[tuple[str, str]]:
    place = _("Tier %(tier)s") % {"tier": tier} if tier else _("All tiers")
    return [
        (f"{place}: {word}", over_reliance.sentence(each))
        for word, each in (
            (_("all answers"), sway.all),
            (_("where the model was wrong"), sway.wrong),
            (_("where the model was right"), sway.right),
        )
    ]


@require_POST
@member
def answer(request: ReaderRequest, dispute_id: uuid.UUID) -> HttpResponse:
    """Answer a dispute of somebody else's."""
    form = {name: request.POST.get(name, "") for name in ("outcome", "text")}
    try:
        disputes.answer(
            principal=request.principal, actor=request.user, dispute_id=dispute_id,
            now=clock.now(), **form,
        )  # fmt: skip
    except (InvalidInput, Conflict) as error:
        return _lead(request, form | {"dispute": str(dispute_id)}, error.detail)
    messages.success(request, _("Your answer is on record."))
    return HttpResponseRedirect(reverse("figures"), status=SEE_OTHER)
