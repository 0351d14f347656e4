"""Gates: how candidates are judged, and how they were."""

import uuid
from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.api.bodies import WRONG_SLUG
from feedback.domain.gating import ACCURACY
from feedback.enums import GateVerdict
from feedback.models import Gate, GateRun
from feedback.selectors import gates as seen
from feedback.services import gates
from feedback.services.gates import SLICES, Wanted
from governance.domain.documents.fields import SLUG
from governance.exceptions import NotFound
from governance.rest import etags, pagination
from governance.rest.idempotency import idempotent
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

READ, WRITE = ("models:write", "audit:read", "govern"), ("models:write", "govern")
NUMBERS: dict[str, Any] = {"min_value": 1, "max_value": 2**31 - 1}


class HeldOutName(StrictSerializer):
    """A version of a held-out set of the pipeline."""

    dataset = StrictCharField(max_length=63)
    version = serializers.IntegerField(**NUMBERS)


class KeptName(HeldOutName):
    """A version of a held-out set, and the largest loss that is borne on it, as a share."""

    margin = ShareField()


class PlanBody(StrictSerializer):
    """How a gate judges. It is frozen as it is sent, with the digests of the sets."""

    metric = StrictCharField(default=ACCURACY, help_text=f"`{ACCURACY}`: the share right.")
    improve = serializers.ListField(
        child=HeldOutName(), required=False, max_length=20, default=list,
        help_text="A gain is to be proven on each.",
    )  # fmt: skip
    keep = serializers.ListField(
        child=KeptName(), required=False, max_length=20, default=list,
        help_text="A loss beyond the margin is to be ruled out on each.",
    )  # fmt: skip
    slices = StrictCharField(
        default=SLICES, allow_null=True, help_text="No slice may be proven worse (after Holm)."
    )
    critical = serializers.DictField(
        child=ShareField(), default=dict,
        help_text="Slices on which a loss beyond the margin given is to be ruled out.",
    )  # fmt: skip
    confidence = serializers.FloatField(
        default=0.95, min_value=0.5, max_value=0.9999, help_text="Of each test and each bound."
    )
    calibration_margin = ShareField(
        default=None, allow_null=True,
        help_text="By how much the Brier score may rise at most; null: it is not looked at.",
    )  # fmt: skip


class GateBody(PlanBody):
    """A gate, and its first plan."""

    slug = StrictCharField()
    pipeline = StrictCharField()
    model = StrictCharField(
        default="", max_length=120, help_text="Left out: the model in force in the pipeline."
    )

    def validate_slug(self, value: str) -> str:
        """Refuse what cannot be part of an address."""
        if not SLUG.fullmatch(value):
            raise serializers.ValidationError(WRONG_SLUG)
        return value


class GateFilter(StrictSerializer):
    """The query parameters of the list of gates."""

    pipeline = StrictCharField(required=False)
    cursor = StrictCharField(required=False)
    limit = StrictCharField(required=False)


class RunBody(StrictSerializer):
    """Two registered versions of the model."""

    baseline = StrictCharField(max_length=120)
    candidate = StrictCharField(max_length=120)


class RunFilter(StrictSerializer):
    """The query parameters of the list of runs."""

    cursor = StrictCharField(required=False)
    limit = StrictCharField(required=False)


class CouldShow(Shown):
    """What a set or slice can show before anything is run."""

    name = serializers.CharField()
    kind = serializers.CharField()
    n = serializers.IntegerField()
    discordance = serializers.FloatField(help_text="How often two versions differ, as assumed.")
    detectable = serializers.FloatField(help_text="The smallest difference seen in 9 of 10 cases.")
    margin = serializers.FloatField(allow_null=True)
    needed = serializers.IntegerField(allow_null=True, help_text="Rows that rule out the margin.")
    can_be_judged = serializers.BooleanField()


class GateShown(Shown):
    """A gate with the plan in force."""

    id = serializers.UUIDField()
    slug = serializers.SlugField()
    pipeline = serializers.SlugField()
    model = serializers.CharField()
    plan = serializers.DictField(help_text="As it is frozen, with its number and digest.")
    power = CouldShow(many=True)
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()


