"""What calendars say, to who plans by them."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.schemas import CalendarAnswer
from governance.domain.times import format_duration
from governance.enums import Scope
from governance.rest.serializers import LengthField, MomentField, StrictSerializer, validated
from governance.rest.views import Endpoint
from governance.selectors import calendars

EITHER = "Give either target, to learn when it is due, or end, to learn what has passed by then."


class PreviewBody(StrictSerializer):
    """When a target is due that starts at `start`, or what has passed from `start` to `end`."""

    start = MomentField()
    target = LengthField(required=False)
    end = MomentField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse both questions at once, and none."""
        if ("target" in attrs) == ("end" in attrs):
            raise serializers.ValidationError({"target": EITHER, "end": EITHER})
        return attrs


class CalendarPreview(Endpoint):
    """Business time of a calendar. Calendars belong to no pipeline: every token may ask."""

    scopes = {"POST": tuple(Scope.values)}

    @extend_schema(operation_id="preview_calendar", request=PreviewBody, responses=CalendarAnswer)
    def post(self, request: Request, slug: str) -> Response:
        """Return when a target is due, or how much business time has passed.

        `due_at` is null when the calendar has no hours left in which the target could pass.
        """
        asked = validated(PreviewBody, request.data)
        if "target" in asked:
            calendar, due_at = calendars.due(slug=slug, **asked)
            told: dict[str, Any] = {"due_at": due_at}
        else:
            calendar, passed = calendars.passed(slug=slug, **asked)
            told = {"elapsed": format_duration(passed)}
        return Response({"calendar": calendar.slug, "version": calendar.number, **told})
