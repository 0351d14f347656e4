"""Data sources and legal holds."""

import uuid
from collections.abc import Iterable
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.enums import LawfulBasis
from governance.models import DataSource, LegalHold
from governance.rest import pagination
from governance.rest.idempotency import idempotent
from governance.rest.serializers import StrictCharField, StrictSerializer, query, validated
from governance.rest.views import Endpoint, principal_of, user_of
from governance.selectors import clock, holds, provenance
from governance.services import holds as holding
from governance.services import sources

BASES = ", ".join(f"`{basis}`" for basis in LawfulBasis.values)


class SourceBody(StrictSerializer):
    """Where the data of a pipeline comes from."""

    pipeline = StrictCharField(max_length=63)
    name = serializers.SlugField(max_length=63)
    origin = StrictCharField(max_length=500, help_text="Who collected it, from whom, and how.")
    purposes = serializers.ListField(
        child=StrictCharField(), help_text="Words for what it may be used for: `training`."
    )
    basis = StrictCharField(help_text=f"On what its use rests: {BASES}.")
    licence = StrictCharField(max_length=200, required=False)
    collected = StrictCharField(max_length=200, required=False, help_text="When.")
    gaps = StrictCharField(max_length=10_000, required=False, help_text="Known gaps.")
    reason = StrictCharField(max_length=500)


class SourceFilter(StrictSerializer):
    """The query parameters of the list of sources."""

    pipeline = StrictCharField(required=False)


class HoldBody(StrictSerializer):
    """What is to be kept as it is: a pipeline, a person, or a person in a pipeline."""

    pipeline = StrictCharField(required=False, max_length=63)
    subject = StrictCharField(required=False, max_length=200)
    reason = StrictCharField(max_length=500)


class Why(StrictSerializer):
    """The reason of an act."""

    reason = StrictCharField(max_length=500)


class Paged(StrictSerializer):
    """The query parameters of a list."""

    cursor = StrictCharField(required=False)
    limit = StrictCharField(required=False)


class DataSources(Endpoint):
    """Declare where data comes from, and list it."""

    scopes = {"POST": ("config:write",), "GET": ("audit:read", "config:write", "datasets:read")}
    parameters = frozenset(SourceFilter().fields)

    @extend_schema(
        operation_id="declare_data_source",
        request=SourceBody,
        responses={201: OpenApiTypes.OBJECT},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Declare a source, or change the one of that name.

        A pipeline whose policy says which field names a person needs one before a dataset of it
        is sealed, and its versions leave only for purposes that every source covers.
        """
        body = validated(SourceBody, request.data)
        row = sources.declare(
            principal=principal_of(request), actor=user_of(request), now=clock.now(), **body
        )
        return Response(_source(row), status=201)

    @extend_schema(
        operation_id="list_data_sources", parameters=[SourceFilter], responses=OpenApiTypes.OBJECT
    )
    def get(self, request: Request) -> Response:
        """List the sources of the pipelines within reach."""
        wanted = query(SourceFilter, request)
        rows = provenance.sources(principal_of(request))
        if "pipeline" in wanted:
            rows = rows.filter(pipeline__slug=wanted["pipeline"])
        found = rows.order_by("pipeline__slug", "name")
        return Response({"results": [_source(row) for row in found]})


class LegalHolds(Endpoint):
    """Place a legal hold, and list them."""

    scopes = {"POST": ("govern",), "GET": ("audit:read", "govern")}
    parameters = frozenset(Paged().fields)

    @extend_schema(
        operation_id="place_hold", request=HoldBody, responses={201: OpenApiTypes.OBJECT}
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Keep what it names from being erased and purged, until it is lifted."""
        body = validated(HoldBody, request.data)
        row = holding.place(
            principal=principal_of(request), actor=user_of(request), now=clock.now(), **body
        )
        return Response(_hold(row), status=201)

    @extend_schema(operation_id="list_holds", parameters=[Paged], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """List legal holds, the newest first, lifted ones among them."""
        query(Paged, request)
        rows = holds.visible(principal_of(request)).prefetch_related("lifts")
        return Response(pagination.page(request, rows, _holds))


class HoldLifting(Endpoint):
    """The end of a legal hold."""

    scopes = {"POST": ("govern",)}

    @extend_schema(operation_id="lift_hold", request=Why, responses=OpenApiTypes.OBJECT)
    @idempotent
    def post(self, request: Request, hold_id: uuid.UUID) -> Response:
        """Lift a hold; what is past its time is purged from then on."""
        body = validated(Why, request.data)
        ended = holding.lift(
            principal=principal_of(request), actor=user_of(request), hold_id=hold_id,
            reason=body["reason"], now=clock.now(),
        )  # fmt: skip
        return Response(_hold(ended.hold))


def _source(row: DataSource) -> dict[str, Any]:
    return {
        "pipeline": row.pipeline.slug,
        "name": row.name,
        "origin": row.origin,
        "purposes": row.purposes,
        "basis": row.basis,
        "licence": row.licence,
        "collected": row.collected,
        "gaps": row.gaps,
    }


def _hold(row: LegalHold) -> dict[str, Any]:
    ended = next(iter(row.lifts.all()), None)
    return {
        "id": row.pk,
        "pipeline": row.pipeline.slug if row.pipeline else None,
        "subject_key": row.subject_id,
        "reason": row.reason,
        "placed_by": row.placed_by.username,
        "placed_at": row.placed_at,
        "lifted_at": ended.lifted_at if ended else None,
    }


def _holds(rows: Iterable[LegalHold]) -> list[dict[str, Any]]:
    return [_hold(row) for row in rows]
