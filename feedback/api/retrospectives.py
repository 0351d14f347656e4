"""Retrospectives: what people found when they looked back at real items. They name no reviewer."""

import uuid
from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.enums import CaseKind, RetrospectiveState
from feedback.models import Retrospective, RetrospectiveFinding, RetrospectiveItem
from feedback.selectors import retrospectives as seen
from feedback.services import retrospectives
from feedback.services.retrospectives import LONGEST, LONGEST_TITLE, LONGEST_WHY, Wanted
from governance.rest import pagination
from governance.rest.idempotency import idempotent
from governance.rest.schema import Shown, page_of
from governance.rest.serializers import (
    MomentField,
    StrictCharField,
    StrictSerializer,
    query,
    validated,
)
from governance.rest.views import Endpoint, principal_of, user_of
from governance.selectors import clock

READS, WRITES = ("audit:read", "govern"), ("govern",)


class RetrospectiveFilter(StrictSerializer):
    """The query parameters of the list."""

    pipeline = StrictCharField(required=False)
    state = serializers.ChoiceField(RetrospectiveState.choices, required=False)
    cursor = StrictCharField(required=False)
    limit = StrictCharField(required=False)


class RetrospectiveBody(StrictSerializer):
    """What is looked back at: outcomes of a pipeline in `since` <= t < `until`."""

    pipeline = StrictCharField()
    title = StrictCharField(max_length=LONGEST_TITLE)
    since = MomentField()
    until = MomentField()


class PickBody(StrictSerializer):
    """An item with an outcome of the period, as what it is looked back at, and why."""

    item = serializers.UUIDField()
    kind = serializers.ChoiceField(CaseKind.choices)
    why = StrictCharField(max_length=LONGEST_WHY)


class FindingBody(StrictSerializer):
    """What was found: of how the work went, and of nobody in person."""

    text = StrictCharField(max_length=LONGEST)


class ConclusionBody(StrictSerializer):
    """The id of a lesson of the pipeline that is to be looked at again, or why there is none."""

    lesson = serializers.UUIDField(required=False)
    reason = StrictCharField(max_length=LONGEST, required=False)


class PickShown(Shown):
    """An item that is looked back at."""

    item = serializers.UUIDField()
    kind = serializers.ChoiceField(CaseKind.choices)
    why = serializers.CharField()


class FindingShown(Shown):
    """What was found, and what came of it."""

    id = serializers.UUIDField()
    text = serializers.CharField()
    lesson = serializers.UUIDField(allow_null=True)
    no_lesson_because = serializers.CharField(allow_null=True)


class RetrospectiveShown(Shown):
    """A look back together."""

    id = serializers.UUIDField()
    pipeline = serializers.SlugField()
    title = serializers.CharField()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    state = serializers.ChoiceField(RetrospectiveState.choices)
    opened_at = serializers.DateTimeField()
    held_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    items = PickShown(many=True)
    findings = FindingShown(many=True)


class SuggestionShown(Shown):
    """An item that might be looked back at, and why."""

    item = serializers.UUIDField()
    prediction = serializers.UUIDField()
    kind = serializers.ChoiceField(CaseKind.choices)
    why = serializers.CharField()
    resolved_at = serializers.DateTimeField()


class SuggestionsShown(Shown):
    """Up to ten for each reason, each item once."""

    suggestions = SuggestionShown(many=True)


