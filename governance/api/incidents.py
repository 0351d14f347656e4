"""Incidents over HTTP: opened, noted, reported and closed; nothing of one is edited."""

import uuid
from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.enums import IncidentStepKind, Scope, Severity
from governance.exceptions import NotFound
from governance.models import Incident
from governance.rest import pagination
from governance.rest.idempotency import idempotent
from governance.rest.schema import Shown, page_of
from governance.rest.serializers import (
    MomentField,
    StrictCharField,
    StrictSerializer,
    query,
    validated,
)
from governance.rest.views import Endpoint, principal_of, user_of
from governance.selectors import clock
from governance.selectors import incidents as seen
from governance.services import incidents
from governance.services.incidents import MAX_TEXT, MAX_TITLE

GOVERN = (str(Scope.GOVERN),)
READ = (str(Scope.GOVERN), str(Scope.AUDIT_READ))


class IncidentBody(StrictSerializer):
    """What went wrong, and from when one knew: from then on the law counts."""

    pipeline = StrictCharField(max_length=63)
    severity = serializers.ChoiceField(Severity.choices)
    title = StrictCharField(max_length=MAX_TITLE)
    text = StrictCharField(max_length=MAX_TEXT)
    aware_at = MomentField()


class StepBody(StrictSerializer):
    """What was done about it."""

    kind = serializers.ChoiceField(IncidentStepKind.choices)
    text = StrictCharField(max_length=MAX_TEXT)


class IncidentFilter(StrictSerializer):
    """The query parameters of the list."""

    pipeline = StrictCharField(required=False)
    severity = serializers.ChoiceField(Severity.choices, required=False)
    open = serializers.BooleanField(required=False, default=None, allow_null=True)
    cursor = StrictCharField(required=False)
    limit = StrictCharField(required=False)


class StepShown(Shown):
    """One thing that was done about an incident."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(IncidentStepKind.choices)
    text = serializers.CharField()
    by = serializers.CharField()
    at = serializers.DateTimeField()


class IncidentShown(Shown):
    """An incident, and all that was done about it."""

    id = serializers.UUIDField()
    pipeline = serializers.SlugField()
    severity = serializers.ChoiceField(Severity.choices)
    title = serializers.CharField()
    text = serializers.CharField()
    aware_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(
        allow_null=True, help_text="By when the law wants it reported; null: no law does."
    )
    hold = serializers.UUIDField(allow_null=True, help_text="What keeps the records as they are.")
    found = serializers.DictField(help_text="What was in force, and how far the ledger was sealed.")
    opened_by = serializers.CharField()
    opened_at = serializers.DateTimeField()
    open = serializers.BooleanField()
    possible = serializers.ListField(
        child=serializers.ChoiceField(IncidentStepKind.choices),
        help_text="The steps that are left.",
    )
    steps = StepShown(many=True)


class Incidents(Endpoint):
    """The incidents."""

    scopes = {"GET": READ, "POST": GOVERN}
    parameters = frozenset(IncidentFilter().fields)
    parameters_of_post = frozenset[str]()

    @extend_schema(
        operation_id="list_incidents",
        parameters=[IncidentFilter],
        responses=page_of(IncidentShown),
    )
    def get(self, request: Request) -> Response:
        """List the incidents of the pipelines within reach, the newest first."""
        wanted = query(IncidentFilter, request)
        rows = _rows(request)
        for name, lookup in (("pipeline", "pipeline__slug"), ("severity", "severity")):
            if name in wanted:
                rows = rows.filter(**{lookup: wanted[name]})
        if wanted["open"] is not None:
            still = seen.open_ones(seen.visible(principal_of(request))).values("pk")
            rows = rows.filter(pk__in=still) if wanted["open"] else rows.exclude(pk__in=still)
        return Response(pagination.page(request, rows, _all_shown))

    @extend_schema(
        operation_id="open_incident", request=IncidentBody, responses={201: IncidentShown}
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Open an incident. One that is to be reported holds the records, and freezes changes."""
        row = incidents.begin(
            principal=principal_of(request), actor=user_of(request), now=clock.now(),
            **validated(IncidentBody, request.data),
        )  # fmt: skip
        place = f"/api/v1/incidents/{row.pk}"
        return Response(shown(row), status=201, headers={"Location": place})


class OneIncident(Endpoint):
    """An incident."""

    scopes = {"GET": READ}

    @extend_schema(operation_id="get_incident", responses=IncidentShown)
    def get(self, request: Request, incident_id: uuid.UUID) -> Response:
        """Return an incident with its steps."""
        return Response(shown(_one(request, incident_id)))


class IncidentSteps(Endpoint):
    """What is done about an incident."""

    scopes = {"POST": GOVERN}

    @extend_schema(operation_id="step_incident", request=StepBody, responses={201: IncidentShown})
    @idempotent
    def post(self, request: Request, incident_id: uuid.UUID) -> Response:
        """Note something, say that it was reported, end the freeze, or close it."""
        incidents.step(
            principal=principal_of(request), actor=user_of(request), incident_id=incident_id,
            now=clock.now(), **validated(StepBody, request.data),
        )  # fmt: skip
        return Response(shown(_one(request, incident_id)), status=201)


def _rows(request: Request) -> Any:
    rows = seen.visible(principal_of(request)).select_related("pipeline", "opened_by")
    return rows.prefetch_related("steps__actor")


def _one(request: Request, incident_id: uuid.UUID) -> Incident:
    row: Incident | None = _rows(request).filter(pk=incident_id).first()
    if row is None:
        raise NotFound("There is no such incident.")
    return row


def _all_shown(rows: Iterable[Incident]) -> list[dict[str, Any]]:
    return [shown(row) for row in rows]


def shown(row: Incident) -> dict[str, Any]:
    """Return an incident as the API gives it."""
    steps = sorted(row.steps.all(), key=lambda step: (step.at, step.pk))
    return {
        "id": row.pk,
        "pipeline": row.pipeline.slug,
        "severity": row.severity,
        "title": row.title,
        "text": row.text,
        "aware_at": row.aware_at,
        "due_at": row.due_at,
        "hold": row.hold_id,
        "found": row.found,
        "opened_by": row.opened_by.username,
        "opened_at": row.opened_at,
        "open": all(step.kind != IncidentStepKind.CLOSED for step in steps),
        "possible": incidents.possible(row),
        "steps": [
            {
                "id": step.pk,
                "kind": step.kind,
                "text": step.text,
                "by": step.actor.username,
                "at": step.at,
            }
            for step in steps
        ],
    }
