"""Looking back together: the list, and one with what might be picked, was found and came of it."""

import uuid
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from feedback.enums import CaseKind, LessonState, RetrospectiveState
from feedback.models import Lesson, Retrospective
from feedback.selectors import lessons
from feedback.selectors import retrospectives as selector
from feedback.services import retrospectives
from feedback.services.retrospectives import Wanted
from feedback.web.people import ReaderRequest, reader
from governance.exceptions import Conflict, DomainError, InvalidInput
from governance.models import Pipeline
from governance.selectors import audit, clock
from reviews.selectors import restrictions

LISTED = 100
MONTH = timedelta(days=30)
SEE_OTHER, UNPROCESSABLE, CLASH = 303, 422, 409


@require_http_methods(["GET", "HEAD", "POST"])
@reader
def listed(request: ReaderRequest) -> HttpResponse:
    """List the retrospectives within reach; its form opens one."""
    error: DomainError | None = None
    today = clock.now().date()
    form = {"title": "", "since": f"{today - MONTH}", "until": f"{today}", "pipeline": ""}
    if request.method == "POST":
        form |= {name: request.POST.get(name, "") for name in form}
        try:
            row = retrospectives.open_one(
                principal=request.principal, actor=request.user, wanted=_wanted(form),
                now=clock.now(),
            )  # fmt: skip
            return _to(row.pk)
        except InvalidInput as caught:
            error = caught
    context = {
        "retrospectives": selector.within(request.principal).order_by("-pk")[:LISTED],
        "pipelines": audit.within(Pipeline.objects.order_by("slug"), request.principal, "pk"),
        "writes": lessons.may_write(request.principal),
        "form": form,
        "fault": error.detail if error else "",
    }
    status = UNPROCESSABLE if error else 200
    return render(request, "feedback/retrospectives.html", context, status=status)


def _wanted(form: dict[str, str]) -> Wanted:
    """Return what a form asks for; its last day is looked back at too."""
    since, until = _day(form["since"], "/since"), _day(form["until"], "/until")
    return Wanted(form["pipeline"], form["title"], since, until + timedelta(days=1))


def _day(text: str, pointer: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time(), tzinfo=UTC)
    except ValueError:
        raise InvalidInput.at(pointer, "Write the day as 2027-03-01.") from None


@require_safe
@reader
def one(request: ReaderRequest, retrospective_id: uuid.UUID) -> HttpResponse:
    """Show a retrospective, with the forms for what comes next."""
    return _page(request, selector.one(request.principal, retrospective_id))


@require_http_methods(["POST"])
@reader
def act(request: ReaderRequest, retrospective_id: uuid.UUID, verb: str) -> HttpResponse:
    """Do one act on a retrospective, and show it again."""
    row = selector.one(request.principal, retrospective_id)
    try:
        ACTS[verb](request, row)
    except (InvalidInput, Conflict) as error:
        return _page(request, row, error, verb)
    return _to(row.pk)


def _pick(request: ReaderRequest, row: Retrospective) -> None:
    retrospectives.pick(
        retrospective_id=row.pk, item_id=_id(request.POST.get("item", ""), "/item"),
        kind=request.POST.get("kind", ""), why=request.POST.get("why", ""), **_who(request),
    )  # fmt: skip


def _hold(request: ReaderRequest, row: Retrospective) -> None:
    retrospectives.hold(retrospective_id=row.pk, **_who(request))


def _find(request: ReaderRequest, row: Retrospective) -> None:
    retrospectives.find(retrospective_id=row.pk, text=request.POST.get("text", ""), **_who(request))


def _conclude(request: ReaderRequest, row: Retrospective) -> None:
    retrospectives.conclude(
        finding_id=_id(request.POST.get("finding", ""), "/finding"),
        lesson=request.POST.get("lesson", ""), reason=request.POST.get("reason", ""),
        **_who(request),
    )  # fmt: skip


def _close(request: ReaderRequest, row: Retrospective) -> None:
    retrospectives.close(retrospective_id=row.pk, **_who(request))


ACTS = {"pick": _pick, "hold": _hold, "find": _find, "conclude": _conclude, "close": _close}


def _who(request: ReaderRequest) -> dict[str, Any]:
    return {"principal": request.principal, "actor": request.user, "now": clock.now()}


def _id(text: str, pointer: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise InvalidInput.at(pointer, "Choose one of those that are offered.") from None


def _page(
    request: ReaderRequest, row: Retrospective, error: DomainError | None = None, verb: str = ""
) -> HttpResponse:
    writes, closed = lessons.may_write(request.principal), row.state == RetrospectiveState.CLOSED
    offered = writes and not closed
    context = {
        "look": row,
        "items": restrictions.shown(
            request.principal, row.items.select_related("item__prediction"), "item__prediction__"
        ).order_by("kind", "pk"),
        "findings": [
            (each, getattr(each, "conclusion", None))
            for each in row.found.select_related("conclusion__lesson__owner").order_by("pk")
        ],
        "suggestions": list(selector.suggested(request.principal, row)) if offered else [],
        "lessons": _lessons(row) if offered else [],
        "kinds": CaseKind.choices,
        "writes": offered,
        "held": row.state == RetrospectiveState.HELD,
        "verb": verb,
        "fault": error.detail if error else "",
        "sent": request.POST,
    }
    status = 200 if error is None else CLASH if isinstance(error, Conflict) else UNPROCESSABLE
    return render(request, "feedback/retrospective.html", context, status=status)


def _lessons(row: Retrospective) -> list[Lesson]:
    rows = Lesson.objects.filter(pipeline=row.pipeline_id, revalidate_on__isnull=False)
    return list(rows.exclude(state=LessonState.RETIRED).order_by("-pk")[:LISTED])


def _to(key: uuid.UUID) -> HttpResponse:
    return HttpResponseRedirect(reverse("retrospective", args=[key]), status=SEE_OTHER)
