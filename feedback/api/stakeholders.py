"""What those whom a pipeline concerns are told of it, edition after edition."""

from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.domain.stakeholder_pages import Written
from feedback.enums import Publicity
from feedback.models import StakeholderEdition
from feedback.selectors import stakeholders as seen
from feedback.services import stakeholders
from feedback.services.stakeholders import LONGEST, LONGEST_LINE, LONGEST_REASON, MOST, Wanted
from governance.rest import pagination
from governance.rest.idempotency import idempotent
from governance.rest.schema import Shown, page_of
from governance.rest.serializers import StrictCharField, StrictSerializer, query, validated
from governance.rest.views import Endpoint, principal_of, user_of
from governance.selectors import adjustments, clock

READS, WRITES = ("audit:read", "govern"), ("govern",)


class EditionFilter(StrictSerializer):
    """The query parameters of the list."""

    cursor = StrictCharField(required=False)
    limit = StrictCharField(required=False)


class EditionBody(StrictSerializer):
    """What somebody writes; the rest follows from the record."""

    does = StrictCharField(max_length=LONGEST, help_text="What it does.")
    concerns = StrictCharField(max_length=LONGEST, help_text="Whom it concerns.")
    limits = serializers.ListField(
        child=StrictCharField(max_length=LONGEST_LINE), max_length=MOST, required=False
    )
    planned = serializers.ListField(
        child=StrictCharField(max_length=LONGEST_LINE), max_length=MOST, required=False
    )
    publicity = serializers.ChoiceField(Publicity.choices)
    reason = StrictCharField(max_length=LONGEST_REASON)


class EditionShown(Shown):
    """One edition: `digest` is the SHA-256 of the RFC 8785 JSON of `content`."""

    id = serializers.UUIDField()
    number = serializers.IntegerField()
    publicity = serializers.ChoiceField(Publicity.choices)
    digest = serializers.CharField()
    reason = serializers.CharField()
    published_by = serializers.CharField()
    published_at = serializers.DateTimeField()
    content = serializers.DictField()


def shown(rows: Iterable[StakeholderEdition]) -> list[dict[str, Any]]:
    """Return editions as JSON."""
    return [
        {
            "id": str(row.pk),
            "number": row.number,
            "publicity": row.publicity,
            "digest": row.digest,
            "reason": row.reason,
            "published_by": row.published_by.username,
            "published_at": row.published_at,
            "content": row.content,
        }
        for row in rows
    ]


class StakeholderEditions(Endpoint):
    """What is told of a pipeline."""

    scopes = {"GET": READS, "POST": WRITES}
    parameters = frozenset(EditionFilter().fields)

    @extend_schema(
        operation_id="list_stakeholder_editions",
        parameters=[EditionFilter],
        responses=page_of(EditionShown),
    )
    def get(self, request: Request, slug: str) -> Response:
        """List what was told of a pipeline, the newest first."""
        query(EditionFilter, request)
        row = adjustments.pipeline_in_reach(principal_of(request), slug)
        rows = seen.within(principal_of(request)).filter(pipeline=row)
        return Response(pagination.page(request, rows, shown))

    @extend_schema(
        operation_id="publish_stakeholder_edition",
        request=EditionBody,
        responses={201: EditionShown},
    )
    @idempotent
    def post(self, request: Request, slug: str) -> Response:
        """Tell those whom a pipeline concerns what is written, and what follows from the record."""
        body = validated(EditionBody, request.data)
        written = Written(
            body["does"], body["concerns"], tuple(body.get("limits", ())),
            tuple(body.get("planned", ())),
        )  # fmt: skip
        made = stakeholders.publish(
            principal=principal_of(request), actor=user_of(request), now=clock.now(),
            wanted=Wanted(slug, body["publicity"], written, body["reason"]),
        )  # fmt: skip
        return Response(shown([made])[0], status=201)
