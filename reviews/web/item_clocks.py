"""The time of one item: its clocks and what happened to them, pausing it, and taking up."""

import uuid
from datetime import datetime
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from governance.enums import Permission
from governance.exceptions import Conflict, InvalidInput, NotFound
from governance.selectors import clock
from reviews.domain.lifecycle import UNSETTLED
from reviews.enums import ItemStatus, PauseReason
from reviews.models import Assignment, ReviewItem
from reviews.selectors import badges, clock_views, desk, records, timelines
from reviews.services import escalations, pauses
from reviews.web import challenges, flow
from reviews.web.people import DeskRequest, signed_in

SEES = (Permission.REVIEW, Permission.ADJUDICATE, Permission.AUDIT)

# Whom the case of an item is shown to.
JUDGES = (Permission.ADJUDICATE, Permission.APPROVE, Permission.AUDIT)


def _seen(request: DeskRequest, item_id: uuid.UUID) -> ReviewItem:
    """Return an item within reach, for whoever works on items or audits."""
    rows = records.items(request.principal)
    row = rows.filter(pk=item_id).first() if any(map(request.principal.may, SEES)) else None
    if row is None:
        raise NotFound("There is no such item.")
    return row


@require_safe
@signed_in
def item(request: DeskRequest, item_id: uuid.UUID) -> HttpResponse:
    """Show where an item is and how its time was spent; nothing of it follows from a prediction."""
    row, now = _seen(request, item_id), clock.now()
    return _page(request, row, now)


@require_safe
@signed_in
def part(request: DeskRequest, item_id: uuid.UUID) -> HttpResponse:
    """Show the history of an item's time inside another page, for a script."""
    if not request.htmx:
        return HttpResponseRedirect(reverse("item", args=[item_id]))
    row, now = _seen(request, item_id), clock.now()
    held = _held(request, row)
    context = _context(request, row, now) | {"assignment": held}
    return render(request, "reviews/partials/_clocks.html", context)


def _held(request: DeskRequest, row: ReviewItem) -> Assignment | None:
    return next((each for each in desk.held(request.principal) if each.item_id == row.pk), None)


def _page(
    request: DeskRequest,
    row: ReviewItem,
    now: datetime,
    *,
    fault: str = "",
    status: int = 200,
) -> HttpResponse:
    more = {"fault": fault, "opens": _opens(request, row), "assignment": None}
    more |= challenges.outcome_of(row)
    context = _context(request, row, now) | more
    return flow.page(request, "reviews/item_clocks.html", context, status=status)


def _context(request: DeskRequest, row: ReviewItem, now: datetime) -> dict[str, Any]:
    views = clock_views.of_item(row.pk)
    return {
        "item": row,
        "now": now,
        "views": views,
        "clock": badges.of_item(row, now),
        "timeline": timelines.of_item(request.principal, row, views),
        "unsettled": ItemStatus(row.status) in UNSETTLED,
        "may_pause": flow.may_review(request),
        "has_case": any(map(request.principal.may, JUDGES)),
        "overrides": row.status in (ItemStatus.RESOLVED, ItemStatus.EXPIRED)
        and request.principal.may(Permission.ADJUDICATE),
        "reasons": PauseReason.choices,
    }


def _opens(request: DeskRequest, row: ReviewItem) -> str:
    """Return where this person works on the item, or nothing when it is not theirs now."""
    held = _held(request, row)
    if held is not None:
        return reverse("assignment", args=[held.pk])
    waits = desk.to_adjudicate(request.principal, request.user).filter(pk=row.pk).exists()
    return reverse("adjudicate-item", args=[row.pk]) if waits else ""


def _back(request: DeskRequest, item_id: uuid.UUID) -> HttpResponse:
    """Go back to the item in hand that the page was of, else to the page of its time."""
    try:
        held = desk.assignment(request.principal, uuid.UUID(request.POST.get("assignment", "")))
    except ValueError:
        held = None
    if held is not None and held.item_id == item_id:
        return flow.leave(request, reverse("assignment", args=[held.pk]))
    return flow.leave(request, reverse("item", args=[item_id]))


@require_POST
@signed_in
def pause(request: DeskRequest, item_id: uuid.UUID) -> HttpResponse:
    """Pause an item for one of the reasons that are allowed."""
    row, now = _seen(request, item_id), clock.now()
    try:
        pauses.pause(
            principal=request.principal,
            actor=request.user,
            item_id=row.pk,
            reason=request.POST.get("reason", ""),
            now=now,
        )
    except InvalidInput:
        return _page(request, row, now, fault=_("Choose why it is paused."), status=422)
    except Conflict as error:
        return _page(request, row, now, fault=error.detail, status=409)
    flow.told(request, _("Paused. Its time stands still."))
    return _back(request, row.pk)


@require_POST
@signed_in
def resume(request: DeskRequest, item_id: uuid.UUID) -> HttpResponse:
    """Let the time of a paused item run on."""
    row = _seen(request, item_id)
    pauses.resume(principal=request.principal, actor=request.user, item_id=row.pk, now=clock.now())
    flow.told(request, _("Its time runs again."))
    return _back(request, row.pk)


@require_POST
@signed_in
def take_up(request: DeskRequest, item_id: uuid.UUID, escalation_id: uuid.UUID) -> HttpResponse:
    """Take up an escalation of an item."""
    row, now = _seen(request, item_id), clock.now()
    try:
        escalations.acknowledge(
            principal=request.principal, actor=request.user, escalation_id=escalation_id, now=now
        )
    except Conflict as error:
        return _page(request, row, now, fault=error.detail, status=409)
    flow.told(request, _("Taken up. The next level waits for you."))
    return _back(request, row.pk)
