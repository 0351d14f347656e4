"""Setting up over HTTP."""

from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.schemas import ApplyShown, VersionDocument, VersionsShown
from governance.domain.documents.sources import UnreadableSource, load
from governance.enums import PolicyKind, PolicyMode, Scope
from governance.exceptions import InvalidInput, NotFound, NotPermitted
from governance.models import Pipeline, PolicyVersion
from governance.rest.etags import etag, require_match, unchanged
from governance.rest.idempotency import idempotent
from governance.rest.parsers import MAX_OBJECT, parse_value, read_body
from governance.rest.serializers import StrictCharField, StrictSerializer, query
from governance.rest.views import Endpoint, principal_of, user_of
from governance.services import configuration

JSON = "application/json"
YAML = ("application/yaml", "application/x-yaml", "text/yaml")
FOR_ADMINISTRATORS = ("Role", "Person", "Calendar", "SLAPolicy")
READ = ("config:write", "audit:read", "admin")
ONE_DOCUMENT = {JSON: OpenApiTypes.OBJECT, "application/yaml": OpenApiTypes.STR}
DOCUMENTS = {
    JSON: {
        "oneOf": [
            {"type": "object", "required": ["kind"]},
            {"type": "array", "items": {"type": "object", "required": ["kind"]}},
        ]
    },
    "application/yaml": OpenApiTypes.STR,
}
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="The ETag of what you read; or `*`."
)
IF_NONE_MATCH = OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER)


class ApplyQuery(StrictSerializer):
    """The query parameters of apply."""

    dry_run = serializers.BooleanField(required=False)
    reason = StrictCharField(required=False, max_length=500)


class ModeQuery(StrictSerializer):
    """The query parameters of writing a configuration."""

    mode = serializers.ChoiceField(PolicyMode.choices, required=False)
    reason = StrictCharField(required=False, max_length=500)


def _documents(request: Request) -> list[Any]:
    encoding = request.headers.get("Content-Encoding", "").lower()
    raw = read_body(request._request, encoding=encoding, limit=MAX_OBJECT)
    kind = (request.content_type or "").split(";")[0].strip().lower()
    if kind not in (JSON, *YAML):
        raise UnsupportedMediaType(kind)
    if kind in YAML:
        try:
            return load(raw.decode("utf-8"), "body")
        except (UnreadableSource, UnicodeDecodeError) as error:
            raise InvalidInput(str(error)) from None
    value = parse_value(raw, of=(list, dict))
    return value if isinstance(value, list) else [value]


