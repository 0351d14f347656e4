"""Items, and what was decided on them."""

import uuid
from collections.abc import Sequence

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.exceptions import NotFound
from governance.rest import pagination
from governance.rest.etags import etag, unchanged
from governance.rest.serializers import StrictCharField, StrictSerializer, query, validated
from governance.rest.views import Endpoint, principal_of, user_of
from governance.selectors import clock
from reviews.api import representations
from reviews.enums import Disposition, ItemStatus, ResolutionKind, Verdict
from reviews.models import Decision, Prediction, Resolution
from reviews.selectors import records
from reviews.selectors.blindness import hidden, is_hidden
from reviews.services import resolutions


class Paged(StrictSerializer):
    """The query parameters of every list."""

    cursor = StrictCharField(required=False)
    limit = StrictCharField(required=False)


class ItemFilter(Paged):
    """The query parameters of the list of items."""

    pipeline = StrictCharField(required=False)
    status = serializers.ChoiceField(ItemStatus.choices, required=False)
    tier = StrictCharField(required=False)
    queue = StrictCharField(required=False)
    scenario_type = StrictCharField(required=False)
    assignee = StrictCharField(required=False)
    model_version = StrictCharField(required=False)
    breached = serializers.BooleanField(required=False)
    at_risk = serializers.BooleanField(required=False)
    due_before = serializers.DateTimeField(required=False)
    created_after = serializers.DateTimeField(required=False)


class DecisionFilter(Paged):
    """The query parameters of the list of decisions."""

    pipeline = StrictCharField(required=False)
    item = serializers.UUIDField(required=False)
    reviewer = StrictCharField(required=False)
    verdict = serializers.ChoiceField(Verdict.choices, required=False)


class ResolutionFilter(Paged):
    """The query parameters of the list of resolutions."""

    pipeline = StrictCharField(required=False)
    kind = serializers.ChoiceField(ResolutionKind.choices, required=False)


class AdjudicationBody(StrictSerializer):
    """The answer that settles an item; null rejects the prediction without a better one."""

    answer = serializers.JSONField(allow_null=True)
    rationale = StrictCharField(max_length=10_000, allow_blank=True)


class Items(Endpoint):
    """The items that people see."""

    scopes = {"GET": ("review", "audit:read")}
    parameters = frozenset(ItemFilter().fields)

    @extend_schema(
        operation_id="list_items", parameters=[ItemFilter], responses=OpenApiTypes.OBJECT
    )
    def get(self, request: Request) -> Response:
        """List items, the newest first."""
        principal = principal_of(request)
        rows = records.filtered_items(
            records.items(principal), query(ItemFilter, request), now=clock.now()
        )
        return Response(
            pagination.page(request, rows, lambda found: representations.items(principal, found))
        )


class OneItem(Endpoint):
    """One item."""

    scopes = {"GET": ("review", "audit:read")}

    @extend_schema(operation_id="get_item", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, item_id: uuid.UUID) -> Response:
        """Return an item."""
        principal = principal_of(request)
        row = records.items(principal).filter(pk=item_id).first()
        if row is None:
            raise NotFound("There is no such item.")
        blind = is_hidden(principal, row)
        version = f"{row.revision}-{int(blind)}"
        if unchanged(request, version):
            return Response(status=304, headers={"ETag": etag(version)})
        return Response(
            representations.item_shown(row, blind=blind), headers={"ETag": etag(version)}
        )


class Adjudicate(Endpoint):
    """Settle what reviewers could not."""

    scopes = {"POST": ("review",)}

    @extend_schema(
        operation_id="adjudicate", request=AdjudicationBody, responses=OpenApiTypes.OBJECT
    )
    def post(self, request: Request, item_id: uuid.UUID) -> Response:
        """Resolve an item that awaits adjudication or was escalated."""
        body = validated(AdjudicationBody, request.data)
        principal = principal_of(request)
        item = resolutions.adjudicate(
            principal=principal, actor=user_of(request), item_id=item_id, now=clock.now(), **body
        )
        row = records.items(principal).get(pk=item.pk)
        return Response(representations.item_shown(row, blind=is_hidden(principal, row)))


class Decisions(Endpoint):
    """What people decided."""

    scopes = {"GET": ("audit:read", "review")}
    parameters = frozenset(DecisionFilter().fields)

    @extend_schema(
        operation_id="list_decisions", parameters=[DecisionFilter], responses=OpenApiTypes.OBJECT
    )
    def get(self, request: Request) -> Response:
        """List decisions, the newest first; those on an item that is blind to this reviewer not."""
        wanted = query(DecisionFilter, request)
        principal = principal_of(request)
        lookups = {
            "pipeline": "item__pipeline__slug",
            "item": "item",
            "reviewer": "reviewer__username",
            "verdict": "verdict",
        }
        rows = records.decisions(principal).filter(
            **{lookups[n]: wanted[n] for n in lookups if n in wanted}
        )

        def show(found: Sequence[Decision]) -> list[dict[str, object]]:
            unseen = hidden(principal, {row.item for row in found})
            return [
                representations.decision(row)
                for row in found
                if row.item_id not in unseen or row.reviewer_id == principal.user_id
            ]

        return Response(pagination.page(request, rows, show))


class Resolutions(Endpoint):
    """What stands, and what stood before."""

    scopes = {"GET": ("audit:read", "review")}
    parameters = frozenset(ResolutionFilter().fields)

    @extend_schema(
        operation_id="list_resolutions",
        parameters=[ResolutionFilter],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> Response:
        """List resolutions, those by rule (`kind: auto`) among them, the newest first."""
        wanted = query(ResolutionFilter, request)
        principal, window = principal_of(request), pagination.window_of(request)
        found: list[Prediction | Resolution] = []
        if wanted.get("kind") in (None, ResolutionKind.AUTO):
            rows = records.predictions(principal).filter(disposition=Disposition.AUTO_APPROVED)
            if "pipeline" in wanted:
                rows = rows.filter(pipeline__slug=wanted["pipeline"])
            found += window.of(rows)
        if wanted.get("kind") != ResolutionKind.AUTO:
            by_people = records.resolutions(principal)
            if "pipeline" in wanted:
                by_people = by_people.filter(item__pipeline__slug=wanted["pipeline"])
            if "kind" in wanted:
                by_people = by_people.filter(kind=wanted["kind"])
            found += window.of(by_people)
        newer = window.cursor is not None and not window.cursor.older
        found.sort(key=lambda row: row.pk, reverse=not newer)
        return Response(
            pagination.envelope(request, window, found[: window.limit + 1], _resolutions_shown)
        )


def _resolutions_shown(found: Sequence[Prediction | Resolution]) -> list[dict[str, object]]:
    return [
        representations.auto_resolution(row)
        if isinstance(row, Prediction)
        else representations.resolution(row)
        | {
            "prediction": row.item.prediction_id,
            "item": row.item_id,
            "current": row.item.resolution_id == row.pk,
        }
        for row in found
    ]