class Retrospectives(Endpoint):
    """The retrospectives."""

    scopes = {"GET": READS, "POST": WRITES}
    parameters = frozenset(RetrospectiveFilter().fields)

    @extend_schema(
        operation_id="list_retrospectives",
        parameters=[RetrospectiveFilter],
        responses=page_of(RetrospectiveShown),
    )
    def get(self, request: Request) -> Response:
        """List the retrospectives of the pipelines within reach, the newest first."""
        wanted = query(RetrospectiveFilter, request)
        rows = seen.within(principal_of(request))
        if "pipeline" in wanted:
            rows = rows.filter(pipeline__slug=wanted["pipeline"])
        if "state" in wanted:
            rows = rows.filter(state=wanted["state"])
        return Response(pagination.page(request, rows, _all_shown))

    @extend_schema(
        operation_id="open_retrospective",
        request=RetrospectiveBody,
        responses={201: RetrospectiveShown},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Open a retrospective: items can be picked for it."""
        body = validated(RetrospectiveBody, request.data)
        row = retrospectives.open_one(
            principal=principal_of(request), actor=user_of(request), wanted=Wanted(**body),
            now=clock.now(),
        )  # fmt: skip
        return Response(shown(row), status=201)


class OneRetrospective(Endpoint):
    """A retrospective."""

    scopes = {"GET": READS}

    @extend_schema(operation_id="get_retrospective", responses=RetrospectiveShown)
    def get(self, request: Request, retrospective_id: uuid.UUID) -> Response:
        """Show a retrospective with its items and findings."""
        return Response(shown(seen.one(principal_of(request), retrospective_id)))


class RetrospectiveSuggestions(Endpoint):
    """What might be looked back at."""

    scopes = {"GET": READS}

    @extend_schema(operation_id="suggest_for_retrospective", responses=SuggestionsShown)
    def get(self, request: Request, retrospective_id: uuid.UUID) -> Response:
        """Suggest items of the period: misclassifications, near misses and successes."""
        principal = principal_of(request)
        found = seen.suggested(principal, seen.one(principal, retrospective_id))
        told = [
            {
                "item": each.resolution.item_id,
                "prediction": each.resolution.item.prediction_id,
                "kind": each.kind,
                "why": each.why,
                "resolved_at": each.resolution.resolved_at,
            }
            for each in found
        ]
        return Response({"suggestions": told})


class RetrospectiveItems(Endpoint):
    """Picking items."""

    scopes = {"POST": WRITES}

    @extend_schema(
        operation_id="pick_for_retrospective", request=PickBody, responses={201: RetrospectiveShown}
    )
    @idempotent
    def post(self, request: Request, retrospective_id: uuid.UUID) -> Response:
        """Pick an item of the pipeline that was settled in the period."""
        body = validated(PickBody, request.data)
        made = retrospectives.pick(
            principal=principal_of(request), actor=user_of(request),
            retrospective_id=retrospective_id, item_id=body["item"], kind=body["kind"],
            why=body["why"], now=clock.now(),
        )  # fmt: skip
        return Response(shown(made.retrospective), status=201)


class RetrospectiveFindings(Endpoint):
    """Writing down what was found."""

    scopes = {"POST": WRITES}

    @extend_schema(
        operation_id="write_finding", request=FindingBody, responses={201: RetrospectiveShown}
    )
    @idempotent
    def post(self, request: Request, retrospective_id: uuid.UUID) -> Response:
        """Write down what was found, once the meeting was held."""
        body = validated(FindingBody, request.data)
        made = retrospectives.find(
            principal=principal_of(request), actor=user_of(request),
            retrospective_id=retrospective_id, text=body["text"], now=clock.now(),
        )  # fmt: skip
        return Response(shown(made.retrospective), status=201)


class FindingConclusion(Endpoint):
    """What a finding came to."""

    scopes = {"POST": WRITES}

    @extend_schema(
        operation_id="conclude_finding", request=ConclusionBody, responses=RetrospectiveShown
    )
    @idempotent
    def post(self, request: Request, finding_id: uuid.UUID) -> Response:
        """Name the lesson that a finding came to, or say why there is none; once."""
        body = validated(ConclusionBody, request.data)
        made = retrospectives.conclude(
            principal=principal_of(request), actor=user_of(request), finding_id=finding_id,
            lesson=str(body.get("lesson", "")), reason=body.get("reason", ""), now=clock.now(),
        )  # fmt: skip
        return Response(shown(made.finding.retrospective))


class RetrospectiveHolding(Endpoint):
    """Holding the meeting."""

    scopes = {"POST": WRITES}

    @extend_schema(operation_id="hold_retrospective", request=None, responses=RetrospectiveShown)
    @idempotent
    def post(self, request: Request, retrospective_id: uuid.UUID) -> Response:
        """Say that the meeting was held."""
        validated(StrictSerializer, request.data)
        row = retrospectives.hold(
            principal=principal_of(request), actor=user_of(request),
            retrospective_id=retrospective_id, now=clock.now(),
        )  # fmt: skip
        return Response(shown(row))


class RetrospectiveClosing(Endpoint):
    """Closing it."""

    scopes = {"POST": WRITES}

    @extend_schema(operation_id="close_retrospective", request=None, responses=RetrospectiveShown)
    @idempotent
    def post(self, request: Request, retrospective_id: uuid.UUID) -> Response:
        """Close it, once each finding came to a lesson or to a reason why there is none."""
        validated(StrictSerializer, request.data)
        row = retrospectives.close(
            principal=principal_of(request), actor=user_of(request),
            retrospective_id=retrospective_id, now=clock.now(),
        )  # fmt: skip
        return Response(shown(row))


def _all_shown(rows: Iterable[Retrospective]) -> list[dict[str, Any]]:
    return [shown(row) for row in rows]


def shown(row: Retrospective) -> dict[str, Any]:
    """Return a retrospective as the API gives it."""
    return {
        "id": row.pk,
        "pipeline": row.pipeline.slug,
        "title": row.title,
        "since": row.since,
        "until": row.until,
        "state": row.state,
        "opened_at": row.opened_at,
        "held_at": row.held_at,
        "closed_at": row.closed_at,
        "items": [_pick(each) for each in row.items.order_by("pk")],
        "findings": [
            _finding(each) for each in row.found.select_related("conclusion").order_by("pk")
        ],
    }


def _pick(row: RetrospectiveItem) -> dict[str, Any]:
    return {"item": row.item_id, "kind": row.kind, "why": row.why}


def _finding(row: RetrospectiveFinding) -> dict[str, Any]:
    came_to = getattr(row, "conclusion", None)
    return {
        "id": row.pk,
        "text": row.text,
        "lesson": came_to.lesson_id if came_to else None,
        "no_lesson_because": (came_to.reason or None) if came_to else None,
    }
