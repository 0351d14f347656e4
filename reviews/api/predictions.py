"""Predictions in, and what became of them."""

import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import orjson
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response

from governance.domain.faults import Fault
from governance.exceptions import DomainError, InvalidInput, NotFound, NotPermitted
from governance.rest import pagination, problems
from governance.rest.etags import etag, unchanged
from governance.rest.idempotency import idempotent
from governance.rest.parsers import MAX_LINES, MAX_OBJECT, MAX_STREAM, TooLarge, read_body
from governance.rest.serializers import StrictCharField, StrictSerializer, query
from governance.rest.views import Endpoint, principal_of, user_of
from governance.selectors import clock
from reviews.api import representations
from reviews.domain.intake import Candidate
from reviews.enums import Disposition
from reviews.selectors import records, trace
from reviews.selectors.blindness import is_hidden
from reviews.services import intake

NDJSON = "application/x-ndjson"
POLL = timedelta(milliseconds=250)
MAX_WAIT = 60
STATUS_TITLES = {404: "Not found", 409: "Conflict"}


class PredictionFilter(StrictSerializer):
    """The query parameters of the list."""

    pipeline = StrictCharField(required=False)
    external_id = StrictCharField(required=False)
    disposition = serializers.ChoiceField(Disposition.choices, required=False)
    tier = StrictCharField(required=False)
    model_version = StrictCharField(required=False)
    cursor = StrictCharField(required=False)
    limit = StrictCharField(required=False)
    atomic = serializers.BooleanField(required=False)


class Model(StrictSerializer):
    """Which model made a prediction."""

    name = StrictCharField(max_length=120)
    version = StrictCharField(max_length=120)


class PredictionBody(StrictSerializer):
    """A prediction as it is sent; reviews.domain.intake checks it."""

    pipeline = StrictCharField()
    external_id = StrictCharField(max_length=200)
    input = serializers.DictField()
    output = serializers.DictField()
    confidence = serializers.FloatField(min_value=0, max_value=1, required=False)
    scores = serializers.DictField(child=serializers.FloatField(), required=False)
    scenario_type = StrictCharField(max_length=120, required=False)
    characteristics = serializers.DictField(required=False)
    model = Model()
    occurred_at = serializers.DateTimeField(required=False)
    subject = serializers.DictField(required=False)


