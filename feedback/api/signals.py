"""What reviewers taught, distilled from what they decided."""

from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.domain.rows import BANDS
from feedback.enums import SignalKind
from feedback.models import FeedbackSignal
from feedback.selectors import signals as selector
from governance.rest import pagination
from governance.rest.schema import Shown, page_of
from governance.rest.serializers import StrictCharField, StrictSerializer, query
from governance.rest.views import Endpoint, principal_of

LOOKUPS = {
    "pipeline": "pipeline__slug",
    "kind": "kind",
    "scenario_type": "scenario_type",
    "confidence_band": "confidence_band",
}


class SignalFilter(StrictSerializer):
    """The query parameters of the list of signals."""

    pipeline = StrictCharField(required=False)
    kind = serializers.ChoiceField(SignalKind.choices, required=False)
    scenario_type = StrictCharField(required=False)
    confidence_band = serializers.ChoiceField(BANDS, required=False)
    stands = serializers.BooleanField(
        default=True,
        help_text="`false`: those whose outcome was taken back or superseded since.",
    )
    cursor = StrictCharField(required=False)
    limit = StrictCharField(required=False)


class SignalShown(Shown):
    """One thing that a resolution taught; it follows from the record and is never typed."""

    id = serializers.UUIDField()
    ref = serializers.CharField(help_text="What `from` of lineage takes.")
    pipeline = serializers.CharField()
    kind = serializers.ChoiceField(SignalKind.choices)
    statement = serializers.CharField()
    scenario_type = serializers.CharField(allow_null=True)
    confidence_band = serializers.CharField(
        allow_null=True, help_text="The tenth, lower edge included: `0.5-0.6`."
    )
    reason_codes = serializers.ListField(child=serializers.CharField())
    decisions = serializers.ListField(
        child=serializers.UUIDField(), help_text="What it was derived from."
    )
    prediction = serializers.UUIDField()
    item = serializers.UUIDField()
    resolution = serializers.UUIDField()
    resolved_at = serializers.DateTimeField()
    stands = serializers.BooleanField(help_text="Whether that outcome still counts.")


class Signals(Endpoint):
    """The signals."""

    scopes = {"GET": ("audit:read", "datasets:read", "govern")}
    parameters = frozenset(SignalFilter().fields)

    @extend_schema(
        operation_id="list_signals", parameters=[SignalFilter], responses=page_of(SignalShown)
    )
    def get(self, request: Request) -> Response:
        """List what reviewers taught, the newest first.

        Signals follow from resolutions within a minute. Left out are those of items that are blind
        to the caller.
        """
        wanted = query(SignalFilter, request)
        rows = selector.within(principal_of(request))
        stands = selector.standing()
        rows = rows.filter(stands if wanted["stands"] else ~stands)
        rows = rows.filter(**{LOOKUPS[n]: v for n, v in wanted.items() if n in LOOKUPS})
        return Response(pagination.page(request, rows, shown))


def shown(rows: Iterable[FeedbackSignal]) -> list[dict[str, Any]]:
    """Return signals as the API gives them."""
    return [
        {
            "id": row.pk,
            "ref": f"signal:{row.pk}",
            "pipeline": row.pipeline.slug,
            "kind": row.kind,
            "statement": row.statement,
            "scenario_type": row.scenario_type or None,
            "confidence_band": row.confidence_band or None,
            "reason_codes": row.reason_codes,
            "decisions": row.decisions,
            "prediction": row.item.prediction_id,
            "item": row.item_id,
            "resolution": row.resolution_id,
            "resolved_at": row.resolved_at,
            "stands": row.item.resolution_id == row.resolution_id,
        }
        for row in rows
    ]