class GateListed(Shown):
    """A gate in a list."""

    id = serializers.UUIDField()
    slug = serializers.SlugField()
    pipeline = serializers.SlugField()
    model = serializers.CharField()
    plan_number = serializers.IntegerField()


class CheckShown(Shown):
    """What came of one set or slice; figures are shares, from 0 to 1."""

    name = serializers.CharField()
    kind = serializers.ChoiceField(["improve", "keep", "critical", "slice", "calibration"])
    metric = serializers.CharField()
    n = serializers.IntegerField()
    baseline = serializers.FloatField(allow_null=True)
    candidate = serializers.FloatField(allow_null=True)
    difference = serializers.FloatField(allow_null=True)
    interval = serializers.ListField(child=serializers.FloatField(), allow_null=True)
    margin = serializers.FloatField(allow_null=True)
    p = serializers.FloatField(allow_null=True)
    discordance = serializers.FloatField(allow_null=True)
    verdict = serializers.ChoiceField(GateVerdict.choices)


class RunShown(Shown):
    """A run of a gate."""

    id = serializers.UUIDField()
    gate = serializers.SlugField()
    pipeline = serializers.SlugField()
    model = serializers.CharField()
    plan_number = serializers.IntegerField()
    plan_digest = serializers.CharField()
    plan_frozen_at = serializers.DateTimeField()
    baseline = serializers.CharField()
    candidate = serializers.CharField()
    candidate_evaluated_at = serializers.DateTimeField()
    verdict = serializers.ChoiceField(GateVerdict.choices)
    checks = CheckShown(many=True)
    report = serializers.ListField(child=serializers.CharField())
    digest = serializers.CharField()
    run_by = serializers.CharField()
    started_at = serializers.DateTimeField()


class Gates(Endpoint):
    """The gates."""

    scopes = {"GET": READ, "POST": WRITE}
    parameters = frozenset(GateFilter().fields)
    parameters_of_post = frozenset[str]()

    @extend_schema(operation_id="create_gate", request=GateBody, responses={201: GateShown})
    @idempotent
    def post(self, request: Request) -> Response:
        """Make a gate and freeze its plan: candidates are evaluated after that."""
        body = validated(GateBody, request.data)
        row = gates.create(
            principal=principal_of(request), actor=user_of(request), slug=body["slug"],
            pipeline=body["pipeline"], model=body["model"], wanted=_wanted(body), now=clock.now(),
        )  # fmt: skip
        headers = {"Location": f"/api/v1/gates/{row.slug}"}
        return Response(shown(row), status=201, headers=headers)

    @extend_schema(
        operation_id="list_gates", parameters=[GateFilter], responses=page_of(GateListed)
    )
    def get(self, request: Request) -> Response:
        """List gates, the newest first."""
        wanted = query(GateFilter, request)
        rows = seen.within(principal_of(request))
        if "pipeline" in wanted:
            rows = rows.filter(pipeline__slug=wanted["pipeline"])
        return Response(pagination.page(request, rows, lambda found: map(_listed, found)))


class OneGate(Endpoint):
    """A gate."""

    scopes = {"GET": READ, "PUT": WRITE}

    @extend_schema(operation_id="get_gate", responses=GateShown)
    def get(self, request: Request, slug: str) -> Response:
        """Return a gate with its plan, and what each set and slice could show."""
        return etags.answer(request, shown(seen.gate(principal_of(request), slug)))

    @extend_schema(operation_id="replan_gate", request=PlanBody, responses=GateShown)
    def put(self, request: Request, slug: str) -> Response:
        """Freeze another plan; candidates are evaluated anew under it."""
        row = seen.gate(principal_of(request), slug)
        etags.require_current(request, shown(row))
        body = validated(PlanBody, request.data)
        row = gates.replan(
            principal=principal_of(request), actor=user_of(request), slug=slug,
            wanted=_wanted(body), number=_number(row), now=clock.now(),
        )  # fmt: skip
        return etags.answer(request, shown(row))


