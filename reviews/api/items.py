"""Items, and what was decided on them."""

import uuid
from collections.abc import Sequence

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.exceptions import NotFound
from governance.rest import etags, pagination
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
from reviews.api import representations, schemas
from reviews.enums import Disposition, ItemStatus, ResolutionKind, Verdict
from reviews.models import Decision, Prediction, Resolution
from reviews.selectors import records
from reviews.selectors.blindness import exposed_items
from reviews.services import escalations, notes, resolutions


class Paged(StrictSerializer):
    """The query parameters of every list."""

    cursor = StrictCharField(required=False)
    limit = StrictCharField(required=False)


class ItemFilter(Paged):
    """The query parameters of the list of items."""

    pipeline = StrictCharField(required=False)
    status = serializers.ChoiceField(ItemStatus.choices, required=False)
    tier = StrictCharField(required=False)
    queue = StrictCharField(required=False)
    scenario_type = StrictCharField(required=False)
    assignee = StrictCharField(required=False)
    model_version = StrictCharField(required=False)
    breached = serializers.BooleanField(required=False, help_text=schemas.BREACHED)
    at_risk = serializers.BooleanField(required=False, help_text=schemas.AT_RISK)
    due_before = MomentField(required=False)
    created_after = MomentField(required=False)


class DecisionFilter(Paged):
    """The query parameters of the list of decisions."""

    pipeline = StrictCharField(required=False)
    item = serializers.UUIDField(required=False)
    reviewer = StrictCharField(required=False)
    verdict = serializers.ChoiceField(Verdict.choices, required=False)


class ResolutionFilter(Paged):
    """The query parameters of the list of resolutions."""

    pipeline = StrictCharField(required=False)
    kind = serializers.ChoiceField(ResolutionKind.choices, required=False)


class AdjudicationBody(StrictSerializer):
    """The answer that settles an item; null rejects the prediction without a better one."""

    answer = serializers.JSONField(allow_null=True)
    rationale = StrictCharField(max_length=10_000, allow_blank=True)


class NoteBody(StrictSerializer):
    """A note."""

    text = StrictCharField(max_length=notes.MAX_TEXT, trim_whitespace=False)


class ReasonBody(StrictSerializer):
    """Why."""

    reason = StrictCharField(max_length=500)


class Items(Endpoint):
    """The items that people see."""

    scopes = {"GET": ("review", "audit:read")}
    parameters = frozenset(ItemFilter().fields)

    @extend_schema(operation_id="list_items", parameters=[ItemFilter], responses=schemas.ITEMS)
    def get(self, request: Request) -> Response:
        """List items, the newest first."""
        principal = principal_of(request)
        wanted = query(ItemFilter, request)
        rows = records.filtered_items(records.items(principal), wanted, now=clock.now())
        if "scenario_type" in wanted:
            # Being found by it would tell the scenario of an item that hides it.
            rows = exposed_items(principal, rows)
        return Response(
            pagination.page(request, rows, lambda found: representations.items(principal, found))
        )


class OneItem(Endpoint):
    """One item."""

    scopes = {"GET": ("review", "audit:read")}

    @extend_schema(operation_id="get_item", responses=schemas.ItemShown)
    def get(self, request: Request, item_id: uuid.UUID) -> Response:
        """Return an item."""
        principal = principal_of(request)
        row = records.items(principal).filter(pk=item_id).first()
        if row is None:
            raise NotFound("There is no such item.")
        return etags.answer(request, representations.item(principal, row))


class Adjudicate(Endpoint):
    """Settle what reviewers could not."""

    scopes = {"POST": ("review",)}

    @extend_schema(operation_id="adjudicate", request=AdjudicationBody, responses=schemas.ItemShown)
    @idempotent
    def post(self, request: Request, item_id: uuid.UUID) -> Response:
        """Resolve an item that awaits adjudication or was escalated."""
        body = validated(AdjudicationBody, request.data)
        principal = principal_of(request)
        item = resolutions.adjudicate(
            principal=principal, actor=user_of(request), item_id=item_id, now=clock.now(), **body
        )
        return Response(_shown(request, item.pk))


