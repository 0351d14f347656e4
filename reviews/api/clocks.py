"""Clocks, escalations, and the acts that move an item: pause, resume, reassign, reopen."""

import uuid
from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.exceptions import NotFound
from governance.rest import pagination
from governance.rest.idempotency import idempotent
from governance.rest.serializers import StrictCharField, StrictSerializer, query, validated
from governance.rest.views import Endpoint, principal_of, user_of
from governance.selectors import clock
from reviews.api import clock_shapes, representations
from reviews.api.claims import NoBody
from reviews.api.items import Paged, ReasonBody
from reviews.api.schemas import ItemShown
from reviews.models import Escalation
from reviews.selectors import clock_views, records
from reviews.services import escalations, pauses, reassignments, reopenings
from reviews.services.reassignments import Move


class EscalationFilter(Paged):
    """The query parameters of the list of escalations."""

    pipeline = StrictCharField(required=False)
    item = serializers.UUIDField(required=False)
    clock = serializers.UUIDField(required=False)
    acked = serializers.BooleanField(required=False)


class PauseBody(StrictSerializer):
    """Why: `awaiting_submitter`, `awaiting_policy_ruling`, `legal_hold`, `dependency_outage`."""

    reason = StrictCharField(max_length=40)


class ReassignBody(ReasonBody):
    """Where to: a person, a queue, a tier, or several of these."""

    reviewer = StrictCharField(max_length=150, required=False, default="")
    queue = StrictCharField(max_length=63, required=False, default="")
    tier = StrictCharField(max_length=63, required=False, default="")


def _item(request: Request, item_id: uuid.UUID) -> Response:
    principal = principal_of(request)
    row = records.items(principal).get(pk=item_id)
    return Response(representations.item(principal, row))


class ItemClocks(Endpoint):
    """How long people have, and what became of their time."""

    scopes = {"GET": ("review", "audit:read")}

    @extend_schema(operation_id="list_clocks", responses=clock_shapes.ClockShown(many=True))
    def get(self, request: Request, item_id: uuid.UUID) -> Response:
        """Return the clocks of an item, those of earlier cycles first."""
        row = records.items(principal_of(request)).filter(pk=item_id).first()
        if row is None:
            raise NotFound("There is no such item.")
        views = clock_views.of_item(row.pk)
        return Response([clock_shapes.clock(view, clock.now()) for view in views])


class Pause(Endpoint):
    """Wait for somebody else."""

    scopes = {"POST": ("review",)}

    @extend_schema(operation_id="pause", request=PauseBody, responses=ItemShown)
    @idempotent
    def post(self, request: Request, item_id: uuid.UUID) -> Response:
        """Pause an item and its clocks."""
        pauses.pause(
            principal=principal_of(request),
            actor=user_of(request),
            item_id=item_id,
            now=clock.now(),
            **validated(PauseBody, request.data),
        )
        return _item(request, item_id)


class Resume(Endpoint):
    """Go on."""

    scopes = {"POST": ("review",)}

    @extend_schema(operation_id="resume", request=NoBody, responses=ItemShown)
    @idempotent
    def post(self, request: Request, item_id: uuid.UUID) -> Response:
        """Resume a paused item."""
        validated(NoBody, request.data)
        pauses.resume(
            principal=principal_of(request),
            actor=user_of(request),
            item_id=item_id,
            now=clock.now(),
        )
        return _item(request, item_id)


class Reassign(Endpoint):
    """Move an item."""

    scopes = {"POST": ("review",)}

    @extend_schema(operation_id="reassign", request=ReassignBody, responses=ItemShown)
    @idempotent
    def post(self, request: Request, item_id: uuid.UUID) -> Response:
        """Give an item to a person, a queue or a tier; its clocks never start over."""
        body = validated(ReassignBody, request.data)
        reassignments.reassign(
            principal=principal_of(request),
            actor=user_of(request),
            item_id=item_id,
            reason=body.pop("reason"),
            move=Move(**body),
            now=clock.now(),
        )
        return _item(request, item_id)


class Reopen(Endpoint):
    """Look again."""

    scopes = {"POST": ("review",)}

    @extend_schema(operation_id="reopen", request=ReasonBody, responses=ItemShown)
    @idempotent
    def post(self, request: Request, item_id: uuid.UUID) -> Response:
        """Ask for new decisions on a settled item, in a cycle of its own."""
        reopenings.reopen(
            principal=principal_of(request),
            actor=user_of(request),
            item_id=item_id,
            now=clock.now(),
            **validated(ReasonBody, request.data),
        )
        return _item(request, item_id)


class Escalations(Endpoint):
    """Who was told of what is late."""

    scopes = {"GET": ("review", "audit:read")}
    parameters = frozenset(EscalationFilter().fields)

    @extend_schema(
        operation_id="list_escalations",
        parameters=[EscalationFilter],
        responses=clock_shapes.ESCALATIONS,
    )
    def get(self, request: Request) -> Response:
        """List escalations, the newest first."""
        rows = clock_views.escalations(principal_of(request), query(EscalationFilter, request))
        return Response(pagination.page(request, rows, _shown))


def _shown(rows: Sequence[Escalation]) -> list[dict[str, Any]]:
    return clock_shapes.escalations(rows)


class Acknowledge(Endpoint):
    """Take it up."""

    scopes = {"POST": ("review",)}

    @extend_schema(
        operation_id="acknowledge", request=NoBody, responses=clock_shapes.EscalationShown
    )
    @idempotent
    def post(self, request: Request, escalation_id: uuid.UUID) -> Response:
        """Take up an escalation, which holds its ladder for a while."""
        validated(NoBody, request.data)
        row = escalations.acknowledge(
            principal=principal_of(request),
            actor=user_of(request),
            escalation_id=escalation_id,
            now=clock.now(),
        )
        fresh = clock_views.escalations(principal_of(request), {}).get(pk=row.pk)
        return Response(clock_shapes.escalations([fresh])[0])
