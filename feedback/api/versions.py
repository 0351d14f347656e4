"""Versions of datasets: sealing, reading, downloading and comparing them."""

import base64
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.api import representations
from feedback.api.bodies import DownloadQuery, HeldOutLine, Paged, Row, VersionBody
from feedback.api.datasets import READ
from feedback.enums import DownloadFormat
from feedback.models import DatasetVersion
from feedback.selectors import containing, downloads
from feedback.selectors import datasets as selector
from feedback.services import datasets, exports, held_out
from governance.exceptions import Held, InvalidInput
from governance.rest import jobs, lines, pagination
from governance.rest.etags import etag, unchanged
from governance.rest.idempotency import idempotent
from governance.rest.lines import JSON, NDJSON, media_type
from governance.rest.serializers import query, validated
from governance.rest.views import Endpoint, principal_of, user_of
from governance.selectors import clock

PARQUET = "application/vnd.apache.parquet"
CSV = "text/csv; charset=utf-8; header=present"
MEDIA_TYPES = {
    DownloadFormat.JSONL: NDJSON,
    DownloadFormat.CSV: CSV,
    DownloadFormat.CSV_RAW: CSV,
    DownloadFormat.PARQUET: PARQUET,
}


RESTRICTED = (
    "Rows of this version are restricted: their erasure is asked for and a legal hold keeps them. "
    "Seal a new version, which leaves them out."
)


class Versions(Endpoint):
    """Seal a version, and list them."""

    scopes = {"POST": ("datasets:write",), "GET": READ}
    parameters = frozenset(Paged().fields)

    @extend_schema(
        operation_id="seal_dataset_version",
        request={JSON: VersionBody, NDJSON: HeldOutLine(many=True)},
        responses={202: OpenApiResponse(OpenApiTypes.OBJECT, "The job; Location says where.")},
    )
    @idempotent
    def post(self, request: Request, slug: str) -> Response:
        """Start a job that seals a version. What is in it can no longer be undone.

        Of a held-out set, the rows are sent as lines (at most 10,000), and the job is done when it
        is answered: all of them are sealed, or none. A row that a training version of the pipeline
        holds (by name, by input or by the person it is about) is a 409 that names it.
        """
        if media_type(request) == NDJSON:
            return jobs.accepted(
                held_out.seal(
                    principal=principal_of(request), actor=user_of(request), slug=slug,
                    lines=lines.objects(request), now=clock.now(),
                )
            )  # fmt: skip
        body = validated(VersionBody, request.data)
        job = datasets.request_version(
            principal=principal_of(request),
            actor=user_of(request),
            slug=slug,
            as_of=body.get("as_of"),
            now=clock.now(),
        )
        return jobs.accepted(job)

    @extend_schema(
        operation_id="list_dataset_versions", parameters=[Paged], responses=OpenApiTypes.OBJECT
    )
    def get(self, request: Request, slug: str) -> Response:
        """List the versions of a dataset, the newest first."""
        query(Paged, request)
        rows = selector.versions(principal_of(request), slug)
        return Response(pagination.page(request, rows, representations.versions))


class OneVersion(Endpoint):
    """A version."""

    scopes = {"GET": READ}

    @extend_schema(operation_id="get_dataset_version", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, slug: str, number: int) -> Response:
        """Return a version with its card, without its rows."""
        row = selector.version(principal_of(request), slug, number)
        rows = containing.overturned(row)
        gone = rows.count()
        tag = f"{downloads.tag(row)}-overturned-{gone}" if gone else downloads.tag(row)
        if unchanged(request, tag):
            return Response(status=304, headers={"ETag": etag(tag)})
        shown = representations.version(row) | {"overturned": representations.overturned(rows)}
        return Response(shown, headers={"ETag": etag(tag)})


class Download(Endpoint):
    """The rows of a version."""

    scopes = {"GET": READ}
    parameters = frozenset(DownloadQuery().fields)

    @extend_schema(
        operation_id="download_dataset_version",
        parameters=[DownloadQuery],
        responses={
            (200, NDJSON): Row(many=True),
            (200, "text/csv"): OpenApiTypes.STR,
            (200, PARQUET): OpenApiTypes.BINARY,
        },
    )
    def get(self, request: Request, slug: str, number: int) -> HttpResponseBase:
        """Stream the rows: the same bytes for ever, whose SHA-256 and size the version states.

        Where the pipeline holds personal data, its sources must cover `purpose`; a 403 otherwise.
        After an erasure the rows that are left have a SHA-256 of their own; a 409 with Retry-After
        while that is worked out. While rows are restricted, because a legal hold keeps what
        somebody asked to have erased, it is a 423 for whoever does not read all on record.
        """
        wanted = query(DownloadQuery, request)
        kind = _format(wanted["format"], raw=wanted["raw"])
        row = selector.version(principal_of(request), slug, number)
        if containing.restricted(principal_of(request), row):
            raise Held(RESTRICTED)
        exports.check(
            version=row, purpose=wanted["purpose"], actor=user_of(request), now=clock.now()
        )
        tag = downloads.tag(row)
        if unchanged(request, tag):
            return HttpResponse(status=304, headers={"ETag": etag(tag)})
        file = downloads.chosen(row, kind)
        return StreamingHttpResponse(
            downloads.stream(file), content_type=MEDIA_TYPES[kind], headers=_headers(row, file)
        )


def _format(name: str, *, raw: bool) -> DownloadFormat:
    if not raw:
        return DownloadFormat(name)
    if name != DownloadFormat.CSV:
        raise InvalidInput.at("/raw", f"{name} is raw already: raw is for csv.", code="conflict")
    return DownloadFormat.CSV_RAW


def _headers(row: DatasetVersion, file: downloads.File) -> dict[str, Any]:
    digest = base64.b64encode(bytes.fromhex(file.sha256)).decode()
    ending = file.format.partition("-")[0]
    return {
        "Content-Length": file.size,
        "Content-Disposition": f'attachment; filename="{row.dataset.slug}-v{row.number}.{ending}"',
        "ETag": etag(downloads.tag(row)),
        "Digest": f"sha-256={digest}",
        "Repr-Digest": f"sha-256=:{digest}:",
    }


class Diff(Endpoint):
    """How two versions of a dataset differ."""

    scopes = {"GET": READ}

    @extend_schema(operation_id="diff_dataset_versions", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, slug: str, before: int, after: int) -> Response:
        """Count what was added, removed and changed from the first version to the second.

        The first 1,000 of each are named, in order of external_id, a changed row with the fields
        that differ; `truncated` says when there are more.
        """
        old = selector.version(principal_of(request), slug, before)
        new = selector.version(principal_of(request), slug, after)
        found = selector.differences(principal_of(request), old, new)
        return Response(representations.difference(old, new, found))
