"""One item at a time: seeing it, and every act on it."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from governance.domain.times import rfc3339
from governance.exceptions import Conflict, InvalidInput, NotFound, StaleClaim
from governance.selectors import clock, policies
from reviews.enums import AssignmentState, Verdict
from reviews.models import Assignment, ReviewItem
from reviews.selectors import desk
from reviews.selectors.blindness import is_hidden
from reviews.services import assignments, decisions, revisions
from reviews.web import drafts, flow, glossaries, inputs, tokens
from reviews.web.drafts import Draft
from reviews.web.people import DeskRequest, signed_in

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

SEEN_IN = (AssignmentState.CLAIMED, AssignmentState.DECIDED)
SAVED = {
    Verdict.ACCEPT: _("Saved: accepted."),
    Verdict.CORRECT: _("Saved: corrected."),
    Verdict.REJECT: _("Saved: rejected."),
    Verdict.ESCALATE: _("Saved: escalated."),
    Verdict.DEFER: _("Saved: you could not decide. It goes to somebody else."),
}
MAX_REASON = 500


def _own(request: DeskRequest, assignment_id: uuid.UUID) -> Assignment:
    row = desk.assignment(request.principal, assignment_id)
    if row is None:
        raise NotFound("There is no such assignment of yours.")
    return row


@require_safe
@signed_in
def assignment(request: DeskRequest, assignment_id: uuid.UUID) -> HttpResponse:
    """Show an item in hand, or what became of it."""
    return flow.item(request, _own(request, assignment_id), clock.now())


@require_safe
@signed_in
def more(request: DeskRequest, assignment_id: uuid.UUID) -> HttpResponse:
    """Show the next part of a long text of the input; at no pointer the whole input as JSON."""
    row = _own(request, assignment_id)
    if row.state not in SEEN_IN:
        raise NotFound("The item is not in your hands.")
    return text_part(request, row.item, reverse("input", args=[row.pk]))


def text_part(request: DeskRequest, row: ReviewItem, url: str) -> HttpResponse:
    """Answer with the part of an input that the query names."""
    pointer, start = request.GET.get("at", ""), request.GET.get("from", "0")
    text = inputs.text_at(row.prediction.input, pointer)
    if text is None or not start.isdecimal() or int(start[:9]) > len(text):
        raise NotFound("There is no such part of the input.")
    # On a page of its own there is no list of terms to lead to.
    glossary = glossaries.of(row.config_version_id) if request.htmx else inputs.PLAIN
    chunk = inputs.chunk(text, pointer, glossary, start=int(start[:9]))
    context = {"chunk": chunk, "url": url}
    if request.htmx:
        return render(request, "reviews/part.html", context)
    return flow.page(request, "reviews/part_page.html", context)


@require_POST
@signed_in
def decide(request: DeskRequest, assignment_id: uuid.UUID) -> HttpResponse:
    """Decide, and serve the next item; what is missing is said at its place and nothing is lost."""
    row, now = _own(request, assignment_id), clock.now()
    prediction = row.item.prediction
    question = policies.document(row.item.config_version_id)["question"]
    blind = is_hidden(request.principal, row.item)
    draft = Draft(rationale=request.POST.get("rationale", "").replace("\x00", ""))
    try:
        draft = drafts.read(request.POST, question=question, output=prediction.output)
        decided = decisions.decide(
            principal=request.principal,
            actor=request.user,
            assignment_id=row.pk,
            token=tokens.of(request, row.pk),
            judgement=draft.judgement(blind=blind),
            now=now,
        )
    except InvalidInput as error:
        return flow.item(request, row, now, draft=draft, faults=error.faults, status=422)
    except StaleClaim:
        return _too_late(request, row, now)
    tokens.drop(request, row.pk)
    if decisions.answered_blind_first(decided.decision, decided.item):
        flow.told(request, _("Saved. Here is what the model said."))
        return flow.leave(
            request, reverse("assignment", args=[row.pk]), assignment_id=row.pk, now=now
        )
    verdict = Verdict(decided.decision.verdict)
    undoable = None if verdict == Verdict.DEFER else decided.decision.pk
    # Whether a blind answer was the model's is for the page of the decision to show.
    flow.told(request, _("Saved.") if row.item.blind else SAVED[verdict], undo=undoable)
    return flow.next_item(request, row.item.pipeline.slug, row.item.queue, now)


@require_POST
@signed_in
def revise(request: DeskRequest, decision_id: uuid.UUID) -> HttpResponse:
    """Answer again an item that was answered blind first, and serve the next."""
    found = desk.decision(request.principal, decision_id)
    if found is None:
        raise NotFound("There is no such decision of yours.")
    row, now = _own(request, found.assignment_id), clock.now()
    question = policies.document(row.item.config_version_id)["question"]
    draft = Draft(rationale=request.POST.get("rationale", "").replace("\x00", ""))
    try:
        draft = drafts.read(request.POST, question=question, output=row.item.prediction.output)
        revisions.revise(
            principal=request.principal,
            actor=request.user,
            decision_id=decision_id,
            judgement=draft.judgement(blind=False),
            now=now,
        )
    except InvalidInput as error:
        return flow.item(request, row, now, draft=draft, faults=error.faults, status=422)
    except Conflict as error:
        return flow.page(request, "reviews/refused.html", {"detail": error.detail}, status=409)
    flow.told(request, _("Saved: both of your answers are kept, and the second one counts."))
    return flow.next_item(request, row.item.pipeline.slug, row.item.queue, now)


def _too_late(request: DeskRequest, row: Assignment, now: datetime) -> HttpResponse:
    """Say that a claim has ended; after a decision that was sent twice just go on."""
    current = _own(request, row.pk)
    if current.state == AssignmentState.DECIDED:
        flow.told(request, _("That decision was saved already."))
        return flow.next_item(request, row.item.pipeline.slug, row.item.queue, now)
    return flow.item(request, current, now, status=409)


def _act(
    request: DeskRequest,
    assignment_id: uuid.UUID,
    act: Callable[..., Assignment],
    told: "str | StrPromise",
    **more: str,
) -> HttpResponse:
    """Give an item back, and serve the next."""
    row, now = _own(request, assignment_id), clock.now()
    try:
        act(
            assignment_id=row.pk,
            actor=request.user,
            token=tokens.of(request, row.pk),
            now=now,
            **more,
        )
    except StaleClaim:
        return _too_late(request, row, now)
    tokens.drop(request, row.pk)
    flow.told(request, told)
    return flow.next_item(request, row.item.pipeline.slug, row.item.queue, now)


@require_POST
@signed_in
def release(request: DeskRequest, assignment_id: uuid.UUID) -> HttpResponse:
    """Skip."""
    told = _("Skipped. You will not see it again today.")
    return _act(request, assignment_id, assignments.release, told)


@require_POST
@signed_in
def decline(request: DeskRequest, assignment_id: uuid.UUID) -> HttpResponse:
    """Hand an item to others for good."""
    reason = request.POST.get("reason", "").replace("\x00", "").strip()
    if not reason or len(reason) > MAX_REASON:
        detail = str(_("Say in at most 500 characters why it is not for you."))
        fault = InvalidInput.at("/reason", detail, code="required")
        row = _own(request, assignment_id)
        return flow.item(request, row, clock.now(), faults=fault.faults, status=422)
    told = _("Declined. It goes to somebody else.")
    return _act(request, assignment_id, assignments.decline, told, reason=reason)


@require_POST
@signed_in
def extend(request: DeskRequest, assignment_id: uuid.UUID) -> HttpResponse:
    """Renew the lease; a script gets the new end of it, a form its item again."""
    row, now = _own(request, assignment_id), clock.now()
    try:
        row = assignments.extend(
            assignment_id=row.pk, actor=request.user, token=tokens.of(request, row.pk), now=now
        )
    except StaleClaim as error:
        if request.headers.get("Accept") == "application/json":
            return JsonResponse({"detail": error.detail}, status=409)
        return _too_late(request, row, now)
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"lease_expires_at": rfc3339(row.lease_expires_at)})
    flow.told(request, _("The item stays with you."))
    return flow.leave(request, reverse("assignment", args=[row.pk]), assignment_id=row.pk, now=now)


@require_POST
@signed_in
def resume(request: DeskRequest, assignment_id: uuid.UUID) -> HttpResponse:
    """Go on here with an item that was claimed in another browser or session."""
    row, now = _own(request, assignment_id), clock.now()
    try:
        claim = assignments.resume(assignment_id=row.pk, actor=request.user, now=now)
    except StaleClaim:
        return _too_late(request, row, now)
    tokens.keep(request, claim)
    return flow.leave(request, reverse("assignment", args=[row.pk]), assignment_id=row.pk, now=now)


@require_POST
@signed_in
def undo(request: DeskRequest, decision_id: uuid.UUID) -> HttpResponse:
    """Take a decision back and show its item again, as it was answered."""
    now = clock.now()
    try:
        undone = decisions.undo(decision_id=decision_id, actor=request.user, now=now)
    except Conflict as error:
        return flow.page(request, "reviews/refused.html", {"detail": error.detail}, status=409)
    tokens.keep(request, undone.claim)
    found = undone.claim.assignment.pk
    flow.told(request, _("Taken back. Decide it again."))
    return flow.leave(request, reverse("assignment", args=[found]), assignment_id=found, now=now)