class Apply(Endpoint):
    """Configuration as code."""

    scopes = {"POST": ("config:write", "admin")}
    parameters = frozenset(ApplyQuery().fields)

    @extend_schema(
        operation_id="apply",
        parameters=[ApplyQuery],
        request=DOCUMENTS,
        responses=ApplyShown,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Apply documents (a YAML stream or a JSON list), all or none."""
        wanted, sources = query(ApplyQuery, request), _documents(request)
        _refuse_beyond(request, sources)
        done = configuration.apply(
            sources=sources,
            actor=user_of(request),
            reason=wanted.get("reason", "Applied over the API"),
            now=timezone.now(),
            dry_run=wanted.get("dry_run", False),
        )
        return Response(
            {
                "results": [
                    {"kind": a.kind, "slug": a.slug, "outcome": a.outcome, "diff": a.diff}
                    for a in done
                ]
            }
        )


def _refuse_beyond(request: Request, sources: list[Any]) -> None:
    """Refuse documents that this token may not write.

    People, roles and clocks belong to the whole installation and need the scope admin; so does a
    new pipeline. Without it, a token changes the pipelines that it reaches.
    """
    principal = principal_of(request)
    if principal.has_scope(Scope.ADMIN) and principal.pipelines is None:
        return
    for source in sources:
        kind = source.get("kind") if isinstance(source, dict) else None
        if kind in FOR_ADMINISTRATORS:
            raise NotPermitted(f"A {kind} is written by an administrator with the scope admin.")
        if kind == "Pipeline":
            _pipeline(request, str(source.get("slug")))


def _pipeline(request: Request, slug: str) -> Pipeline:
    principal = principal_of(request)
    row = Pipeline.objects.select_related("live", "shadow").filter(slug=slug).first()
    if row is None or not principal.sees(row.pk):
        raise NotFound(f"There is no pipeline {slug[:63]!r} within reach of this token.")
    return row


def _live(row: Pipeline) -> PolicyVersion:
    if row.live is None:
        raise NotFound("Nothing is live here yet: publish a draft.")
    return row.live


def _document(slug: str, version: PolicyVersion) -> dict[str, Any]:
    return {"kind": "Pipeline", "slug": slug, **version.document}


class Config(Endpoint):
    """The configuration of a pipeline."""

    scopes = {"GET": READ, "PUT": ("config:write",)}
    parameters = frozenset(ModeQuery().fields)

    @extend_schema(
        operation_id="get_config",
        parameters=[IF_NONE_MATCH],
        responses={200: OpenApiTypes.OBJECT, 304: OpenApiResponse(description="Unchanged.")},
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return the live document; its ETag is the version's digest."""
        version = _live(_pipeline(request, slug))
        if unchanged(request, version.digest):
            return Response(status=304, headers={"ETag": etag(version.digest)})
        return Response(_document(slug, version), headers={"ETag": etag(version.digest)})

    @extend_schema(
        operation_id="put_config",
        parameters=[ModeQuery, IF_MATCH],
        request=ONE_DOCUMENT,
        responses=VersionDocument,
    )
    def put(self, request: Request, slug: str) -> Response:
        """Write the document as draft, shadow or live (the default); needs If-Match."""
        wanted, row = query(ModeQuery, request), _pipeline(request, slug)
        require_match(request, row.live.digest if row.live else "none")
        sources = _documents(request)
        if len(sources) != 1 or not isinstance(sources[0], dict):
            raise InvalidInput("Send one Pipeline document.")
        version = configuration.put(
            pipeline_id=row.pk,
            source={"kind": "Pipeline", "slug": slug} | sources[0],
            mode=PolicyMode(wanted.get("mode", PolicyMode.LIVE)),
            actor=user_of(request),
            reason=wanted.get("reason", "Written over the API"),
            now=timezone.now(),
            read=row.live,
        )
        row.refresh_from_db()
        return Response(
            _version(version) | {"mode": _mode(row, version), "document": _document(slug, version)},
            headers={"ETag": etag(version.digest)},
        )


def _version(version: PolicyVersion) -> dict[str, Any]:
    return {
        "number": version.number,
        "digest": version.digest,
        "author": version.author.username if version.author else None,
        "created_at": version.created_at,
        "reason": version.reason,
        "guideline_version": version.guideline_version,
        "glossary_version": version.glossary_version,
        "diff": version.diff,
    }


def _mode(row: Pipeline, version: PolicyVersion) -> str:
    if row.live_id == version.pk:
        return PolicyMode.LIVE
    return PolicyMode.SHADOW if row.shadow_id == version.pk else PolicyMode.DRAFT


class ConfigVersions(Endpoint):
    """The versions of a pipeline's configuration."""

    scopes = {"GET": READ}

    @extend_schema(operation_id="list_config_versions", responses=VersionsShown)
    def get(self, request: Request, slug: str) -> Response:
        """List the versions, the newest first."""
        row = _pipeline(request, slug)
        versions = PolicyVersion.objects.filter(kind=PolicyKind.PIPELINE, slug=slug)
        shown = [
            _version(version) | {"mode": _mode(row, version)}
            for version in versions.select_related("author").order_by("-number")
        ]
        return Response({"results": shown, "next": None, "previous": None})


class OneConfigVersion(Endpoint):
    """One version of a pipeline's configuration."""

    scopes = {"GET": READ}

    @extend_schema(operation_id="get_config_version", responses=VersionDocument)
    def get(self, request: Request, slug: str, number: int) -> Response:
        """Return a version with its document."""
        row = _pipeline(request, slug)
        version = (
            PolicyVersion.objects.select_related("author")
            .filter(kind=PolicyKind.PIPELINE, slug=slug, number=number)
            .first()
        )
        if version is None:
            raise NotFound("There is no such version.")
        shown = _version(version) | {"mode": _mode(row, version)}
        return Response(
            shown | {"document": _document(slug, version)}, headers={"ETag": etag(version.digest)}
        )
