"""What was decided under a change that was rolled back, and what is done about it."""

import uuid
from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.enums import Scope
from governance.models import AdjustmentActivation
from governance.rest import pagination
from governance.rest.idempotency import idempotent
from governance.rest.schema import Shown
from governance.rest.serializers import StrictCharField, StrictSerializer, query, validated
from governance.rest.views import Endpoint, principal_of, user_of
from governance.selectors import clock
from reviews.api.items import Paged
from reviews.enums import Disposition, RemedyKind
from reviews.models import Prediction, Remedy
from reviews.selectors import aftermath, restrictions
from reviews.services import remedies

GOVERN = (str(Scope.GOVERN),)
READ = (str(Scope.GOVERN), str(Scope.AUDIT_READ))


class AffectedFilter(Paged):
    """The query parameters of the list."""

    open = serializers.BooleanField(required=False)


class DispositionBody(StrictSerializer):
    """What is done, about which predictions; about all that are open where none are named."""

    disposition = serializers.ChoiceField(RemedyKind.choices)
    predictions = serializers.ListField(
        child=serializers.UUIDField(), required=False, min_length=1, max_length=remedies.AT_ONCE
    )
    reason = StrictCharField(max_length=500)


class RemedyShown(Shown):
    """What was done about one of them."""

    disposition = serializers.ChoiceField(RemedyKind.choices)
    actor = serializers.CharField()
    reason = serializers.CharField()
    at = serializers.DateTimeField()


class AffectedShown(Shown):
    """A prediction that was routed under the change."""

    id = serializers.UUIDField()
    external_id = serializers.CharField()
    tier = serializers.CharField()
    disposition = serializers.ChoiceField(Disposition.choices)
    received_at = serializers.DateTimeField()
    status = serializers.CharField(allow_null=True, help_text="Of its item; null: it has none.")
    remedy = RemedyShown(allow_null=True)


AFFECTED_PAGE = inline_serializer(
    "AffectedPage",
    {
        "results": AffectedShown(many=True),
        "open": serializers.IntegerField(min_value=0, help_text="How many await a disposition."),
        "next": serializers.URLField(allow_null=True),
        "previous": serializers.URLField(allow_null=True),
    },
)
DISPOSED = inline_serializer(
    "Disposed",
    {
        "disposed": serializers.IntegerField(min_value=0),
        "open": serializers.IntegerField(min_value=0),
    },
)


def _shown(rolled: AdjustmentActivation, rows: Sequence[Prediction]) -> list[dict[str, Any]]:
    done = aftermath.remedies(rolled, list(rows))
    return [_one(row, done.get(row.pk)) for row in rows]


def _one(row: Prediction, remedy: Remedy | None) -> dict[str, Any]:
    item = getattr(row, "item", None)
    return {
        "id": row.pk,
        "external_id": row.external_id,
        "tier": row.tier,
        "disposition": row.disposition,
        "received_at": row.received_at,
        "status": item.status if item else None,
        "remedy": {
            "disposition": remedy.kind,
            "actor": remedy.actor.username,
            "reason": remedy.reason,
            "at": remedy.at,
        } if remedy else None,
    }  # fmt: skip


class Affected(Endpoint):
    """What was decided under a change."""

    scopes = {"GET": READ}
    parameters = frozenset(AffectedFilter().fields)

    @extend_schema(
        operation_id="list_affected", parameters=[AffectedFilter], responses=AFFECTED_PAGE
    )
    def get(self, request: Request, adjustment_id: uuid.UUID) -> Response:
        """List what was routed while a change was in force that was rolled back."""
        wanted = query(AffectedFilter, request)
        rolled = aftermath.roll_back_of(principal_of(request), adjustment_id)
        still_open = aftermath.undisposed(rolled)
        rows = still_open if wanted.get("open") else aftermath.affected(rolled)
        rows = restrictions.shown(principal_of(request), rows, "")
        found = pagination.page(
            request, rows.select_related("item"), lambda some: _shown(rolled, some)
        )
        return Response(found | {"open": still_open.count()})


class Dispositions(Endpoint):
    """What is done about it."""

    scopes = {"POST": GOVERN}

    @extend_schema(operation_id="dispose", request=DispositionBody, responses={200: DISPOSED})
    @idempotent
    def post(self, request: Request, adjustment_id: uuid.UUID) -> Response:
        """Have them reviewed again, note that people were told, or accept them; once about each.

        A call disposes of a thousand at most: call again while any are open.
        """
        wanted = validated(DispositionBody, request.data)
        done = remedies.dispose(
            principal=principal_of(request),
            actor=user_of(request),
            adjustment_id=adjustment_id,
            kind=wanted["disposition"],
            predictions=wanted.get("predictions"),
            reason=wanted["reason"],
            now=clock.now(),
        )
        return Response({"disposed": done.done, "open": done.open})
