"""Settling what reviewers could not: the list of it, and one item with every answer."""

import uuid
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from governance.domain.faults import Fault
from governance.enums import Permission
from governance.exceptions import Conflict, InvalidInput, NotFound, NotPermitted
from governance.selectors import clock, policies
from reviews.models import ReviewItem
from reviews.selectors import badges, desk
from reviews.services import resolutions
from reviews.web import answers, drafts, flow, shown
from reviews.web.drafts import Draft
from reviews.web.items import text_part
from reviews.web.people import DeskRequest, signed_in

PAGE = 50


def _allowed(request: DeskRequest) -> None:
    if not request.principal.may(Permission.ADJUDICATE):
        raise NotPermitted("Settling disagreements needs a role with the permission adjudicate.")


@require_safe
@signed_in
def waiting(request: DeskRequest) -> HttpResponse:
    """List the items that wait for this person."""
    _allowed(request)
    rows = desk.to_adjudicate(request.principal, request.user)
    start = _number(request.GET.get("from", "0"))
    found = list(rows[start : start + PAGE + 1])
    now = clock.now()
    context = {
        "items": found[:PAGE],
        "clocks": badges.of_items(found[:PAGE], now),
        "now": now,
        "next": start + PAGE if len(found) > PAGE else None,
        "previous": max(start - PAGE, 0) if start else None,
    }
    return flow.page(request, "reviews/adjudicate.html", context)


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 6:
        raise NotFound("There is no such page.")
    return int(text)


def _waiting(request: DeskRequest, item_id: uuid.UUID) -> ReviewItem:
    _allowed(request)
    row = desk.to_adjudicate(request.principal, request.user).filter(pk=item_id).first()
    if row is None:
        raise NotFound("No such item waits for you.")
    return row


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def item(request: DeskRequest, item_id: uuid.UUID) -> HttpResponse:
    """Show an item with every answer; a POST settles it."""
    row, now = _waiting(request, item_id), clock.now()
    if request.method != "POST":
        return _page(request, row, Draft(), (), now)
    draft = Draft(rationale=request.POST.get("rationale", "").replace("\x00", ""))
    try:
        question = policies.document(row.config_version_id)["question"]
        draft = drafts.read(request.POST, question=question, output=row.prediction.output)
        resolutions.adjudicate(
            principal=request.principal,
            actor=request.user,
            item_id=row.pk,
            answer=_answer(draft),
            rationale=draft.rationale,
            now=now,
        )
    except InvalidInput as error:
        return _page(request, row, draft, error.faults, now, status=422)
    except Conflict as error:
        return flow.page(request, "reviews/refused.html", {"detail": error.detail}, status=409)
    flow.told(request, _("Settled."))
    return flow.leave(request, reverse("adjudicate"))


def _answer(draft: Draft) -> Any:
    if draft.verdict == "reject":
        return None
    if draft.answer is None:
        raise InvalidInput.at("/answer", _("Give the answer, or reject the prediction."))
    return draft.answer


def _page(
    request: DeskRequest,
    row: ReviewItem,
    draft: Draft,
    faults: tuple[Fault, ...],
    now: datetime,
    *,
    status: int = 200,
) -> HttpResponse:
    question = policies.document(row.config_version_id)["question"]
    judgements = list(desk.judgements(row))
    fields = answers.fields_of(
        question,
        answer=draft.answer,
        scores=row.prediction.scores,
        first=[label for judgement in judgements for label in answers.labels(judgement.answer)],
    )
    context = {
        "item": shown.item(row, reader=request.principal, blind=False, now=now),
        "status": row.get_status_display(),
        "judgements": judgements,
        "form": {"fields": fields, "draft": draft, "faults": shown.by_place(faults, fields)},
        "now": now,
    }
    return flow.page(request, "reviews/adjudicate_item.html", context, status=status)


@require_safe
@signed_in
def more(request: DeskRequest, item_id: uuid.UUID) -> HttpResponse:
    """Show the next part of a long text of the input."""
    row = _waiting(request, item_id)
    url = reverse("adjudicate-input", args=[row.pk])
    return text_part(request, row, url)
