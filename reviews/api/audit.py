"""The ledger, for who examines it from elsewhere: events, and what was signed over them."""

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.enums import Permission
from governance.exceptions import InvalidInput, NotFound
from governance.models import AuditEvent, Checkpoint
from governance.rest import pagination
from governance.rest.schema import Shown
from governance.rest.serializers import MomentField, StrictCharField, StrictSerializer, query
from governance.rest.views import Endpoint, principal_of
from governance.selectors import evidence, proving
from reviews.selectors import ledger


class EventFilter(StrictSerializer):
    """The query parameters of the list of events."""

    stream = StrictCharField(required=False)
    action = StrictCharField(required=False)
    since = MomentField(required=False)
    until = MomentField(required=False)
    cursor = StrictCharField(required=False)
    limit = StrictCharField(required=False)


class CheckpointFilter(StrictSerializer):
    """The query parameters of the list of checkpoints."""

    cursor = StrictCharField(required=False)
    limit = StrictCharField(required=False)


class LeafShown(Shown):
    """An event as its digest is made of it: SHA-256(0x00 || RFC 8785 JSON of these)."""

    id = serializers.UUIDField()
    stream = serializers.CharField()
    sequence = serializers.IntegerField()
    action = serializers.CharField()
    actor = serializers.IntegerField(allow_null=True)
    at = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    detail = serializers.DictField()
    commitments = serializers.DictField()
    request_id = serializers.CharField(allow_blank=True)


class SealedEventShown(Shown):
    """An event, and where it lies in the tree; `position` is null until it is sealed."""

    leaf = LeafShown()
    digest = serializers.CharField()
    position = serializers.IntegerField(allow_null=True)
    path = serializers.ListField(child=serializers.CharField())


class SealedEventPage(Shown):
    """A page of events, the newest first, with proofs against `checkpoint`."""

    checkpoint = serializers.CharField(allow_blank=True)
    results = SealedEventShown(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class AnchorShown(Shown):
    """A copy of a checkpoint outside of the database."""

    kind = serializers.CharField()
    at = serializers.DateTimeField()


class CheckpointShown(Shown):
    """A checkpoint: a signed note over size and root."""

    size = serializers.IntegerField()
    root = serializers.CharField()  # type: ignore[assignment]
    note = serializers.CharField()
    key = serializers.CharField()
    sealed_at = serializers.DateTimeField()
    anchors = AnchorShown(many=True)


class CheckpointPage(Shown):
    """A page of checkpoints, the newest first."""

    results = CheckpointShown(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class ConsistencyShown(Shown):
    """The proof (RFC 9162) that the ledger of `new` events begins with that of `old`."""

    old = serializers.IntegerField()
    new = serializers.IntegerField()
    path = serializers.ListField(child=serializers.CharField())


class Events(Endpoint):
    """The events of the ledger."""

    scopes = {"GET": ("audit:read",)}
    parameters = frozenset(EventFilter().fields)

    @extend_schema(operation_id="list_events", parameters=[EventFilter], responses=SealedEventPage)
    def get(self, request: Request) -> Response:
        """List events within reach, the newest first, each with the proof that it is sealed.

        Whoever may be given blind items to review is not told of acts on items here: the trace of a
        prediction knows which of them they may see.
        """
        wanted = query(EventFilter, request)
        names = {"stream": "stream", "action": "action", "since": "at__gte", "until": "at__lt"}
        chosen = {names[name]: value for name, value in wanted.items() if name in names}
        principal = principal_of(request)
        rows = ledger.events(principal, AuditEvent.objects.filter(**chosen))
        if principal.may(Permission.REVIEW):
            rows = rows.exclude(stream__startswith=ledger.ITEM)
        point = proving.latest()
        page = pagination.page(request, rows, lambda found: evidence.of(found)["events"])
        return Response({"checkpoint": point.note if point else "", **page})


class Checkpoints(Endpoint):
    """What was signed."""

    scopes = {"GET": ("audit:read",)}
    parameters = frozenset(CheckpointFilter().fields)

    @extend_schema(
        operation_id="list_checkpoints", parameters=[CheckpointFilter], responses=CheckpointPage
    )
    def get(self, request: Request) -> Response:
        """List checkpoints, the newest first, with where copies of them lie."""
        rows = Checkpoint.objects.select_related("key").prefetch_related("anchors")
        return Response(pagination.page(request, rows, _checkpoints))


def _checkpoints(rows: Sequence[Checkpoint]) -> list[dict[str, Any]]:
    return [
        {
            "size": row.size,
            "root": row.root,
            "note": row.note,
            "key": row.key.verifier,
            "sealed_at": row.sealed_at,
            "anchors": [{"kind": each.kind, "at": each.at} for each in row.anchors.all()],
        }
        for row in rows
    ]


class Consistency(Endpoint):
    """What an old checkpoint has to do with a new one."""

    scopes = {"GET": ("audit:read",)}

    @extend_schema(operation_id="get_consistency", responses=ConsistencyShown)
    def get(self, request: Request, old: int, new: int) -> Response:
        """Return the proof that nothing of an old checkpoint was changed in a newer one."""
        if not 0 < old <= new:
            raise InvalidInput.at("/old", "The older checkpoint comes first, and has a size.")
        known = set(Checkpoint.objects.filter(size__in=(old, new)).values_list("size", flat=True))
        if missing := {old, new} - known:
            raise NotFound(f"There is no checkpoint of {min(missing)}.")
        return Response({"old": old, "new": new, "path": proving.consistency(old, new)})
