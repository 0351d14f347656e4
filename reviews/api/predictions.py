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
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response

from governance.domain.faults import Fault
from governance.exceptions import DomainError, InvalidInput, NotFound, NotPermitted
from governance.rest import etags, pagination, problems
from governance.rest.idempotency import idempotent
from governance.rest.lines import JSON, NDJSON, body, media_type, numbered
from governance.rest.parsers import MAX_OBJECT, MAX_STREAM
from governance.rest.renderers import JSONRenderer, dumps
from governance.rest.serializers import (
    MomentField,
    MoneyField,
    ShareField,
    StrictCharField,
    StrictSerializer,
    query,
    validated,
)
from governance.rest.views import Endpoint, principal_of, user_of
from governance.selectors import clock
from reviews.api import representations, schemas
from reviews.domain.intake import Candidate
from reviews.domain.lifecycle import ENDED
from reviews.enums import Disposition
from reviews.models import Prediction
from reviews.selectors import records, trace
from reviews.selectors.blindness import is_hidden
from reviews.services import intake, outcomes, overrides, withdrawals

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


class IntakeQuery(StrictSerializer):
    """The query parameters of intake."""

    atomic = serializers.BooleanField(required=False, help_text="Take all lines or none.")


class Model(StrictSerializer):
    """Which model made a prediction."""

    name = StrictCharField(max_length=120)
    version = StrictCharField(max_length=120)


class Subject(StrictSerializer):
    """Whom a prediction is about, and on what basis it may be kept."""

    ref = StrictCharField(max_length=60)
    basis = StrictCharField(max_length=60)


class PredictionBody(StrictSerializer):
    """A prediction as it is sent; reviews.domain.intake checks it."""

    pipeline = StrictCharField()
    external_id = StrictCharField(max_length=200)
    input = serializers.DictField()
    output = serializers.DictField()
    confidence = ShareField(required=False, allow_null=True)
    scores = serializers.DictField(child=serializers.FloatField(), required=False)
    scenario_type = StrictCharField(max_length=120, required=False)
    characteristics = serializers.DictField(required=False)
    model = Model()
    occurred_at = MomentField(required=False)
    subject = Subject(required=False)


class WithdrawBody(StrictSerializer):
    """Why a prediction is taken back."""

    reason = StrictCharField(max_length=500)


class OverrideBody(StrictSerializer):
    """Which outcome stands instead, and why."""

    answer = serializers.JSONField(
        required=False, default=None, allow_null=True,
        help_text="null, or left out: rejected without a better answer.",
    )  # fmt: skip
    reason_code = StrictCharField(max_length=63, required=False, default="")
    rationale = StrictCharField(max_length=2000)


class OutcomeBody(StrictSerializer):
    """What production showed later; `cost` is decimal text."""

    outcome = serializers.DictField(allow_empty=False)
    cost = MoneyField(required=False, allow_null=True)
    observed_at = MomentField()


