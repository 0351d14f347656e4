"""Challenges of outcomes: opening one, judging it, and who opened it."""

import uuid
from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.domain.principal import Principal
from governance.rest import etags, pagination
from governance.rest.idempotency import idempotent
from governance.rest.schema import Shown, page_of
from governance.rest.serializers import StrictCharField, StrictSerializer, query, validated
from governance.rest.views import Endpoint, principal_of, user_of
from governance.selectors import clock
from reviews.api.items import Paged
from reviews.enums import ChallengeState
from reviews.models import Challenge, ChallengeOutcome
from reviews.selectors import challenges as selector
from reviews.services import challenges

READ = ("review", "audit:read")


class ChallengeFilter(Paged):
    """The query parameters of the list."""

    pipeline = StrictCharField(required=False)
    open = serializers.BooleanField(required=False)


class ChallengeBody(StrictSerializer):
    """What is wrong with an outcome."""

    reason = StrictCharField(max_length=challenges.LONGEST)
    anonymous = serializers.BooleanField(
        default=False, help_text="Compliance alone can read who challenges; that it did is told."
    )


class UpholdBody(StrictSerializer):
    """Why the outcome stands."""

    rationale = StrictCharField(max_length=challenges.LONGEST)


class OverturnBody(UpholdBody):
    """Why it does not stand, and what does."""

    answer = serializers.JSONField(
        required=False, default=None, allow_null=True,
        help_text="null, or left out: rejected without a better answer.",
    )  # fmt: skip


class Nothing(StrictSerializer):
    """An act that says it all by its address."""


class JudgementShown(Shown):
    """How a challenge ended."""

    judge = serializers.CharField()
    rationale = serializers.CharField()
    resolution = serializers.UUIDField(allow_null=True, help_text="What stands since.")
    at = serializers.DateTimeField()


class OutcomeChallenge(Shown):
    """A challenge of an outcome."""

    id = serializers.UUIDField()
    pipeline = serializers.CharField()
    item = serializers.UUIDField()
    prediction = serializers.UUIDField()
    resolution = serializers.UUIDField()
    state = serializers.ChoiceField(ChallengeState.choices)
    opened_by = serializers.CharField(allow_null=True, help_text="null: they stay unnamed.")
    anonymous = serializers.BooleanField()
    reason = serializers.CharField()
    opened_at = serializers.DateTimeField()
    outcome = JudgementShown(allow_null=True)


CHALLENGER = inline_serializer("Challenger", {"challenger": serializers.CharField()})


def shown(principal: Principal, row: Challenge) -> dict[str, Any]:
    """Return a challenge as the principal may see it."""
    outcome: ChallengeOutcome | None = getattr(row, "outcome", None)
    return {
        "id": row.pk,
        "pipeline": row.item.pipeline.slug,
        "item": row.item_id,
        "prediction": row.item.prediction_id,
        "resolution": row.resolution_id,
        "state": row.state,
        "opened_by": selector.challenger(principal.user_id, row),
        "anonymous": row.anonymous,
        "reason": row.reason,
        "opened_at": row.opened_at,
        "outcome": {
            "judge": outcome.judge.username,
            "rationale": outcome.rationale,
            "resolution": outcome.resolution_id,
            "at": outcome.at,
        } if outcome else None,
    }  # fmt: skip


def _again(request: Request, challenge_id: uuid.UUID) -> dict[str, Any]:
    principal = principal_of(request)
    return shown(principal, selector.one(principal, challenge_id))


class Challenges(Endpoint):
    """The challenges of outcomes."""

    scopes = {"GET": READ}
    parameters = frozenset(ChallengeFilter().fields)

    @extend_schema(
        operation_id="list_challenges",
        parameters=[ChallengeFilter],
        responses=page_of(OutcomeChallenge),
    )
    def get(self, request: Request) -> Response:
        """List challenges, the newest first."""
        wanted, principal = query(ChallengeFilter, request), principal_of(request)
        rows = selector.visible(principal)
        if "pipeline" in wanted:
            rows = rows.filter(item__pipeline__slug=wanted["pipeline"])
        if "open" in wanted:
            rows = rows.filter(outcome__isnull=wanted["open"])

        def all_shown(found: Sequence[Challenge]) -> list[dict[str, Any]]:
            return [shown(principal, row) for row in found]

        return Response(pagination.page(request, rows, all_shown))


class OneChallenge(Endpoint):
    """One challenge."""

    scopes = {"GET": READ}

    @extend_schema(operation_id="get_challenge", responses=OutcomeChallenge)
    def get(self, request: Request, challenge_id: uuid.UUID) -> Response:
        """Return a challenge."""
        return etags.answer(request, _again(request, challenge_id))


class OpenChallenge(Endpoint):
    """Doubt an outcome."""

    scopes = {"POST": ("review",)}

    @extend_schema(
        operation_id="challenge_resolution",
        request=ChallengeBody,
        responses={201: OutcomeChallenge},
    )
    @idempotent
    def post(self, request: Request, resolution_id: uuid.UUID) -> Response:
        """Challenge the outcome that stands; another person judges it."""
        made = challenges.challenge(
            principal=principal_of(request),
            actor=user_of(request),
            resolution_id=resolution_id,
            now=clock.now(),
            **validated(ChallengeBody, request.data),
        )
        return Response(_again(request, made.pk), status=201)


class Uphold(Endpoint):
    """The outcome stands."""

    scopes = {"POST": ("review",)}

    @extend_schema(operation_id="uphold", request=UpholdBody, responses=OutcomeChallenge)
    @idempotent
    def post(self, request: Request, challenge_id: uuid.UUID) -> Response:
        """Judge that the outcome stands; not by who opened the challenge or decided the item."""
        challenges.uphold(
            principal=principal_of(request),
            actor=user_of(request),
            challenge_id=challenge_id,
            now=clock.now(),
            **validated(UpholdBody, request.data),
        )
        return Response(_again(request, challenge_id))


class Overturn(Endpoint):
    """Another outcome stands."""

    scopes = {"POST": ("review",)}

    @extend_schema(operation_id="overturn", request=OverturnBody, responses=OutcomeChallenge)
    @idempotent
    def post(self, request: Request, challenge_id: uuid.UUID) -> Response:
        """Supersede the outcome; not by who opened the challenge or decided the item."""
        challenges.overturn(
            principal=principal_of(request),
            actor=user_of(request),
            challenge_id=challenge_id,
            now=clock.now(),
            **validated(OverturnBody, request.data),
        )
        return Response(_again(request, challenge_id))


class Challenger(Endpoint):
    """Who opened a challenge."""

    scopes = {"POST": ("audit:read",)}

    @extend_schema(operation_id="name_challenger", request=Nothing, responses={200: CHALLENGER})
    @idempotent
    def post(self, request: Request, challenge_id: uuid.UUID) -> Response:
        """Read who opened a challenge, for compliance: that they did is on record."""
        validated(Nothing, request.data)
        person = challenges.challenger(
            principal=principal_of(request),
            actor=user_of(request),
            challenge_id=challenge_id,
            now=clock.now(),
        )
        return Response({"challenger": person.username})
