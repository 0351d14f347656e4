"""Audit packs: all that is on record of a time, in one zip that proves itself."""

import base64
import uuid
from collections.abc import Iterable
from typing import Any

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.api.bodies import Paged
from feedback.models import AuditPack
from feedback.selectors import packs
from feedback.services import audit_packs
from feedback.services.audit_packs import Wanted
from governance.rest import jobs, pagination
from governance.rest.idempotency import idempotent
from governance.rest.serializers import (
    MomentField,
    StrictCharField,
    StrictSerializer,
    query,
    validated,
)
from governance.rest.views import Endpoint, principal_of, user_of
from governance.selectors import clock

ZIP = "application/zip"


class PackBody(StrictSerializer):
    """What a pack is to be about, and what for."""

    purpose = StrictCharField(
        max_length=60, help_text="A word, which the sources of personal data must cover: `audit`."
    )
    pipeline = StrictCharField(
        required=False, max_length=63, help_text="Without it: all that is within reach."
    )
    since = MomentField(required=False, help_text="From the start of the record without it.")
    until = MomentField(required=False, help_text="Itself not in it; without it, the checkpoint's.")
    texts = serializers.BooleanField(
        default=False, help_text="With what people wrote; takes a role that may read the records."
    )
    checkpoint = serializers.IntegerField(
        required=False, min_value=1, max_value=2**53 - 1,
        help_text="The size of the ledger to bind it to; the latest checkpoint without it.",
    )  # fmt: skip


class AuditPacks(Endpoint):
    """Ask for a pack, and list those that were made."""

    scopes = {"POST": ("audit:read",), "GET": ("audit:read",)}
    parameters = frozenset(Paged().fields)
    parameters_of_post = frozenset()

    @extend_schema(
        operation_id="request_audit_pack",
        request=PackBody,
        responses={202: OpenApiResponse(OpenApiTypes.OBJECT, "The job; Location says where.")},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Start a job that makes a pack; its result says where the pack is.

        The same scope under the same checkpoint makes the same bytes, as long as nothing in it was
        erased. A purpose that a source does not cover is a 403, and on record.
        """
        wanted = Wanted(**validated(PackBody, request.data))
        job = audit_packs.request(
            principal=principal_of(request), actor=user_of(request), wanted=wanted, now=clock.now()
        )
        return jobs.accepted(job)

    @extend_schema(
        operation_id="list_audit_packs", parameters=[Paged], responses=OpenApiTypes.OBJECT
    )
    def get(self, request: Request) -> Response:
        """List the packs that the token's user asked for, the newest first."""
        query(Paged, request)
        return Response(pagination.page(request, packs.asked_by(principal_of(request)), _packs))


class OneAuditPack(Endpoint):
    """A pack."""

    scopes = {"GET": ("audit:read",)}

    @extend_schema(operation_id="get_audit_pack", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, pack_id: uuid.UUID) -> Response:
        """Return the scope of a pack and what it digests to."""
        return Response(_pack(packs.own(principal_of(request), pack_id)))


class PackDownload(Endpoint):
    """The bytes of a pack."""

    scopes = {"GET": ("audit:read",)}

    @extend_schema(operation_id="download_audit_pack", responses={(200, ZIP): OpenApiTypes.BINARY})
    def get(self, request: Request, pack_id: uuid.UUID) -> HttpResponseBase:
        """Stream a pack to who asked for it, for a week; a 404 after that, or after an erasure.

        Unpack `verify.py` from it and run `python -I verify.py PACK.zip`.
        """
        row = packs.kept(packs.own(principal_of(request), pack_id))
        return StreamingHttpResponse(packs.stream(row), content_type=ZIP, headers=_headers(row))


def _headers(row: AuditPack) -> dict[str, Any]:
    digest = base64.b64encode(bytes.fromhex(row.sha256)).decode()
    return {
        "Content-Length": row.size,
        "Content-Disposition": f'attachment; filename="{packs.file_name(row)}"',
        "Digest": f"sha-256={digest}",
    }


def _packs(rows: Iterable[AuditPack]) -> list[dict[str, Any]]:
    return [_pack(row) for row in rows]


def _pack(row: AuditPack) -> dict[str, Any]:
    return {
        "id": row.pk,
        "scope": row.scope,
        "root": row.root,
        "sha256": row.sha256,
        "bytes": row.size,
        "event": row.event,
        "made_at": row.made_at,
        "download": f"/api/v1/audit/packs/{row.pk}/download",
    }