class Predictions(Endpoint):
    """Send predictions, and list them."""

    scopes = {"POST": ("predictions:write",), "GET": ("predictions:write", "audit:read", "review")}
    parameters = frozenset(PredictionFilter().fields)
    parameters_of_post = frozenset(IntakeQuery().fields)

    @extend_schema(
        operation_id="send_predictions",
        request={"application/json": PredictionBody, NDJSON: OpenApiTypes.BINARY},
        responses={
            (200, "application/json"): schemas.PredictionShown,
            (200, NDJSON): schemas.LineResult,
            (201, "application/json"): schemas.PredictionShown,
        },
        parameters=[
            IntakeQuery,
            OpenApiParameter(
                "Content-Encoding", str, OpenApiParameter.HEADER, enum=["gzip", "identity"]
            ),
        ],
    )
    @idempotent
    def post(self, request: Request) -> HttpResponseBase:
        """Take one prediction (JSON) or many (NDJSON), each once."""
        kind = media_type(request)
        if kind == NDJSON:
            return _take_lines(request)
        if kind != JSON:
            raise UnsupportedMediaType(kind)
        return _take_one(request)

    @extend_schema(
        operation_id="list_predictions",
        parameters=[PredictionFilter],
        responses=schemas.PREDICTIONS,
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


def _take_one(request: Request) -> HttpResponse:
    parsed = intake.parse(body(request, MAX_OBJECT))
    (taken,) = intake.accept(
        candidates=[parsed],
        principal=principal_of(request),
        actor=user_of(request),
        now=clock.now(),
    )
    if taken.outcome == intake.REJECTED:
        raise _refusal(taken)
    row = taken.row or _find(request, uuid.UUID(str(taken.id)))
    return HttpResponse(
        dumps(_shown(request, row)),
        status=taken.status,
        headers={"Location": f"/api/v1/predictions/{taken.id}"},
        content_type=JSONRenderer.media_type,
    )


def _refusal(taken: intake.Taken) -> DomainError:
    if taken.status == 400:
        return InvalidInput(taken.faults[0].detail, faults=taken.faults)
    error = DomainError(taken.faults[0].detail, faults=taken.faults)
    error.status, error.title = taken.status, STATUS_TITLES[taken.status]
    error.code = taken.faults[0].code
    return error


def _take_lines(request: Request) -> HttpResponse:
    atomic = bool(query(IntakeQuery, request).get("atomic", False))
    lines = numbered(body(request, MAX_STREAM))
    results = intake.accept(
        candidates=[_parsed(line) for _, line in lines],
        principal=principal_of(request),
        actor=user_of(request),
        now=clock.now(),
        atomic=atomic,
    )
    if atomic and any(result.outcome == intake.REJECTED for result in results):
        raise _none_taken(lines, results)
    told = [_line(n, result) for (n, _), result in zip(lines, results, strict=True)]
    return HttpResponse(b"\n".join([*told, b""]), content_type=NDJSON)


def _parsed(line: bytes) -> Candidate | intake.Taken:
    if len(line) > MAX_OBJECT:
        fault = Fault("", "length", f"A line has at most {MAX_OBJECT} bytes.")
        return intake.Taken(intake.REJECTED, status=413, faults=(fault,))
    return intake.parse(line)


def _none_taken(lines: list[tuple[int, bytes]], results: list[intake.Taken]) -> InvalidInput:
    faults = tuple(
        fault.below(f"/{number}")
        for (number, _), result in zip(lines, results, strict=True)
        if result.outcome == intake.REJECTED
        for fault in result.faults
    )
    return InvalidInput(f"{len(faults)} faults; nothing was taken.", faults=faults[:1000])


def _line(number: int, taken: intake.Taken) -> bytes:
    outcome, external_id = taken.outcome, taken.external_id
    shown: dict[str, Any] = {"line": number, "external_id": external_id, "status": outcome}
    if outcome == intake.REJECTED:
        shown["problem"] = problems.body(
            status=taken.status,
            title=STATUS_TITLES.get(taken.status, "The prediction is not valid"),
            detail=taken.faults[0].detail,
            code=taken.faults[0].code,
            faults=taken.faults,
        )
    else:
        shown |= {"id": taken.id, "tier": taken.tier, "disposition": taken.disposition}
    return orjson.dumps(shown)


class WaitQuery(StrictSerializer):
    """The query parameters of one prediction."""

    wait = serializers.IntegerField(min_value=0, max_value=MAX_WAIT, required=False)


class OnePrediction(Endpoint):
    """One prediction."""

    scopes = {"GET": ("predictions:write", "audit:read", "review")}
    parameters = frozenset(("wait",))

    @extend_schema(
        operation_id="get_prediction", parameters=[WaitQuery], responses=schemas.PredictionShown
    )
    def get(self, request: Request, prediction_id: uuid.UUID) -> Response:
        """Return a prediction; with `wait`, as soon as it is resolved or the seconds are over."""
        wait = query(WaitQuery, request).get("wait", 0)
        row = None
        for row in _until(wait, lambda: _find(request, prediction_id)):
            item = representations.item_of(row)
            if item is None or item.status in ENDED:
                break
        assert row is not None
        return etags.answer(request, _shown(request, row))


def _shown(request: Request, row: Prediction) -> dict[str, Any]:
    (shown,) = representations.predictions(principal_of(request), [row])
    return shown


def _find(request: Request, prediction_id: uuid.UUID) -> Prediction:
    row: Prediction | None = (
        records.predictions(principal_of(request)).filter(pk=prediction_id).first()
    )
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

    @extend_schema(operation_id="get_trace", responses=schemas.TraceShown)
    def get(self, request: Request, prediction_id: uuid.UUID) -> Response:
        """Return its events in order: received, routed, and each act on its item."""
        row = _find(request, prediction_id)
        if is_hidden(principal_of(request), representations.item_of(row)):
            raise NotPermitted("The item is blind: decide it first.")
        return Response({"events": trace.events(row)})


class Withdraw(Endpoint):
    """Take a prediction back."""

    scopes = {"POST": ("predictions:write",)}

    @extend_schema(operation_id="withdraw", request=WithdrawBody, responses=schemas.PredictionShown)
    @idempotent
    def post(self, request: Request, prediction_id: uuid.UUID) -> Response:
        """Withdraw a prediction that nobody has settled; live claims on it end."""
        withdrawals.withdraw(
            principal=principal_of(request),
            actor=user_of(request),
            prediction_id=prediction_id,
            now=clock.now(),
            **validated(WithdrawBody, request.data),
        )
        return Response(_shown(request, _find(request, prediction_id)))


class Override(Endpoint):
    """Another outcome in the place of the one that stands."""

    scopes = {"POST": ("review",)}

    @extend_schema(operation_id="override", request=OverrideBody, responses=schemas.PredictionShown)
    @idempotent
    def post(self, request: Request, prediction_id: uuid.UUID) -> Response:
        """Override what a rule approved, people settled, or nobody reviewed in time."""
        overrides.override(
            principal=principal_of(request),
            actor=user_of(request),
            prediction_id=prediction_id,
            now=clock.now(),
            **validated(OverrideBody, request.data),
        )
        return Response(_shown(request, _find(request, prediction_id)))


class Outcomes(Endpoint):
    """What came of a prediction."""

    scopes = {"POST": ("predictions:write",)}

    @extend_schema(
        operation_id="record_outcome", request=OutcomeBody, responses={201: schemas.OutcomeShown}
    )
    @idempotent
    def post(self, request: Request, prediction_id: uuid.UUID) -> Response:
        """Record what happened later in production; several may follow one another."""
        row = outcomes.record(
            principal=principal_of(request),
            actor=user_of(request),
            prediction_id=prediction_id,
            now=clock.now(),
            **({"cost": None} | validated(OutcomeBody, request.data)),
        )
        return Response(representations.outcome(row), status=201)
