"""The stop switch over HTTP."""

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.enums import Scope
from governance.models import Stop
from governance.models.stops import NEEDED
from governance.rest import pagination
from governance.rest.idempotency import idempotent
from governance.rest.schema import Shown, page_of
from governance.rest.serializers import StrictCharField, StrictSerializer, query, validated
from governance.rest.views import Endpoint, principal_of, user_of
from governance.selectors import adjustments, clock, stops
from governance.services import stops as switch

GOVERN = (str(Scope.GOVERN),)
READ = (str(Scope.GOVERN), str(Scope.AUDIT_READ))


class StoppedModel(StrictSerializer):
    """A model, or one version of it."""

    name = StrictCharField(max_length=120)
    version = StrictCharField(max_length=120, required=False)


class StopBody(StrictSerializer):
    """What is stopped, and why; without a tier or a model it is all of the pipeline."""

    tier = StrictCharField(max_length=63, required=False)
    model = StoppedModel(required=False)
    reason = StrictCharField(max_length=500)


class ResumeBody(StrictSerializer):
    """Why it may go on."""

    reason = StrictCharField(max_length=500)


class StopFilter(StrictSerializer):
    """The query parameters of the list."""

    limit = StrictCharField(required=False)
    cursor = StrictCharField(required=False)


class ResumptionShown(Shown):
    """That one person would resume."""

    actor = serializers.CharField()
    at = serializers.DateTimeField()
    reason = serializers.CharField()


class StopShown(Shown):
    """A stop; it is in force until two people have agreed to resume."""

    id = serializers.UUIDField()
    pipeline = serializers.CharField()
    tier = serializers.CharField(allow_null=True)
    model = serializers.DictField(allow_null=True)
    reason = serializers.CharField()
    stopped_by = serializers.CharField()
    effective_at = serializers.DateTimeField()
    in_force = serializers.BooleanField()
    resumptions = ResumptionShown(many=True)


def shown(row: Stop) -> dict[str, Any]:
    """Return a stop as it is shown."""
    model = {"name": row.model_name} | ({"version": row.model_version} if row.model_version else {})
    agreed = list(row.resumptions.select_related("actor").order_by("position"))
    return {
        "id": row.pk,
        "pipeline": row.pipeline.slug,
        "tier": row.tier or None,
        "model": model if row.model_name else None,
        "reason": row.reason,
        "stopped_by": row.actor.username,
        "effective_at": row.effective_at,
        "in_force": len(agreed) < NEEDED,
        "resumptions": [
            {"actor": each.actor.username, "at": each.at, "reason": each.reason} for each in agreed
        ],
    }


class Stops(Endpoint):
    """The stops of a pipeline."""

    scopes = {"GET": READ, "POST": GOVERN}
    parameters = pagination.PARAMETERS
    parameters_of_post = frozenset()

    @extend_schema(operation_id="list_stops", parameters=[StopFilter], responses=page_of(StopShown))
    def get(self, request: Request, slug: str) -> Response:
        """List stops, the newest first."""
        query(StopFilter, request)
        principal = principal_of(request)
        pipeline = adjustments.pipeline_in_reach(principal, slug)
        rows = stops.visible(principal).filter(pipeline=pipeline)
        return Response(pagination.page(request, rows, lambda some: [shown(row) for row in some]))

    @extend_schema(operation_id="stop", request=StopBody, responses={201: StopShown})
    @idempotent
    def post(self, request: Request, slug: str) -> Response:
        """Stop: from now on nothing is approved there without people."""
        wanted = validated(StopBody, request.data)
        model = wanted.get("model") or {}
        made = switch.stop(
            principal=principal_of(request),
            actor=user_of(request),
            pipeline=slug,
            place=switch.Place(
                wanted.get("tier", ""), model.get("name", ""), model.get("version", "")
            ),
            reason=wanted["reason"],
            now=clock.now,
        )
        headers = {"Location": f"/api/v1/stops/{made.pk}"}
        return Response(shown(made), status=201, headers=headers)


class OneStop(Endpoint):
    """A stop."""

    scopes = {"GET": READ}

    @extend_schema(operation_id="get_stop", responses=StopShown)
    def get(self, request: Request, stop_id: uuid.UUID) -> Response:
        """Return a stop."""
        return Response(shown(stops.one(principal_of(request), stop_id)))


class Resume(Endpoint):
    """Agree to resume."""

    scopes = {"POST": GOVERN}

    @extend_schema(operation_id="resume_stop", request=ResumeBody, responses=StopShown)
    @idempotent
    def post(self, request: Request, stop_id: uuid.UUID) -> Response:
        """Agree to resume; the second person ends the stop. Not for who stopped it."""
        wanted = validated(ResumeBody, request.data)
        row = switch.resume(
            principal=principal_of(request),
            actor=user_of(request),
            stop_id=stop_id,
            reason=wanted["reason"],
            now=clock.now(),
        )
        return Response(shown(row))
