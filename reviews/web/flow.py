"""From one item to the next: what is served, and how it is shown with and without script."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from governance.domain.faults import Fault
from governance.enums import Permission
from governance.exceptions import Conflict
from governance.selectors import incidents
from reviews.enums import AssignmentState
from reviews.models import Assignment
from reviews.selectors import desk
from reviews.selectors.blindness import is_hidden
from reviews.services import assignments
from reviews.web import drafts, shown, tokens
from reviews.web.drafts import Draft
from reviews.web.people import DeskRequest

SEE_OTHER = 303
if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

CAPACITY = {
    "open_capacity": _("Finish or skip something you hold, then go on."),
    "daily_capacity": _("That is your limit for one day. Come back tomorrow."),
}


def page(
    request: DeskRequest,
    name: str,
    context: dict[str, Any],
    *,
    url: str = "",
    status: int = 200,
) -> HttpResponse:
    """Answer with a page, or with what stands inside its desk when a script asks for that.

    With `url` the browser's address becomes that one.
    """
    partial = request.htmx and not request.htmx.boosted
    base = "desk.html" if partial else "base.html"
    response = render(request, name, {**context, "base": base}, status=status)
    if partial and url:
        response["HX-Push-Url"] = url
    return response


def next_item(request: DeskRequest, pipeline: str, queue: str, now: datetime) -> HttpResponse:
    """Show what this person holds of a queue, else what they claim of it, else that it is empty."""
    try:
        found = _in_hand(request, pipeline, queue, now) or _claim(request, pipeline, queue, now)
    except Conflict as error:
        return stopped(request, pipeline, queue, error)
    if found is None:
        return leave(request, reverse("queue", args=[pipeline, queue]))
    return leave(request, reverse("assignment", args=[found]), assignment_id=found, now=now)


def _in_hand(request: DeskRequest, pipeline: str, queue: str, now: datetime) -> uuid.UUID | None:
    for row in desk.held(request.principal):
        here = row.item.pipeline.slug == pipeline and row.item.queue == queue
        if here and row.lease_expires_at > now and tokens.of(request, row.pk):
            return row.pk
    return None


def _claim(request: DeskRequest, pipeline: str, queue: str, now: datetime) -> uuid.UUID | None:
    claim = assignments.claim(
        principal=request.principal,
        actor=request.user,
        now=now,
        pipeline=pipeline,
        queue=queue,
    )
    if claim is None:
        return None
    tokens.keep(request, claim)
    return claim.assignment.pk


def leave(
    request: DeskRequest,
    url: str,
    *,
    assignment_id: uuid.UUID | None = None,
    now: datetime | None = None,
) -> HttpResponse:
    """Go to a page after an act: an item in place where a script asks, else by a redirect."""
    if not request.htmx:
        return HttpResponseRedirect(url, status=SEE_OTHER)
    if assignment_id is None or now is None:
        response = HttpResponse(status=204)
        response["HX-Location"] = f'{{"path": "{url}", "target": "#desk", "swap": "innerHTML"}}'
        return response
    row = desk.assignment(request.principal, assignment_id)
    assert row is not None
    return item(request, row, now, url=url)


def stopped(request: DeskRequest, pipeline: str, queue: str, error: Conflict) -> HttpResponse:
    """Say why nothing more is served now, and what to do about it."""
    hint = CAPACITY.get(str(error.extra.get("code_hint", "")), "")
    context = {
        "pipeline": pipeline,
        "queue": queue,
        "detail": error.detail,
        "hint": hint,
        "held": desk.held(request.principal),
    }
    return page(request, "reviews/stopped.html", context, status=409)


def item(
    request: DeskRequest,
    row: Assignment,
    now: datetime,
    *,
    draft: Draft | None = None,
    faults: tuple[Fault, ...] = (),
    url: str = "",
    status: int = 200,
) -> HttpResponse:
    """Show an assignment: the form while it is in hand here, else what became of it."""
    live = row.state == AssignmentState.CLAIMED
    blind = is_hidden(request.principal, row.item)
    context: dict[str, Any] = {
        "assignment": row,
        "item": shown.item(row.item, reader=request.principal, blind=blind, now=now),
        "now": now,
        "recent": desk.recent(request.principal, now),
    }
    if not live:
        decision = desk.decision_of(row.pk)
        context |= {"decision": decision, "states": AssignmentState}
        if decision is not None and desk.revisable(decision, now):
            started = draft or Draft(rationale=decision.rationale, checklist=decision.checklist)
            context["form"] = shown.form(row.item, started, faults, blind=False)
            context["faulty"] = bool(faults)
        return page(request, "reviews/ended.html", context, url=url, status=status)
    if not tokens.of(request, row.pk):
        return page(request, "reviews/elsewhere.html", context, url=url, status=status)
    if draft is None:
        before = desk.undone_before(row)
        draft = drafts.of_decision(before) if before is not None else Draft()
    context |= {
        "form": shown.form(row.item, draft, faults, blind=blind),
        "lease": shown.lease(row, now),
        "incidents": incidents.open_in(row.item.pipeline_id),
    }
    return page(request, "reviews/item.html", context, url=url, status=status)


def told(request: DeskRequest, text: "str | StrPromise", *, undo: uuid.UUID | None = None) -> None:
    """Say something at the next page; with `undo` it offers to take that decision back."""
    messages.success(request, str(text), extra_tags=str(undo) if undo else "")


def may_review(request: DeskRequest) -> bool:
    """Return whether this person reviews at all."""
    return request.principal.may(Permission.REVIEW)
