"""Lessons: what people made of signals, and the forms to write and revise one."""

import uuid
from collections import defaultdict
from datetime import date
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from feedback.enums import LessonState, SignalKind
from feedback.models import Lesson
from feedback.selectors import lessons as selector
from feedback.selectors import signals
from feedback.services import lessons, revalidating
from feedback.services.lessons import Said
from feedback.web.people import ReaderRequest, member, reader
from governance.exceptions import Conflict, DomainError, InvalidInput, NotFound, NotPermitted
from governance.selectors import clock

LISTED, OFFERED = 100, 50
SEE_OTHER, UNPROCESSABLE = 303, 422
FIELDS = ("title", "text", "owner", "state", "adjustment", "revalidate_on", "reason")


@require_safe
@reader
def listed(request: ReaderRequest) -> HttpResponse:
    """List the lessons within reach, the newest first."""
    context = {
        "lessons": selector.within(request.principal).order_by("-pk")[:LISTED],
        "writes": selector.may_write(request.principal),
        "most": LISTED,
    }
    return render(request, "feedback/lessons.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@reader
def new(request: ReaderRequest) -> HttpResponse:
    """Choose signals and write down what is made of them."""
    if request.method != "POST":
        return _form(request, {"owner": request.user.username}, set())
    chosen = request.POST.getlist("signals")
    try:
        lesson = lessons.write(
            principal=request.principal,
            actor=request.user,
            signal_ids=chosen,
            said=_said(request.POST),
            now=clock.now(),
        )
    except InvalidInput as error:
        return _form(request, request.POST.dict(), set(chosen), error)
    return HttpResponseRedirect(reverse("lesson", args=[lesson.pk]), status=SEE_OTHER)


def _form(
    request: ReaderRequest,
    form: dict[str, Any],
    chosen: set[str],
    error: DomainError | None = None,
) -> HttpResponse:
    kind = request.GET.get("kind", "")
    rows = signals.within(request.principal).filter(signals.standing()).order_by("-pk")
    if kind:
        if kind not in SignalKind.values:
            raise NotFound("There is no such kind of signal.")
        rows = rows.filter(kind=kind)
    context = _shown(form, error) | {
        "signals": rows[:OFFERED],
        "chosen": chosen,
        "kinds": SignalKind.choices,
        "kind": kind,
        "offered": OFFERED,
        "writes": selector.may_write(request.principal),
    }
    status = UNPROCESSABLE if error else 200
    return render(request, "feedback/lesson_new.html", context, status=status)


def _seen(request: ReaderRequest, lesson_id: uuid.UUID) -> Lesson:
    """Return a lesson within reach, for its owner and who reads lessons."""
    row = selector.within(request.principal).filter(pk=lesson_id).first()
    if row is None:
        raise NotFound("There is no such lesson.")
    if row.owner_id != request.user.pk and not selector.may_read(request.principal):
        raise NotPermitted("This needs a role that adjudicates, approves or audits.")
    return row


@require_http_methods(["GET", "HEAD", "POST"])
@member
def one(request: ReaderRequest, lesson_id: uuid.UUID) -> HttpResponse:
    """Show a lesson; its form says it anew, adopts it or retires it."""
    row = _seen(request, lesson_id)
    error: DomainError | None = None
    form = _form_of(row)
    if request.method == "POST":
        form = request.POST.dict()
        try:
            lessons.revise(
                principal=request.principal, actor=request.user, lesson_id=lesson_id,
                said=_said(request.POST), reason=request.POST.get("reason", ""), now=clock.now(),
            )  # fmt: skip
            return HttpResponseRedirect(request.path, status=SEE_OTHER)
        except (InvalidInput, Conflict) as caught:
            error = caught
    return _page(request, row, form, error)


@require_POST
@member
def confirm(request: ReaderRequest, lesson_id: uuid.UUID) -> HttpResponse:
    """Say that a lesson still holds, until another day."""
    row, sent = _seen(request, lesson_id), request.POST
    try:
        revalidating.confirm(
            principal=request.principal, actor=request.user, lesson_id=row.pk,
            until=_day(sent.get("until", ""), "/until"), reason=sent.get("why", "")[:500],
            now=clock.now(),
        )  # fmt: skip
    except (InvalidInput, Conflict) as caught:
        said = {"until": sent.get("until", ""), "why": sent.get("why", "")}
        return _page(request, row, _form_of(row), caught, confirming=said)
    return HttpResponseRedirect(reverse("lesson", args=[row.pk]), status=SEE_OTHER)


def _page(
    request: ReaderRequest,
    row: Lesson,
    form: dict[str, Any],
    error: DomainError | None = None,
    *,
    confirming: dict[str, str] | None = None,
) -> HttpResponse:
    adopted, day = row.state == LessonState.ADOPTED, row.revalidate_on
    writes = selector.may_write(request.principal)
    context = _shown(form, None if confirming else error) | {
        "lesson": row,
        "states": LessonState.choices,
        "sources": row.sources.count(),
        "writes": writes and row.state != LessonState.RETIRED,
        "due": adopted and day is not None and day <= clock.now().date(),
        "confirms": adopted and (writes or row.owner_id == request.user.pk),
        "confirming": confirming or {},
        "confirm_fault": error.detail if confirming and error else "",
    }
    status = error.status if isinstance(error, Conflict) else UNPROCESSABLE if error else 200
    return render(request, "feedback/lesson.html", context, status=status)


def _form_of(row: Lesson) -> dict[str, Any]:
    day = row.revalidate_on
    return {
        "title": row.title, "text": row.text, "owner": row.owner.username, "state": row.state,
        "adjustment": row.adjustment, "revalidate_on": day.isoformat() if day else "",
    }  # fmt: skip


def _said(form: QueryDict) -> Said:
    return Said(
        title=form.get("title", ""),
        text=form.get("text", ""),
        owner=form.get("owner", ""),
        state=form.get("state", LessonState.PROPOSED),
        adjustment=form.get("adjustment", "").strip(),
        revalidate_on=_day(form.get("revalidate_on", "")),
    )


def _day(text: str, pointer: str = "/revalidate_on") -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        detail = "Write the day as 2027-03-01."
        raise InvalidInput.at(pointer, detail) from None


def _shown(form: dict[str, Any], error: DomainError | None) -> dict[str, Any]:
    faults: dict[str, list[str]] = defaultdict(list)
    for fault in error.faults if error else ():
        faults[fault.pointer].append(fault.detail)
    # What is not of one field is said above them all.
    general = error.detail if error and not faults else ""
    return {
        "form": {name: form.get(name, "") for name in FIELDS},
        "faults": dict(faults),
        "general": general,
    }
