"""What came of what: the graph from predictions to changes, from one record up or down."""

from typing import Any

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from governance.api.schemas import GraphShown
from governance.domain.lineage import Direction
from governance.rest.serializers import StrictCharField, StrictSerializer, query
from governance.rest.views import Endpoint, principal_of
from governance.selectors import lineage
from governance.selectors.lineage import MEDIA_TYPES, MOST_NODES, MOST_STEPS, Walk

FROM = """A record: `prediction:ID`, `decision:ID`, `signal:ID`, `lesson:ID`, `retrospective:ID`,
`dataset:SLUG@N`, `model:NAME@V`, `adjustment:ID`."""
FORMATS = """`json`: the graph. `ndjson`: `{"node"}` and `{"edge"}` a line as they are found, and
`{"end"}` as the last. `prov`: PROV-JSON. `openlineage`: an array of run events."""


class LineageQuery(StrictSerializer):
    """From where, which way and how far."""

    direction = serializers.ChoiceField(
        [each.value for each in Direction],
        default=Direction.DOWN.value,
        help_text="`down`: what was made of it. `up`: what it was made of.",
    )
    depth = serializers.IntegerField(
        min_value=1, max_value=MOST_STEPS, default=MOST_STEPS, help_text="How many steps at most."
    )
    limit = serializers.IntegerField(
        min_value=1,
        max_value=MOST_NODES,
        default=MOST_NODES,
        help_text="How many nodes at most, the start included. What lies beyond is reached by "
        "asking again from one of the nodes.",
    )
    format = serializers.ChoiceField(list(MEDIA_TYPES), default="json", help_text=FORMATS)

    def get_fields(self) -> dict[str, Any]:
        """Return the fields, with the one whose name is a word of Python."""
        return {"from": StrictCharField(help_text=FROM), **super().get_fields()}


class Lineage(Endpoint):
    """The graph around a record."""

    scopes = {"GET": ("audit:read", "datasets:read", "govern")}
    parameters = frozenset(LineageQuery().fields)

    @extend_schema(
        operation_id="get_lineage",
        parameters=[LineageQuery],
        responses={(200, "application/json"): GraphShown},
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Stream what a record was made of, or what was made of it.

        An edge always points from what was there first to what was made of it. The answer is
        written while the graph is read, layer by layer; `truncated`, its last member, says whether
        `depth` or `limit` left anything out. Records out of reach, and decisions on items that are
        blind to the caller, are left out with their edges.
        """
        asked = query(LineageQuery, request)
        principal = principal_of(request)
        start = lineage.node(principal, lineage.ref_of(asked["from"]))
        walk = Walk(
            principal,
            start,
            Direction(asked["direction"]),
            steps=asked["depth"],
            limit=asked["limit"],
        )
        kind = lineage.MEDIA_TYPES[asked["format"]]
        return StreamingHttpResponse(lineage.written(walk, asked["format"]), content_type=kind)
