"""Changes that people sign: what awaits a person, and one change with all that is known of it."""

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from governance.enums import AdjustmentState, Meaning, Permission
from governance.exceptions import (
    DomainError,
    InvalidInput,
    NotFound,
    NotPermitted,
    ReauthenticationRequired,
)
from governance.models import Adjustment
from governance.rest import reauthentication
from governance.selectors import adjustments, bindings, clock, persons
from governance.services import activations, signatures
from governance.services import adjustments as proposals
from reviews.enums import RemedyKind
from reviews.models import SLAClock
from reviews.selectors import aftermath
from reviews.services import remedies, sign_offs
from reviews.web import flow
from reviews.web.people import DeskRequest, signed_in

PAGE = 50
UNPROCESSABLE = 422
LONGEST = 2000
TONES = {
    AdjustmentState.SUBMITTED: "soon", AdjustmentState.APPROVED: "accent",
    AdjustmentState.ACTIVE: "good", AdjustmentState.STALE: "late",
    AdjustmentState.ROLLED_BACK: "late", AdjustmentState.REJECTED: "late",
}  # fmt: skip


def _allowed(request: DeskRequest) -> None:
    if not any(request.principal.may(each) for each in (Permission.APPROVE, Permission.AUDIT)):
        raise NotPermitted("Changes are read by whose role approves or audits.")


@require_safe
@signed_in
def waiting(request: DeskRequest) -> HttpResponse:
    """List what awaits this person, and all changes, the newest first."""
    _allowed(request)
    start = _number(request.GET.get("from", "0"))
    mine = adjustments.awaiting(request.principal, request.user).order_by("pk")
    rows = adjustments.visible(request.principal).order_by("-pk")
    found = list(rows[start : start + PAGE + 1])
    context = {
        "mine": [_line(row) for row in mine[:PAGE]],
        "rows": [_line(row) for row in found[:PAGE]],
        "now": clock.now(),
        "next": start + PAGE if len(found) > PAGE else None,
        "previous": max(start - PAGE, 0) if start else None,
    }
    return flow.page(request, "reviews/changes.html", context)


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 6:
        raise NotFound("There is no such page.")
    return int(text)


def _line(row: Adjustment) -> dict[str, Any]:
    return {
        "row": row,
        "summary": getattr(row, "summary", ""),
        "tone": TONES.get(AdjustmentState(row.state), ""),
    }


@require_safe
@signed_in
def change(request: DeskRequest, adjustment_id: uuid.UUID) -> HttpResponse:
    """Show one change."""
    _allowed(request)
    return _page(request, adjustments.one(request.principal, adjustment_id))


def _page(
    request: DeskRequest, row: Adjustment, *, fault: str = "", status: int = 200
) -> HttpResponse:
    revision = adjustments.revision_of(row)
    rolled = adjustments.roll_back_of(row)
    given = row.signatures.order_by("at")
    context = _line(row) | {
        "revision": revision,
        "evidence": {name: value for name, value in revision.evidence.items() if value},
        "steps": row.steps,
        "signatures": [{"row": each, "valid": bindings.holds(each, row)} for each in given],
        "lacking": adjustments.lacking(row) if row.state == AdjustmentState.SUBMITTED else {},
        "challenges": _challenges(request, row),
        "activations": row.activations.select_related("actor").order_by("number"),
        "rolled": rolled,
        "countersigned": adjustments.countersigned_at(row),
        "sign_off": SLAClock.objects.filter(subject=sign_offs.subject_of(row.pk)).first(),
        "meanings": Meaning.choices,
        "remedies": RemedyKind.choices,
        "affected": aftermath.affected(rolled).count() if rolled else 0,
        "open": aftermath.undisposed(rolled).count() if rolled else 0,
        "may_approve": request.principal.may(Permission.APPROVE),
        "wrote": _wrote(request, row),
        "fault": fault,
        "now": clock.now(),
    }
    return flow.page(request, "reviews/change.html", context, status=status)


def _challenges(request: DeskRequest, row: Adjustment) -> list[dict[str, Any]]:
    """Return the challenges of a change, with whether this person may close each that is open."""
    closes = request.principal.may(Permission.APPROVE) and not _wrote(request, row)
    found = row.challenges.select_related("actor", "answer__actor").order_by("at")
    return [
        {
            "row": each,
            "answer": getattr(each, "answer", None),
            "own": each.actor_id == request.user.pk,
            "closes": closes or each.actor_id == request.user.pk,
        }
        for each in found
    ]


