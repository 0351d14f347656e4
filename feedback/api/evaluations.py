"""Evaluations: versions of models, looked at with held-out sets."""

import uuid
from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.models import Evaluation
from feedback.selectors import evaluations as seen
from feedback.services import evaluations
from governance.rest import lines, pagination
from governance.rest.idempotency import idempotent
from governance.rest.lines import JSON, NDJSON
from governance.rest.schema import Shown, page_of
from governance.rest.serializers import (
    ShareField,
    StrictCharField,
    StrictSerializer,
    query,
    validated,
)
from governance.rest.views import Endpoint, principal_of, user_of
from governance.selectors import clock

READ, WRITE = ("models:write", "audit:read", "govern"), ("models:write",)


class EvaluationBody(StrictSerializer):
    """A version of a model, and a version of a held-out set."""

    model = StrictCharField(max_length=120)
    version = StrictCharField(max_length=120)
    dataset = StrictCharField(max_length=63)
    dataset_version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class EvaluationFilter(StrictSerializer):
    """The query parameters of the list."""

    model = StrictCharField(required=False)
    version = StrictCharField(required=False)
    dataset = StrictCharField(required=False)
    cursor = StrictCharField(required=False)
    limit = StrictCharField(required=False)


class EvaluationLine(serializers.Serializer[object]):
    """What the model says of one row of the set."""

    external_id = serializers.CharField()
    output = serializers.DictField()
    confidence = ShareField(required=False)


class CountsShown(Shown):
    """How many rows, and of how many the model gave the answer."""

    n = serializers.IntegerField()
    correct = serializers.IntegerField()


class FiguresShown(CountsShown):
    """What came of an evaluation; the last two are null where a row has no confidence."""

    slices = serializers.DictField(child=CountsShown())
    brier = serializers.FloatField(allow_null=True)
    calibration_error = serializers.FloatField(allow_null=True)


class EvaluationShown(Shown):
    """An evaluation; `digest` and `figures` are null until it is finished."""

    id = serializers.UUIDField()
    model = serializers.CharField()
    version = serializers.CharField()
    pipeline = serializers.SlugField()
    dataset = serializers.SlugField()
    dataset_version = serializers.IntegerField()
    state = serializers.ChoiceField(["open", "finished"])
    digest = serializers.CharField(allow_null=True)
    figures = FiguresShown(allow_null=True)
    started_by = serializers.CharField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class TakenShown(Shown):
    """How many predictions were taken."""

    taken = serializers.IntegerField()


class Evaluations(Endpoint):
    """The evaluations."""

    scopes = {"GET": READ, "POST": WRITE}
    parameters = frozenset(EvaluationFilter().fields)
    parameters_of_post = frozenset[str]()

    @extend_schema(
        operation_id="start_evaluation", request=EvaluationBody, responses={201: EvaluationShown}
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Begin an evaluation: each look at a held-out set is counted."""
        row = evaluations.start(
            principal=principal_of(request), actor=user_of(request), now=clock.now(),
            **validated(EvaluationBody, request.data),
        )  # fmt: skip
        headers = {"Location": f"/api/v1/evaluations/{row.pk}"}
        return Response(shown(row), status=201, headers=headers)

    @extend_schema(
        operation_id="list_evaluations",
        parameters=[EvaluationFilter],
        responses=page_of(EvaluationShown),
    )
    def get(self, request: Request) -> Response:
        """List evaluations, the newest first."""
        wanted = query(EvaluationFilter, request)
        lookups = {
            "model": "model__name", "version": "model__version",
            "dataset": "dataset_version__dataset__slug",
        }  # fmt: skip
        rows = seen.within(principal_of(request)).filter(
            **{path: wanted[name] for name, path in lookups.items() if name in wanted}
        )
        return Response(pagination.page(request, rows, all_shown))


class OneEvaluation(Endpoint):
    """An evaluation."""

    scopes = {"GET": READ}

    @extend_schema(operation_id="get_evaluation", responses=EvaluationShown)
    def get(self, request: Request, evaluation_id: uuid.UUID) -> Response:
        """Return an evaluation, with its figures once it is finished."""
        return Response(shown(seen.evaluation(principal_of(request), evaluation_id)))


class EvaluationPredictions(Endpoint):
    """What the model says."""

    scopes = {"POST": WRITE}

    @extend_schema(
        operation_id="fill_evaluation",
        request={JSON: EvaluationLine, NDJSON: EvaluationLine(many=True)},
        responses={201: TakenShown},
    )
    @idempotent
    def post(self, request: Request, evaluation_id: uuid.UUID) -> Response:
        """Take what the model says of rows of the set, all lines or none, each row once."""
        taken = evaluations.add(
            principal=principal_of(request), actor=user_of(request), evaluation_id=evaluation_id,
            lines=lines.objects(request), now=clock.now(),
        )  # fmt: skip
        return Response({"taken": taken}, status=201)


class EvaluationFinishing(Endpoint):
    """The end of an evaluation."""

    scopes = {"POST": WRITE}

    @extend_schema(operation_id="finish_evaluation", request=None, responses=EvaluationShown)
    @idempotent
    def post(self, request: Request, evaluation_id: uuid.UUID) -> Response:
        """Finish an evaluation: a 409 names rows without a prediction."""
        validated(StrictSerializer, request.data)
        row = evaluations.finish(
            principal=principal_of(request), actor=user_of(request), evaluation_id=evaluation_id,
            now=clock.now(),
        )  # fmt: skip
        return Response(shown(row))


def all_shown(rows: Iterable[Evaluation]) -> list[dict[str, Any]]:
    """Return evaluations as the API gives them."""
    return [shown(row) for row in rows]


def shown(row: Evaluation) -> dict[str, Any]:
    """Return an evaluation as the API gives it."""
    finish, dataset = getattr(row, "finish", None), row.dataset_version.dataset
    return {
        "id": row.pk,
        "model": row.model.name,
        "version": row.model.version,
        "pipeline": dataset.pipeline.slug,
        "dataset": dataset.slug,
        "dataset_version": row.dataset_version.number,
        "state": "finished" if finish else "open",
        "digest": finish.digest if finish else None,
        "figures": finish.figures if finish else None,
        "started_by": row.started_by.username,
        "started_at": row.started_at,
        "finished_at": finish.finished_at if finish else None,
    }