def _shown(request: Request, item_id: uuid.UUID) -> dict[str, object]:
    principal = principal_of(request)
    return representations.item(principal, records.items(principal).get(pk=item_id))


class Notes(Endpoint):
    """What to know about an item."""

    scopes = {"POST": ("review",)}

    @extend_schema(operation_id="add_note", request=NoteBody, responses={201: schemas.NoteShown})
    @idempotent
    def post(self, request: Request, item_id: uuid.UUID) -> Response:
        """Add a note; while the item is blind to somebody, they read only their own."""
        note = notes.add(
            principal=principal_of(request),
            actor=user_of(request),
            item_id=item_id,
            now=clock.now(),
            **validated(NoteBody, request.data),
        )
        return Response(representations.note(note), status=201)


class Escalate(Endpoint):
    """Over to those who adjudicate."""

    scopes = {"POST": ("review",)}

    @extend_schema(operation_id="escalate", request=ReasonBody, responses=schemas.ItemShown)
    @idempotent
    def post(self, request: Request, item_id: uuid.UUID) -> Response:
        """Escalate an unsettled item; whoever holds it may still decide."""
        item = escalations.escalate(
            principal=principal_of(request),
            actor=user_of(request),
            item_id=item_id,
            now=clock.now(),
            **validated(ReasonBody, request.data),
        )
        return Response(_shown(request, item.pk))


class Decisions(Endpoint):
    """What people decided."""

    scopes = {"GET": ("audit:read", "review")}
    parameters = frozenset(DecisionFilter().fields)

    @extend_schema(
        operation_id="list_decisions", parameters=[DecisionFilter], responses=schemas.DECISIONS
    )
    def get(self, request: Request) -> Response:
        """List decisions, the newest first; of a blind item only one's own."""
        wanted = query(DecisionFilter, request)
        principal = principal_of(request)
        lookups = {
            "pipeline": "item__pipeline__slug",
            "item": "item",
            "reviewer": "reviewer__username",
            "verdict": "verdict",
        }
        rows = records.decisions(principal).filter(
            **{lookups[n]: wanted[n] for n in lookups if n in wanted}
        )
        return Response(pagination.page(request, rows, _decisions_shown))


def _decisions_shown(found: Sequence[Decision]) -> list[dict[str, object]]:
    return [representations.decision(row, undone=hasattr(row, "undone_by")) for row in found]


class Resolutions(Endpoint):
    """What stands, and what stood before."""

    scopes = {"GET": ("audit:read", "review")}
    parameters = frozenset(ResolutionFilter().fields)

    @extend_schema(
        operation_id="list_resolutions",
        parameters=[ResolutionFilter],
        responses=schemas.RESOLUTIONS,
    )
    def get(self, request: Request) -> Response:
        """List resolutions, those by rule (`kind: auto`) among them, the newest first."""
        wanted = query(ResolutionFilter, request)
        principal, window = principal_of(request), pagination.window_of(request)
        found: list[Prediction | Resolution] = []
        if wanted.get("kind") in (None, ResolutionKind.AUTO):
            rows = records.predictions(principal).filter(disposition=Disposition.AUTO_APPROVED)
            if "pipeline" in wanted:
                rows = rows.filter(pipeline__slug=wanted["pipeline"])
            found += window.of(rows)
        if wanted.get("kind") != ResolutionKind.AUTO:
            by_people = records.resolutions(principal)
            if "pipeline" in wanted:
                by_people = by_people.filter(item__pipeline__slug=wanted["pipeline"])
            if "kind" in wanted:
                by_people = by_people.filter(kind=wanted["kind"])
            found += window.of(by_people)
        newer = window.cursor is not None and not window.cursor.older
        found.sort(key=lambda row: row.pk, reverse=not newer)
        return Response(
            pagination.envelope(request, window, found[: window.limit + 1], _resolutions_shown)
        )


def _resolutions_shown(found: Sequence[Prediction | Resolution]) -> list[dict[str, object]]:
    return [
        representations.auto_resolution(row)
        if isinstance(row, Prediction)
        else representations.resolution(row)
        | {
            "prediction": row.item.prediction_id,
            "item": row.item_id,
            "current": row.item.resolution_id == row.pk,
        }
        for row in found
    ]
