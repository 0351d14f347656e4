"""Changes that people sign, and what is in force."""

import uuid
from http import HTTPStatus

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api import adjustment_shapes as shapes
from governance.api.adjustment_bodies import (
    AdjustmentFilter,
    EditBody,
    MaybeWhyBody,
    NothingBody,
    ObjectionBody,
    ProposalBody,
    ResponseBody,
    SignBody,
    WhyBody,
    proposed,
)
from governance.enums import Scope
from governance.models import Adjustment
from governance.rest import pagination, reauthentication
from governance.rest.etags import etag, require_match
from governance.rest.idempotency import idempotent
from governance.rest.schema import page_of
from governance.rest.serializers import query, validated
from governance.rest.views import Endpoint, principal_of, user_of
from governance.selectors import adjustments, clock, effective, stops
from governance.services import activations, signatures
from governance.services import adjustments as proposals
from governance.services.adjustments import Proposal

GOVERN = (str(Scope.GOVERN),)
READ = (str(Scope.GOVERN), str(Scope.AUDIT_READ))


def _shown(request: Request, adjustment_id: uuid.UUID, status: int = 200) -> Response:
    row = adjustments.one(principal_of(request), adjustment_id)
    headers = {"ETag": etag(_tag(row))}
    if status == HTTPStatus.CREATED:
        headers["Location"] = f"/api/v1/adjustments/{row.pk}"
    return Response(shapes.shown(row), status=status, headers=headers)


def _tag(row: Adjustment) -> str:
    return f"{row.pk}.{row.revision}.{row.state}.{row.changed_at.timestamp()}"