class Predictions(Endpoint):
    """Send predictions, and list them."""

    scopes = {"POST": ("predictions:write",), "GET": ("predictions:write", "audit:read", "review")}
    parameters = frozenset(PredictionFilter().fields)

    @extend_schema(
        operation_id="send_predictions",
        request={"application/json": PredictionBody, NDJSON: OpenApiTypes.BINARY},
        responses={200: OpenApiTypes.OBJECT, 201: OpenApiTypes.OBJECT},
        parameters=[OpenApiParameter("atomic", bool, description="Take all lines or none.")],
    )
    @idempotent
    def post(self, request: Request) -> HttpResponseBase:
        """Take one prediction (JSON) or many (NDJSON), each once."""
        kind = (request.content_type or "").split(";")[0].strip().lower()
        if kind == NDJSON:
            return _take_lines(request)
        if kind != "application/json":
            raise UnsupportedMediaType(kind)
        return _take_one(request)

    @extend_schema(
        operation_id="list_predictions",
        parameters=[PredictionFilter],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> Response:
        """List predictions, the newest first."""
        wanted = query(PredictionFilter, request)
        rows = records.predictions(principal_of(request))
        lookups = {"pipeline": "pipeline__slug"}
        plain = ("pipeline", "external_id", "disposition", "tier", "model_version")
        rows = rows.filter(**{lookups.get(n, n): wanted[n] for n in plain if n in wanted})
        principal = principal_of(request)
        return Response(
            pagination.page(
                request, rows, lambda found: representations.predictions(principal, found)
            )
        )


def _body(request: Request, limit: int) -> bytes:
    stream = request._request
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    return read_body(stream, encoding=encoding, limit=limit)


def _take_one(request: Request) -> Response:
    parsed = intake.parse(_body(request, MAX_OBJECT))
    (taken,) = intake.accept(
        candidates=[parsed],
        principal=principal_of(request),
        actor=user_of(request),
        now=clock.now(),
    )
    if taken.outcome == intake.REJECTED:
        raise _refusal(taken)
    row = records.predictions(principal_of(request)).get(pk=str(taken.id))
    blind = is_hidden(principal_of(request), representations.item_of(row))
    return Response(
        representations.prediction(row, blind=blind),
        status=taken.status,
        headers={"Location": f"/api/v1/predictions/{taken.id}"},
    )


def _refusal(taken: intake.Taken) -> DomainError:
    if taken.status == 400:
        return InvalidInput(taken.faults[0].detail, faults=taken.faults)
    error = DomainError(taken.faults[0].detail, faults=taken.faults)
    error.status, error.title = taken.status, STATUS_TITLES[taken.status]
    error.code = taken.faults[0].code
    return error


def _take_lines(request: Request) -> HttpResponse:
    raw = _body(request, MAX_STREAM)
    numbered = [(i, line) for i, line in enumerate(raw.split(b"\n"), 1) if line.strip()]
    if len(numbered) > MAX_LINES:
        raise TooLarge(f"A call brings at most {MAX_LINES} lines; this one has {len(numbered)}.")
    atomic = bool(query(PredictionFilter, request).get("atomic", False))
    results = intake.accept(
        candidates=[_parsed(line) for _, line in numbered],
        principal=principal_of(request),
        actor=user_of(request),
        now=clock.now(),
        atomic=atomic,
    )
    if atomic and any(result.outcome == intake.REJECTED for result in results):
        raise _none_taken(numbered, results)
    numbers = (number for number, _ in numbered)
    body = b"\n".join(_line(n, result) for n, result in zip(numbers, results, strict=True))
    return HttpResponse(body + b"\n" if body else b"", content_type=NDJSON)


def _parsed(line: bytes) -> Candidate | intake.Taken:
    if len(line) > MAX_OBJECT:
        fault = Fault("", "length", f"A line has at most {MAX_OBJECT} bytes.")
        return intake.Taken(intake.REJECTED, status=413, faults=(fault,))
    return intake.parse(line)


def _none_taken(numbered: list[tuple[int, bytes]], results: list[intake.Taken]) -> InvalidInput:
    faults = tuple(
        fault.below(f"/{number}")
        for (number, _), result in zip(numbered, results, strict=True)
        if result.outcome == intake.REJECTED
        for fault in result.faults
    )
    return InvalidInput(f"{len(faults)} faults; nothing was taken.", faults=faults[:1000])


def _line(number: int, taken: intake.Taken) -> bytes:
    shown: dict[str, Any] = {
        "line": number,
        "external_id": taken.external_id,
        "status": taken.outcome,
    }
    if taken.outcome == intake.REJECTED:
        shown["problem"] = problems.body(
            status=taken.status,
            title=STATUS_TITLES.get(taken.status, "The prediction is not valid"),
            detail=taken.faults[0].detail,
            code=taken.faults[0].code,
            faults=taken.faults,
        )
    else:
        shown |= {"id": str(taken.id), "tier": taken.tier, "disposition": taken.disposition}
    return orjson.dumps(shown)


class WaitQuery(StrictSerializer):
    """The query parameters of one prediction."""

    wait = serializers.IntegerField(min_value=0, max_value=MAX_WAIT, required=False)


class OnePrediction(Endpoint):
    """One prediction."""

    scopes = {"GET": ("predictions:write", "audit:read", "review")}
    parameters = frozenset(("wait",))

    @extend_schema(
        operation_id="get_prediction", parameters=[WaitQuery], responses=OpenApiTypes.OBJECT
    )
    def get(self, request: Request, prediction_id: uuid.UUID) -> Response:
        """Return a prediction; with `wait`, as soon as it is resolved or the seconds are over."""
        principal = principal_of(request)
        wait = query(WaitQuery, request).get("wait", 0)
        row = None
        for row in _until(wait, lambda: _find(request, prediction_id)):
            item = representations.item_of(row)
            if item is None or item.resolution_id is not None:
                break
        assert row is not None
        item = representations.item_of(row)
        blind = is_hidden(principal, item)
        version = f"{row.pk}-{item.revision if item else 0}-{int(blind)}"
        if unchanged(request, version):
            return Response(status=304, headers={"ETag": etag(version)})
        return Response(
            representations.prediction(row, blind=blind), headers={"ETag": etag(version)}
        )


def _find(request: Request, prediction_id: uuid.UUID) -> Any:
    row = records.predictions(principal_of(request)).filter(pk=prediction_id).first()
    if row is None:
        raise NotFound("There is no such prediction.")
    return row


def _until(seconds: int, look: Any) -> Iterator[Any]:
    end = time.monotonic() + seconds
    yield look()
    while time.monotonic() < end:
        time.sleep(POLL.total_seconds())
        yield look()


class PredictionTrace(Endpoint):
    """All that happened to a prediction."""

    scopes = {"GET": ("audit:read",)}

    @extend_schema(
        operation_id="get_trace",
        responses={200: OpenApiResponse(OpenApiTypes.OBJECT, "`{events: […]}`, in order")},
    )
    def get(self, request: Request, prediction_id: uuid.UUID) -> Response:
        """Return its events in order: received, routed, and each act on its item."""
        row = _find(request, prediction_id)
        if is_hidden(principal_of(request), representations.item_of(row)):
            raise NotPermitted("The item is blind: decide it first.")
        return Response({"events": trace.events(row)})
