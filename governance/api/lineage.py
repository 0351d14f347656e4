"""What came of what: the graph from predictions to changes, from one record up or down."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from governance.api.schemas import GraphShown
from governance.domain import lineage_formats
from governance.domain.lineage import Direction
from governance.rest.serializers import StrictCharField, StrictSerializer, query
from governance.rest.views import Endpoint, principal_of
from governance.selectors import lineage
from governance.selectors.lineage import MOST_NODES, MOST_STEPS, Walk

FROM = """A record: `prediction:ID`, `decision:ID`, `signal:ID`, `lesson:ID`, `dataset:SLUG@N`,
`model:NAME@V`, `adjustment:ID`."""
FORMATS = """`json`: the graph. `ndjson`: `{"node"}` and `{"edge"}` a line as they are found, and
`{"end"}` as the last. `prov`: PROV-JSON. `openlineage`: an array of run events."""
# As gunicorn sends a piece for each that it is given.
PIECE = 2**15


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
    format = serializers.ChoiceField(
        ["json", "ndjson", "prov", "openlineage"], default="json", help_text=FORMATS
    )

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
        kind = "application/x-ndjson" if asked["format"] == "ndjson" else "application/json"
        return StreamingHttpResponse(pieces(_written(walk, asked["format"])), content_type=kind)


def _written(walk: Walk, form: str) -> Iterator[bytes]:
    head = {"from": str(walk.start.ref), "direction": walk.direction.value}
    if form == "prov":
        return lineage_formats.as_prov(walk)
    if form == "openlineage":
        single = [kind.name for kind in lineage.kinds().values() if kind.single]
        return lineage_formats.as_openlineage(walk, single)
    write = lineage_formats.as_lines if form == "ndjson" else lineage_formats.as_json
    return write(walk, head, lambda: walk.truncated)


def pieces(written: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what is written in pieces that are worth sending."""
    waiting = bytearray()
    for each in written:
        waiting += each
        if len(waiting) >= PIECE:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)
