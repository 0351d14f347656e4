"""Datasets: making and listing them."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.api import representations
from feedback.api.bodies import DatasetBody, DatasetFilter
from feedback.selectors import datasets as selector
from feedback.services import datasets
from governance.rest import pagination
from governance.rest.etags import etag, unchanged
from governance.rest.idempotency import idempotent
from governance.rest.serializers import query, validated
from governance.rest.views import Endpoint, principal_of, user_of
from governance.selectors import clock

READ = ("datasets:read", "audit:read")


class Datasets(Endpoint):
    """Make a dataset, and list them."""

    scopes = {"POST": ("datasets:write",), "GET": READ}
    parameters = frozenset(DatasetFilter().fields)

    @extend_schema(
        operation_id="create_dataset", request=DatasetBody, responses={201: OpenApiTypes.OBJECT}
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Put a dataset's name and recipe on record; its versions hold the rows."""
        body = validated(DatasetBody, request.data)
        row = datasets.create(
            principal=principal_of(request),
            actor=user_of(request),
            slug=body["slug"],
            pipeline=body["pipeline"],
            kind=body["kind"],
            wanted=body.get("filter"),
            include=body.get("include"),
            now=clock.now(),
        )
        headers = {"Location": f"/api/v1/datasets/{row.slug}", "ETag": etag(f"{row.pk}-0")}
        return Response(representations.dataset(row), status=201, headers=headers)

    @extend_schema(
        operation_id="list_datasets", parameters=[DatasetFilter], responses=OpenApiTypes.OBJECT
    )
    def get(self, request: Request) -> Response:
        """List datasets, the newest first."""
        wanted = query(DatasetFilter, request)
        rows = selector.datasets(principal_of(request))
        if "pipeline" in wanted:
            rows = rows.filter(pipeline__slug=wanted["pipeline"])
        if "kind" in wanted:
            rows = rows.filter(kind=wanted["kind"])
        return Response(
            pagination.page(request, rows, lambda found: map(representations.dataset, found))
        )


class OneDataset(Endpoint):
    """A dataset."""

    scopes = {"GET": READ}

    @extend_schema(operation_id="get_dataset", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, slug: str) -> Response:
        """Return a dataset."""
        row = selector.dataset(principal_of(request), slug)
        shown = representations.dataset(row)
        tag = f"{row.pk}-{shown['latest'] or 0}"
        if unchanged(request, tag):
            return Response(status=304, headers={"ETag": etag(tag)})
        return Response(shown, headers={"ETag": etag(tag)})
