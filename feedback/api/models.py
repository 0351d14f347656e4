"""The registry of models."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.domain.registry import WRONG_DIGEST, Registration
from feedback.domain.system_cards import markdown
from feedback.models import ModelVersion
from feedback.selectors import registry as registered
from feedback.selectors import system_cards
from feedback.services import registry
from governance.rest import etags, pagination
from governance.rest.etags import etag, unchanged
from governance.rest.idempotency import idempotent
from governance.rest.schema import Shown, page_of
from governance.rest.serializers import StrictCharField, StrictSerializer, query, validated
from governance.rest.views import Endpoint, principal_of, user_of
from governance.selectors import clock

MARKDOWN = "text/markdown"
READ = ("models:write", "datasets:read", "audit:read", "govern")


class TrainedOn(StrictSerializer):
    """A sealed version of a dataset."""

    dataset = StrictCharField(max_length=63)
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class ModelVersionBody(StrictSerializer):
    """A version of a model. What was not trained on sealed datasets names none."""

    version = StrictCharField(max_length=120)
    artifact_uri = StrictCharField(max_length=1000, help_text="Where its bytes lie.")
    digest = StrictCharField(max_length=71, help_text=WRONG_DIGEST)
    trained_on = serializers.ListField(child=TrainedOn(), required=False, max_length=100)
    parent = StrictCharField(  # type: ignore[assignment] # the name is the contract's
        max_length=120, required=False, help_text="A version of this model."
    )


class ModelVersionFilter(StrictSerializer):
    """The query parameters of the lists of versions."""

    cursor = StrictCharField(required=False)
    limit = StrictCharField(required=False)


class TrainedOnShown(Shown):
    """A sealed version of a dataset, and its digest."""

    dataset = serializers.SlugField()
    version = serializers.IntegerField()
    digest = serializers.CharField()


class ModelVersionShown(Shown):
    """A version of a model."""

    id = serializers.UUIDField()
    ref = serializers.CharField(help_text="What `from` of lineage takes.")
    name = serializers.CharField()
    version = serializers.CharField()
    artifact_uri = serializers.CharField()
    digest = serializers.CharField()
    parent = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    trained_on = TrainedOnShown(many=True)
    registered_by = serializers.CharField()
    registered_at = serializers.DateTimeField()


class CardFilter(StrictSerializer):
    """The query parameters of a card."""

    format = serializers.ChoiceField(["json", "markdown"], default="json")


class CardShown(Shown):
    """A system card. Each fact names as `record` the row that it follows from."""

    model = serializers.DictField()
    purpose = serializers.ListField(child=serializers.DictField())
    training = serializers.ListField(child=serializers.DictField())
    performance = serializers.ListField(child=serializers.DictField())
    weak_slices = serializers.ListField(child=serializers.DictField())
    gates = serializers.ListField(child=serializers.DictField())
    oversight = serializers.ListField(child=serializers.DictField())
    in_force = serializers.ListField(child=serializers.DictField())
    open_incidents = serializers.ListField(child=serializers.DictField())
    stops = serializers.ListField(child=serializers.DictField())
    limits = serializers.ListField(child=serializers.DictField())


VERSIONS = page_of(ModelVersionShown)


class Models(Endpoint):
    """The versions of all models."""

    scopes = {"GET": READ}
    parameters = frozenset(ModelVersionFilter().fields)

    @extend_schema(
        operation_id="list_models",
        parameters=[ModelVersionFilter],
        responses=VERSIONS,
    )
    def get(self, request: Request) -> Response:
        """List the versions of all models, the newest first."""
        query(ModelVersionFilter, request)
        return Response(
            pagination.page(request, registered.within(principal_of(request)), all_shown)
        )


class ModelVersions(Endpoint):
    """The versions of a model."""

    scopes = {"GET": READ, "POST": ("models:write",)}
    parameters = frozenset(ModelVersionFilter().fields)
    parameters_of_post = frozenset[str]()

    @extend_schema(
        operation_id="register_model_version",
        request=ModelVersionBody,
        responses={201: ModelVersionShown},
    )
    @idempotent
    def post(self, request: Request, name: str) -> Response:
        """Register a version of a model, with what it was trained on. It never changes."""
        body = validated(ModelVersionBody, request.data)
        wanted = Registration(
            name, body["version"], body["artifact_uri"], body["digest"],
            tuple((each["dataset"], each["version"]) for each in body.get("trained_on", ())),
            body.get("parent", ""),
        )  # fmt: skip
        row = registry.register(
            principal=principal_of(request), actor=user_of(request), wanted=wanted, now=clock.now()
        )
        place = f"/api/v1/models/{row.name}/versions/{row.version}"
        headers = {"Location": place, "ETag": etag(row.digest)}
        return Response(shown(row), status=201, headers=headers)

    @extend_schema(
        operation_id="list_model_versions",
        parameters=[ModelVersionFilter],
        responses=VERSIONS,
    )
    def get(self, request: Request, name: str) -> Response:
        """List the versions of a model, the newest first; none, where there is no such model."""
        query(ModelVersionFilter, request)
        rows = registered.within(principal_of(request)).filter(name=name)
        return Response(pagination.page(request, rows, all_shown))


class OneModelVersion(Endpoint):
    """A version of a model."""

    scopes = {"GET": READ}

    @extend_schema(operation_id="get_model_version", responses=ModelVersionShown)
    def get(self, request: Request, name: str, version: str) -> Response:
        """Return a version of a model."""
        row = registered.version(principal_of(request), name, version)
        if unchanged(request, row.digest):
            return Response(status=304, headers={"ETag": etag(row.digest)})
        return Response(shown(row), headers={"ETag": etag(row.digest)})


class ModelCard(Endpoint):
    """The system card of a version."""

    scopes = {"GET": READ}
    parameters = frozenset(CardFilter().fields)

    @extend_schema(
        operation_id="get_model_card",
        parameters=[CardFilter],
        responses={(200, "application/json"): CardShown, (200, MARKDOWN): OpenApiTypes.STR},
    )
    def get(self, request: Request, name: str, version: str) -> HttpResponse:
        """Return what a version is for, how well it does by slice, who watches it, and its limits.

        It is made anew from the records whenever it is asked for.
        """
        wanted = query(CardFilter, request)
        principal = principal_of(request)
        card = system_cards.of(principal, registered.version(principal, name, version))
        if wanted["format"] == "markdown":
            return HttpResponse(markdown(card), content_type=f"{MARKDOWN}; charset=utf-8")
        return etags.answer(request, card)


def all_shown(rows: Iterable[ModelVersion]) -> list[dict[str, Any]]:
    """Return versions as the API gives them."""
    return [shown(row) for row in rows]


def shown(row: ModelVersion) -> dict[str, Any]:
    """Return a version as the API gives it."""
    versions = [training.dataset_version for training in row.trainings.all()]
    trained_on = [
        {"dataset": each.dataset.slug, "version": each.number, "digest": each.digest}
        for each in sorted(versions, key=lambda v: (v.dataset.slug, v.number))
    ]
    return {
        "id": row.pk,
        "ref": f"model:{row}",
        "name": row.name,
        "version": row.version,
        "artifact_uri": row.artifact_uri,
        "digest": row.digest,
        "parent": row.parent.version if row.parent else None,
        "trained_on": trained_on,
        "registered_by": row.registered_by.username,
        "registered_at": row.registered_at,
    }