class Adjustments(Endpoint):
    """The adjustments of the pipelines within reach."""

    scopes = {"GET": READ, "POST": GOVERN}
    parameters = frozenset(AdjustmentFilter().fields)
    parameters_of_post = frozenset()

    @extend_schema(
        operation_id="list_adjustments",
        parameters=[AdjustmentFilter],
        responses=page_of(shapes.AdjustmentBrief),
    )
    def get(self, request: Request) -> Response:
        """List adjustments, the newest first."""
        wanted = query(AdjustmentFilter, request)
        named = {"pipeline": "pipeline__slug", "state": "state", "kind": "kind"}
        found = {named[name]: value for name, value in wanted.items() if name in named}
        rows = adjustments.visible(principal_of(request)).filter(**found)
        return Response(
            pagination.page(request, rows, lambda some: [shapes.brief(row) for row in some])
        )

    @extend_schema(
        operation_id="propose", request=ProposalBody, responses={201: shapes.AdjustmentShown}
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Draft a change."""
        wanted = validated(ProposalBody, request.data)
        pipeline, kind = wanted.pop("pipeline"), wanted.pop("kind")
        row = proposals.propose(
            principal=principal_of(request),
            actor=user_of(request),
            pipeline=pipeline,
            kind=kind,
            proposal=Proposal(**proposed(wanted)),
            now=clock.now(),
        )
        return _shown(request, row.pk, 201)


class OneAdjustment(Endpoint):
    """An adjustment."""

    scopes = {"GET": READ, "PATCH": GOVERN}

    @extend_schema(operation_id="get_adjustment", responses=shapes.AdjustmentShown)
    def get(self, request: Request, adjustment_id: uuid.UUID) -> Response:
        """Return an adjustment with its signatures."""
        return _shown(request, adjustment_id)

    @extend_schema(
        operation_id="edit_adjustment", request=EditBody, responses=shapes.AdjustmentShown
    )
    def patch(self, request: Request, adjustment_id: uuid.UUID) -> Response:
        """Change what an adjustment says; needs If-Match. It is a draft again, and unsigned."""
        row = adjustments.one(principal_of(request), adjustment_id)
        require_match(request, _tag(row))
        proposals.edit(
            principal=principal_of(request),
            actor=user_of(request),
            adjustment_id=adjustment_id,
            changed=proposed(validated(EditBody, request.data)),
            now=clock.now(),
        )
        return _shown(request, adjustment_id)


class Submit(Endpoint):
    """Ask for signatures."""

    scopes = {"POST": GOVERN}

    @extend_schema(operation_id="submit", request=NothingBody, responses=shapes.AdjustmentShown)
    @idempotent
    def post(self, request: Request, adjustment_id: uuid.UUID) -> Response:
        """Submit a draft: its inverse is worked out and rehearsed, and all of it digested."""
        validated(NothingBody, request.data)
        proposals.submit(
            principal=principal_of(request),
            actor=user_of(request),
            adjustment_id=adjustment_id,
            now=clock.now(),
        )
        return _shown(request, adjustment_id)


class Sign(Endpoint):
    """Sign with one's password."""

    scopes = {"POST": GOVERN}

    # Without an Idempotency-Key: a failure of the password is kept, whatever becomes of the rest.
    @extend_schema(operation_id="sign", request=SignBody, responses=shapes.AdjustmentShown)
    def post(self, request: Request, adjustment_id: uuid.UUID) -> Response:
        """Sign a change, or the roll-back of one; nobody signs twice, and not the author."""
        wanted = validated(SignBody, request.data)
        row, user, now = (
            adjustments.one(principal_of(request), adjustment_id),
            user_of(request),
            clock.now(),
        )
        proven = reauthentication.proven_at(
            request._request, user, wanted.get("password", ""), now=now
        )
        signatures.sign(
            principal=principal_of(request),
            actor=user,
            adjustment_id=row.pk,
            meaning=wanted["meaning"],
            proven_at=proven,
            now=now,
        )
        return _shown(request, adjustment_id)


class Activate(Endpoint):
    """Bring into force."""

    scopes = {"POST": GOVERN}

    @extend_schema(operation_id="activate", request=MaybeWhyBody, responses=shapes.AdjustmentShown)
    @idempotent
    def post(self, request: Request, adjustment_id: uuid.UUID) -> Response:
        """Activate an approved change; a 409 where what it was signed against is gone."""
        wanted = validated(MaybeWhyBody, request.data)
        activations.activate(
            principal=principal_of(request),
            actor=user_of(request),
            adjustment_id=adjustment_id,
            reason=wanted.get("reason", ""),
            now=clock.now(),
        )
        return _shown(request, adjustment_id)


class RollBack(Endpoint):
    """Take back."""

    scopes = {"POST": GOVERN}

    @extend_schema(operation_id="roll_back", request=WhyBody, responses=shapes.AdjustmentShown)
    @idempotent
    def post(self, request: Request, adjustment_id: uuid.UUID) -> Response:
        """Roll back an active change, alone and at once; a second person signs within a day."""
        wanted = validated(WhyBody, request.data)
        activations.roll_back(
            principal=principal_of(request),
            actor=user_of(request),
            adjustment_id=adjustment_id,
            reason=wanted["reason"],
            now=clock.now(),
        )
        return _shown(request, adjustment_id)


class Withdraw(Endpoint):
    """Take back what is not in force."""

    scopes = {"POST": GOVERN}

    @extend_schema(
        operation_id="withdraw_adjustment",
        request=MaybeWhyBody,
        responses=shapes.AdjustmentShown,
    )
    @idempotent
    def post(self, request: Request, adjustment_id: uuid.UUID) -> Response:
        """Withdraw a change: by who wrote it, or an approver."""
        wanted = validated(MaybeWhyBody, request.data)
        proposals.withdraw(
            principal=principal_of(request),
            actor=user_of(request),
            adjustment_id=adjustment_id,
            reason=wanted.get("reason", ""),
            now=clock.now(),
        )
        return _shown(request, adjustment_id)


class Reject(Endpoint):
    """Refuse what was submitted."""

    scopes = {"POST": GOVERN}

    @extend_schema(
        operation_id="reject_adjustment", request=WhyBody, responses=shapes.AdjustmentShown
    )
    @idempotent
    def post(self, request: Request, adjustment_id: uuid.UUID) -> Response:
        """Reject a change for good; not by who wrote it."""
        wanted = validated(WhyBody, request.data)
        proposals.reject(
            principal=principal_of(request),
            actor=user_of(request),
            adjustment_id=adjustment_id,
            reason=wanted["reason"],
            now=clock.now(),
        )
        return _shown(request, adjustment_id)


class Challenges(Endpoint):
    """Objections to a change."""

    scopes = {"POST": GOVERN}

    @extend_schema(
        operation_id="challenge_adjustment",
        request=ObjectionBody,
        responses={201: shapes.ChallengeShown},
    )
    @idempotent
    def post(self, request: Request, adjustment_id: uuid.UUID) -> Response:
        """Object to what was submitted; until it is answered nobody approves."""
        wanted = validated(ObjectionBody, request.data)
        made = proposals.challenge(
            principal=principal_of(request),
            actor=user_of(request),
            adjustment_id=adjustment_id,
            objection=wanted["objection"],
            now=clock.now(),
        )
        return Response(shapes.challenge(made), status=201)


class AnswerChallenge(Endpoint):
    """Close an objection."""

    scopes = {"POST": GOVERN}

    @extend_schema(
        operation_id="answer_challenge",
        request=ResponseBody,
        responses=shapes.ChallengeShown,
    )
    @idempotent
    def post(self, request: Request, adjustment_id: uuid.UUID, challenge_id: uuid.UUID) -> Response:
        """Answer a challenge: by who raised it, or an approver who did not write the change."""
        wanted = validated(ResponseBody, request.data)
        found = proposals.answer(
            principal=principal_of(request),
            actor=user_of(request),
            adjustment_id=adjustment_id,
            challenge_id=challenge_id,
            response=wanted["response"],
            now=clock.now(),
        )
        found.refresh_from_db()
        return Response(shapes.challenge(found))


class InForce(Endpoint):
    """What is in force in a pipeline."""

    scopes = {"GET": (*READ, str(Scope.CONFIG_WRITE))}

    @extend_schema(operation_id="get_effective", responses=shapes.EffectiveShown)
    def get(self, request: Request, slug: str) -> Response:
        """Return what is in force now, under one digest."""
        pipeline = adjustments.pipeline_in_reach(principal_of(request), slug)
        now = effective.of(pipeline)
        return Response(
            {
                "pipeline": pipeline.slug,
                "model": now.model,
                "config_version": now.config.number if now.config else None,
                "overrides": effective.overrides(pipeline),
                "stops": [row.pk for row in stops.in_force(pipeline.pk)],
                "digest": now.digest,
            }
        )