class GateRuns(Endpoint):
    """The runs of a gate."""

    scopes = {"GET": READ, "POST": WRITE}
    parameters = frozenset(RunFilter().fields)
    parameters_of_post = frozenset[str]()

    @extend_schema(operation_id="run_gate", request=RunBody, responses={201: RunShown})
    @idempotent
    def post(self, request: Request, slug: str) -> Response:
        """Judge a candidate against a baseline, by evaluations that are finished."""
        body = validated(RunBody, request.data)
        row = gates.run(
            principal=principal_of(request), actor=user_of(request), slug=slug, now=clock.now(),
            **body,
        )  # fmt: skip
        place = f"/api/v1/gates/{slug}/runs/{row.pk}"
        return Response(run_shown(row), status=201, headers={"Location": place})

    @extend_schema(
        operation_id="list_gate_runs", parameters=[RunFilter], responses=page_of(RunShown)
    )
    def get(self, request: Request, slug: str) -> Response:
        """List the runs of a gate, the newest first."""
        query(RunFilter, request)
        gate = seen.gate(principal_of(request), slug)
        rows = seen.runs(principal_of(request)).filter(plan__gate=gate)
        return Response(pagination.page(request, rows, runs_shown))


class OneGateRun(Endpoint):
    """A run of a gate."""

    scopes = {"GET": READ}

    @extend_schema(operation_id="get_gate_run", responses=RunShown)
    def get(self, request: Request, slug: str, run_id: uuid.UUID) -> Response:
        """Return a run: its verdict, its checks and what they say in words."""
        gate = seen.gate(principal_of(request), slug)
        row = seen.run(principal_of(request), run_id)
        if row.plan.gate_id != gate.pk:
            raise NotFound("There is no such run.")
        return Response(run_shown(row))


def _wanted(body: dict[str, Any]) -> Wanted:
    return Wanted(
        metric=body["metric"], improve=tuple(body["improve"]), keep=tuple(body["keep"]),
        slices=body["slices"], confidence=body["confidence"], critical=body["critical"],
        calibration_margin=body["calibration_margin"],
    )  # fmt: skip


def _number(row: Gate) -> int:
    return int(row.plan_number)  # type: ignore[attr-defined]


def _listed(row: Gate) -> dict[str, Any]:
    return {
        "id": row.pk,
        "slug": row.slug,
        "pipeline": row.pipeline.slug,
        "model": row.model_name,
        "plan_number": _number(row),
    }


def shown(row: Gate) -> dict[str, Any]:
    """Return a gate as the API gives it."""
    plan = seen.plan_of(row)
    return {
        "id": row.pk,
        "slug": row.slug,
        "pipeline": row.pipeline.slug,
        "model": row.model_name,
        "plan": plan.document
        | {
            "number": plan.number,
            "digest": plan.digest,
            "frozen_by": plan.frozen_by.username,
            "frozen_at": plan.frozen_at,
        },
        "power": seen.power(plan),
        "created_by": row.created_by.username,
        "created_at": row.created_at,
    }


def runs_shown(rows: Iterable[GateRun]) -> list[dict[str, Any]]:
    """Return runs as the API gives them."""
    return [run_shown(row) for row in rows]


def run_shown(row: GateRun) -> dict[str, Any]:
    """Return a run as the API gives it."""
    gate = row.plan.gate
    return {
        "id": row.pk,
        "gate": gate.slug,
        "pipeline": gate.pipeline.slug,
        "model": gate.model_name,
        "plan_number": row.plan.number,
        "plan_digest": row.plan_digest,
        "plan_frozen_at": row.plan_frozen_at,
        "baseline": row.baseline.version,
        "candidate": row.candidate.version,
        "candidate_evaluated_at": row.candidate_evaluated_at,
        "verdict": row.verdict,
        "checks": row.result["checks"],
        "report": row.result["report"],
        "digest": row.digest,
        "run_by": row.run_by.username,
        "started_at": row.started_at,
    }
