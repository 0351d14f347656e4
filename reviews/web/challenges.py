"""Challenges as pages: what awaits a judge, one challenge, and opening one from its item."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from governance.domain.faults import Fault
from governance.enums import Permission
from governance.exceptions import Conflict, DomainError, InvalidInput, NotFound, NotPermitted
from governance.selectors import clock, policies
from reviews.enums import ChallengeState
from reviews.models import Challenge, ReviewItem
from reviews.selectors import challenges as selector
from reviews.selectors import desk, records
from reviews.services import challenges
from reviews.web import answers, drafts, flow, shown
from reviews.web.drafts import Draft
from reviews.web.people import DeskRequest, signed_in

PAGE = 50
STANDS = "stands"
TONES = {
    ChallengeState.OPEN: "soon", ChallengeState.UPHELD: "good", ChallengeState.OVERTURNED: "accent",
}  # fmt: skip
SEE_CASES = (Permission.ADJUDICATE, Permission.APPROVE, Permission.AUDIT)


def _allowed(request: DeskRequest) -> None:
    if not any(map(request.principal.may, selector.MAY_OPEN)):
        raise NotPermitted("Challenges are read by whose role reviews, settles, signs or audits.")


def _lines(request: DeskRequest, rows: Sequence[Challenge], now: datetime) -> list[dict[str, Any]]:
    """Return challenges as they are listed, and by when those that wait are to be judged."""
    due = selector.deadlines(row.pk for row in rows)
    return [
        _line(request, row) | {"due": due.get(row.pk), "late": due.get(row.pk, now) < now}
        for row in rows
    ]


def _line(request: DeskRequest, row: Challenge) -> dict[str, Any]:
    state = ChallengeState(row.state)
    return {
        "row": row,
        "state": state.label,
        "tone": TONES.get(state, ""),
        "name": selector.challenger(request.user.pk, row),
        "own": row.opened_by_id == request.user.pk,
    }


@require_safe
@signed_in
def listed(request: DeskRequest) -> HttpResponse:
    """List what awaits a judge, the oldest first, and all challenges, the newest first."""
    _allowed(request)
    rows = selector.visible(request.principal).order_by("-pk")
    if before := request.GET.get("before", ""):
        rows = rows.filter(pk__lt=_id(before))
    found, now = list(rows[: PAGE + 1]), clock.now()
    waiting = list(selector.awaiting(request.principal).order_by("pk")[:PAGE])
    context = {
        "waiting": _lines(request, waiting, now),
        "rows": _lines(request, found[:PAGE], now),
        "older": found[PAGE - 1].pk if len(found) > PAGE else None,
        "now": now,
    }
    return flow.page(request, "reviews/challenges.html", context)


def _id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFound("There is no such page.") from None


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def one(request: DeskRequest, challenge_id: uuid.UUID) -> HttpResponse:
    """Show one challenge; a POST judges it."""
    _allowed(request)
    row, now = selector.one(request.principal, challenge_id), clock.now()
    if request.method != "POST":
        return _page(request, row, now)
    draft = Draft(
        verdict=request.POST.get("verdict", "")[:10],
        rationale=request.POST.get("rationale", "").replace("\x00", ""),
    )
    try:
        draft = _read(request, row)
        _judge(request, row, draft, now)
    except InvalidInput as error:
        return _page(request, row, now, draft=draft, faults=error.faults, status=422)
    except (Conflict, NotPermitted) as error:
        again = selector.one(request.principal, challenge_id)
        return _page(request, again, now, fault=error.detail, status=error.status)
    flow.told(request, _("Judged. Those concerned are told."))
    return flow.leave(request, reverse("challenge", args=[row.pk]))


def _read(request: DeskRequest, row: Challenge) -> Draft:
    question = policies.document(row.item.config_version_id)["question"]
    return drafts.read(request.POST, question=question, output=row.item.prediction.output)


def _judge(request: DeskRequest, row: Challenge, draft: Draft, now: datetime) -> None:
    said: dict[str, Any] = {
        "principal": request.principal, "actor": request.user, "challenge_id": row.pk,
        "rationale": draft.rationale, "now": now,
    }  # fmt: skip
    if draft.verdict == STANDS:
        challenges.uphold(**said)
        return
    if draft.verdict not in ("", "reject"):
        raise InvalidInput.at("/verdict", _("Say whether the outcome stands."))
    if draft.verdict == "" and draft.answer is None:
        raise InvalidInput.at("/answer", _("Give the answer, or reject the prediction."))
    challenges.overturn(answer=None if draft.verdict == "reject" else draft.answer, **said)


def _page(
    request: DeskRequest,
    row: Challenge,
    now: datetime,
    *,
    draft: Draft | None = None,
    faults: tuple[Fault, ...] = (),
    fault: str = "",
    name: str = "",
    status: int = 200,
) -> HttpResponse:
    item, draft = row.item, draft or Draft(verdict=STANDS)
    question = policies.document(item.config_version_id)["question"]
    fields = answers.fields_of(question, answer=draft.answer, scores=item.prediction.scores)
    judges = request.principal.may(Permission.ADJUDICATE) and row.state == ChallengeState.OPEN
    refusal = selector.refuses(request.user, row) if judges else ""
    (line,) = _lines(request, [row], now)
    context = line | {
        "item": shown.item(item, reader=request.principal, blind=False, now=now),
        "outcome": getattr(row, "outcome", None),
        "judgements": list(desk.judgements(item)),
        "judges": judges and not refusal,
        "refusal": refusal,
        "form": {"fields": fields, "draft": draft, "faults": shown.by_place(faults, fields)},
        "has_case": any(map(request.principal.may, SEE_CASES)),
        "audits": request.principal.may(Permission.AUDIT),
        "revealed": name,
        "fault": fault,
        "now": now,
    }
    return flow.page(request, "reviews/challenge.html", context, status=status)


@require_POST
@signed_in
def challenger(request: DeskRequest, challenge_id: uuid.UUID) -> HttpResponse:
    """Show who opened a challenge, once; that this person read it is on record."""
    row, now = selector.one(request.principal, challenge_id), clock.now()
    person = challenges.challenger(
        principal=request.principal, actor=request.user, challenge_id=row.pk, now=now
    )
    return _page(request, row, now, name=person.username)


@require_POST
@signed_in
def challenge(request: DeskRequest, item_id: uuid.UUID) -> HttpResponse:
    """Challenge the outcome of an item."""
    item = records.items(request.principal).filter(pk=item_id).exclude(resolution=None).first()
    if item is None or item.resolution_id is None:
        raise NotFound("There is no such outcome.")
    reason = request.POST.get("reason", "").replace("\x00", "").replace("\r\n", "\n")
    try:
        made = challenges.challenge(
            principal=request.principal,
            actor=request.user,
            resolution_id=item.resolution_id,
            reason=reason,
            anonymous="anonymous" in request.POST,
            now=clock.now(),
        )
    except (Conflict, InvalidInput) as error:
        return _refused(request, item, reason, error)
    flow.told(request, _("Challenged. Somebody who had no part in it judges."))
    return flow.leave(request, reverse("challenge", args=[made.pk]))


def outcome_of(row: ReviewItem) -> dict[str, Any]:
    """Return the outcome that stands, and its open challenge, for the page of a settled item."""
    if row.resolution is None:
        return {}
    return {
        "resolution": row.resolution,
        "challenge": selector.of_resolution(row.resolution_id).first(),
        "challenges": row.challenges.exists(),
    }


def _refused(
    request: DeskRequest, item: ReviewItem, reason: str, error: DomainError
) -> HttpResponse:
    context = outcome_of(item) | {
        "item": item, "reason": reason, "fault": error.detail,
        "anonymous": "anonymous" in request.POST,
    }  # fmt: skip
    status = 422 if isinstance(error, InvalidInput) else error.status
    return flow.page(request, "reviews/challenge_new.html", context, status=status)
