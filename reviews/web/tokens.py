"""The claim tokens of a session: they never reach a page."""

import uuid

from reviews.services.assignments import Claim
from reviews.web.people import DeskRequest

KEY = "claims"
MAX_KEPT = 50


def keep(request: DeskRequest, claim: Claim) -> None:
    """Remember the token of a claim."""
    kept = {**request.session.get(KEY, {}), str(claim.assignment.pk): claim.token}
    request.session[KEY] = dict(list(kept.items())[-MAX_KEPT:])


def of(request: DeskRequest, assignment_id: uuid.UUID) -> str:
    """Return the token of a claim made from here, or nothing, which is never a token."""
    token: str = request.session.get(KEY, {}).get(str(assignment_id), "")
    return token


def drop(request: DeskRequest, assignment_id: uuid.UUID) -> None:
    """Forget the token of a claim that has ended."""
    kept = dict(request.session.get(KEY, {}))
    if kept.pop(str(assignment_id), None) is not None:
        request.session[KEY] = kept
