"""Claiming and deciding."""

import uuid
from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.exceptions import NotFound
from governance.rest.idempotency import idempotent
from governance.rest.serializers import ShareField, StrictCharField, StrictSerializer, validated
from governance.rest.views import Endpoint, principal_of, user_of
from governance.selectors import clock
from reviews.api import representations, schemas
from reviews.domain.answers import Judgement
from reviews.enums import Evidence, Verdict
from reviews.models import Assignment
from reviews.selectors import records
from reviews.services import assignments, decisions, revisions
from reviews.services.assignments import Claim
from reviews.services.decisions import Decided


class ClaimBody(StrictSerializer):
    """Where to claim from; everywhere within reach without it."""

    pipeline = StrictCharField(required=False)
    queue = StrictCharField(required=False)


class TokenBody(StrictSerializer):
    """The claim token of an assignment."""

    claim_token = StrictCharField()


class NoBody(StrictSerializer):
    """Nothing: the address says it all."""


class DeclineBody(TokenBody):
    """Why the item is not for this reviewer."""

    reason = StrictCharField(max_length=500)


class RevisionBody(StrictSerializer):
    """A judgement by who sees the prediction."""

    verdict = serializers.ChoiceField(Verdict.choices, required=False)
    answer = serializers.JSONField(required=False, allow_null=True)
    reason_codes = serializers.ListField(
        child=StrictCharField(max_length=63), default=list, max_length=50
    )
    rationale = StrictCharField(default="", allow_blank=True, trim_whitespace=False)
    checklist = serializers.DictField(default=dict)
    certainty = ShareField(required=False, allow_null=True)
    evidence_opened = serializers.ListField(
        child=serializers.ChoiceField(Evidence.choices), default=list, max_length=20,
        help_text="What lay open before the reviewer; it is never asked for.",
    )  # fmt: skip


class DecisionBody(TokenBody, RevisionBody):
    """A judgement."""


class Claims(Endpoint):
    """The next item."""

    scopes = {"POST": ("review",)}

    @extend_schema(
        operation_id="claim",
        request=ClaimBody,
        responses={
            201: schemas.AssignmentShown,
            204: OpenApiResponse(description="Nothing is there for this reviewer."),
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Claim the most urgent item that this reviewer may decide."""
        wanted = validated(ClaimBody, request.data)
        claim = assignments.claim(
            principal=principal_of(request), actor=user_of(request), now=clock.now(), **wanted
        )
        if claim is None:
            return Response(status=204)
        return Response(_shown(request, claim), status=201)


def _shown(request: Request, claim: Claim) -> dict[str, Any]:
    return representations.assignment(principal_of(request), claim)


def _refuse_beyond(request: Request, assignment_id: uuid.UUID) -> None:
    """Refuse an assignment of the token's user in a pipeline that the token does not reach."""
    if not records.assignments(principal_of(request)).filter(pk=assignment_id).exists():
        raise NotFound("There is no such assignment of yours.")


def _lease(assignment: Assignment) -> dict[str, Any]:
    return {
        "id": assignment.pk,
        "state": assignment.state,
        "slot": assignment.slot,
        "lease_expires_at": assignment.lease_expires_at,
        "item": {"id": assignment.item_id, "status": assignment.item.status},
    }


class Extend(Endpoint):
    """More time."""

    scopes = {"POST": ("review",)}

    @extend_schema(operation_id="extend", request=TokenBody, responses=schemas.LeaseShown)
    @idempotent
    def post(self, request: Request, assignment_id: uuid.UUID) -> Response:
        """Renew the lease."""
        token = validated(TokenBody, request.data)["claim_token"]
        _refuse_beyond(request, assignment_id)
        row = assignments.extend(
            assignment_id=assignment_id, actor=user_of(request), token=token, now=clock.now()
        )
        return Response(_lease(row))


class Release(Endpoint):
    """Back to the queue."""

    scopes = {"POST": ("review",)}

    @extend_schema(operation_id="release", request=TokenBody, responses=schemas.LeaseShown)
    @idempotent
    def post(self, request: Request, assignment_id: uuid.UUID) -> Response:
        """Put the item back for others."""
        token = validated(TokenBody, request.data)["claim_token"]
        _refuse_beyond(request, assignment_id)
        row = assignments.release(
            assignment_id=assignment_id, actor=user_of(request), token=token, now=clock.now()
        )
        return Response(_lease(row))


class Decline(Endpoint):
    """Not for me."""

    scopes = {"POST": ("review",)}

    @extend_schema(operation_id="decline", request=DeclineBody, responses=schemas.LeaseShown)
    @idempotent
    def post(self, request: Request, assignment_id: uuid.UUID) -> Response:
        """Put the item back and never get it again."""
        body = validated(DeclineBody, request.data)
        _refuse_beyond(request, assignment_id)
        row = assignments.decline(
            assignment_id=assignment_id,
            actor=user_of(request),
            token=body["claim_token"],
            reason=body["reason"],
            now=clock.now(),
        )
        return Response(_lease(row))


class Decide(Endpoint):
    """A judgement."""

    scopes = {"POST": ("review",)}

    @extend_schema(
        operation_id="decide", request=DecisionBody, responses={201: schemas.DecidedShown}
    )
    @idempotent
    def post(self, request: Request, assignment_id: uuid.UUID) -> Response:
        """Decide the item; the claim token is then spent."""
        body = validated(DecisionBody, request.data)
        token = body.pop("claim_token")
        decided = decisions.decide(
            principal=principal_of(request),
            actor=user_of(request),
            assignment_id=assignment_id,
            token=token,
            judgement=Judgement(**body),
            now=clock.now(),
        )
        return Response(_decided(request, decided), status=201)


class Revise(Endpoint):
    """A second answer."""

    scopes = {"POST": ("review",)}

    @extend_schema(
        operation_id="revise", request=RevisionBody, responses={201: schemas.DecidedShown}
    )
    @idempotent
    def post(self, request: Request, decision_id: uuid.UUID) -> Response:
        """Answer once more an item that was answered blind first, now that the answer is known.

        For ten minutes, and once. Both decisions stay on record: the new one names the first in
        `revises`, and counts.
        """
        body = validated(RevisionBody, request.data)
        if not records.decisions(principal_of(request)).filter(pk=decision_id).exists():
            raise NotFound("There is no such decision of yours.")
        decided = revisions.revise(
            principal=principal_of(request),
            actor=user_of(request),
            decision_id=decision_id,
            judgement=Judgement(**body),
            now=clock.now(),
        )
        return Response(_decided(request, decided), status=201)


class Undo(Endpoint):
    """Take a decision back."""

    scopes = {"POST": ("review",)}

    @extend_schema(operation_id="undo", request=None, responses=schemas.UndoneShown)
    @idempotent
    def post(self, request: Request, decision_id: uuid.UUID) -> Response:
        """Undo a decision within ten minutes; the item is this reviewer's again."""
        validated(NoBody, request.data)
        if not records.decisions(principal_of(request)).filter(pk=decision_id).exists():
            raise NotFound("There is no such decision of yours.")
        undone = decisions.undo(decision_id=decision_id, actor=user_of(request), now=clock.now())
        return Response(
            {
                "undone": decision_id,
                "decision": undone.decision.pk,
                "assignment": _shown(request, undone.claim),
            }
        )


def _decided(request: Request, decided: Decided) -> dict[str, Any]:
    """Return a decision with what came of it."""
    return {
        "decision": representations.decision(decided.decision, undone=False),
        "item": representations.item(principal_of(request), decided.item),
        "resolution": (
            representations.resolution(decided.resolution) if decided.resolution else None
        ),
    }