def _wrote(request: DeskRequest, row: Adjustment) -> bool:
    return persons.person_of(request.user) in adjustments.contributors(row)


def _sign(request: DeskRequest, act: dict[str, Any]) -> object:
    now: datetime = act["now"]
    proven = reauthentication.proven_at(
        request, request.user, request.POST.get("password", ""), now=now
    )
    meaning = request.POST.get("meaning", "")
    if meaning not in Meaning.values:
        raise InvalidInput.at("/meaning", "Choose what the signature means.")
    return signatures.sign(meaning=meaning, proven_at=proven, **act)


def _reason(request: DeskRequest) -> str:
    return request.POST.get("reason", "").replace("\x00", "")[:500]


def _activate(request: DeskRequest, act: dict[str, Any]) -> object:
    return activations.activate(**act)


def _roll_back(request: DeskRequest, act: dict[str, Any]) -> object:
    return activations.roll_back(reason=_reason(request), **act)


def _reject(request: DeskRequest, act: dict[str, Any]) -> object:
    return proposals.reject(reason=_reason(request), **act)


def _withdraw(request: DeskRequest, act: dict[str, Any]) -> object:
    return proposals.withdraw(reason=_reason(request), **act)


def _dispose(request: DeskRequest, act: dict[str, Any]) -> object:
    kind = request.POST.get("disposition", "")
    if kind not in RemedyKind.values:
        raise InvalidInput.at("/disposition", "Choose what is done about them.")
    return remedies.dispose(kind=kind, predictions=None, reason=_reason(request), **act)


def _text(request: DeskRequest, name: str, ask: str) -> str:
    text = request.POST.get(name, "").replace("\x00", "").replace("\r\n", "\n").strip()
    if not text or len(text) > LONGEST:
        raise InvalidInput.at(f"/{name}", ask, code="length")
    return text


def _challenge(request: DeskRequest, act: dict[str, Any]) -> object:
    objection = _text(
        request, "objection", str(_("Say in at most 2000 characters what you doubt."))
    )
    return proposals.challenge(objection=objection, **act)


def _answer(request: DeskRequest, act: dict[str, Any]) -> object:
    response = _text(request, "response", str(_("Say in at most 2000 characters what settles it.")))
    try:
        challenge_id = uuid.UUID(request.POST.get("challenge", ""))
    except ValueError:
        raise NotFound("There is no such challenge.") from None
    return proposals.answer(challenge_id=challenge_id, response=response, **act)


ACTS: Mapping[str, tuple[Callable[[DeskRequest, dict[str, Any]], object], Any]] = {
    "sign": (_sign, _("Signed.")),
    "activate": (_activate, _("It is in force.")),
    "roll-back": (_roll_back, _("Rolled back. A second person signs it within a day.")),
    "reject": (_reject, _("Rejected.")),
    "withdraw": (_withdraw, _("Withdrawn.")),
    "challenge": (_challenge, _("Challenged. Nobody approves it before that is answered.")),
    "answer": (_answer, _("Answered. The challenge is closed.")),
    "dispose": (_dispose, _("Noted.")),
}


@sensitive_post_parameters("password")
@require_POST
@signed_in
def act(request: DeskRequest, adjustment_id: uuid.UUID, name: str) -> HttpResponse:
    """Do one act on a change; what is refused is said on its page."""
    _allowed(request)
    row = adjustments.one(request.principal, adjustment_id)
    if name not in ACTS:
        raise NotFound("There is no such act.")
    done, said = ACTS[name]
    try:
        done(
            request,
            {
                "principal": request.principal,
                "actor": request.user,
                "adjustment_id": row.pk,
                "now": clock.now(),
            },
        )
    except DomainError as refusal:
        row = adjustments.one(request.principal, adjustment_id)
        # A browser would ask for a name and a password of its own after a 401.
        unproven = isinstance(refusal, ReauthenticationRequired)
        status = UNPROCESSABLE if unproven else refusal.status
        return _page(request, row, fault=refusal.detail, status=status)
    flow.told(request, said)
    return flow.leave(request, reverse("change", args=[row.pk]))
