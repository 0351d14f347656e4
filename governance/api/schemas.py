"""What the API of the floor answers, as its description tells it."""

from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from governance.enums import JobState, PolicyMode
from governance.rest.schema import Shown


class ChangeShown(Shown):
    """One difference between two documents."""

    path = serializers.CharField()
    old = serializers.JSONField(required=False)
    new = serializers.JSONField(required=False)


class AppliedShown(Shown):
    """What became of one document."""

    kind = serializers.CharField()
    slug = serializers.CharField()
    outcome = serializers.ChoiceField(["created", "changed", "unchanged"])
    diff = ChangeShown(many=True)


class ApplyShown(Shown):
    """What became of each document, in the order they came."""

    results = AppliedShown(many=True)


class VersionShown(Shown):
    """One published version of a pipeline's configuration."""

    number = serializers.IntegerField(min_value=1)
    digest = serializers.CharField(help_text="SHA-256 of the RFC 8785 document, in hex.")
    author = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    reason = serializers.CharField()
    guideline_version = serializers.IntegerField()
    glossary_version = serializers.IntegerField(help_text="0: there was no glossary.")
    diff = ChangeShown(many=True)
    mode = serializers.ChoiceField(PolicyMode.choices)


class VersionDocument(VersionShown):
    """A version with its document."""

    document = serializers.DictField()


class VersionsShown(Shown):
    """The versions, the newest first."""

    results = VersionShown(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class CalendarAnswer(Shown):
    """What a calendar says; `due_at` or `elapsed`, whichever was asked for."""

    calendar = serializers.CharField()
    version = serializers.IntegerField(min_value=1)
    due_at = serializers.DateTimeField(required=False, allow_null=True)
    elapsed = serializers.CharField(
        required=False, help_text="Business time as an ISO 8601 duration, such as PT4H30M."
    )


class JobShown(Shown):
    """Long work."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    state = serializers.ChoiceField(JobState.choices)
    progress = serializers.FloatField(min_value=0, max_value=1)
    result = serializers.DictField(allow_null=True)
    problem = serializers.DictField(allow_null=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class GraphNode(Shown):
    """A record in the graph; other members are small facts of its kind."""

    ref = serializers.CharField(help_text="As it is written in `from`.")
    kind = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    pipeline = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True, help_text="When it was made.")


def graph_edge() -> Shown:
    """Return the description of an edge, one of whose members is a word of Python."""
    members: dict[str, Any] = {
        "from": serializers.CharField(help_text="What was there first."),
        "to": serializers.CharField(help_text="What was made of it."),
        "relation": serializers.CharField(),
    }
    described: Any = inline_serializer("GraphEdge", members, many=True)
    return described  # type: ignore[no-any-return]


class GraphShown(Shown):
    """What can be reached from a record; both ends of every edge are among the nodes."""

    direction = serializers.ChoiceField(["up", "down"])
    nodes = GraphNode(many=True)
    edges = graph_edge()
    truncated = serializers.BooleanField(help_text="Whether `depth` or `limit` left something out.")

    def get_fields(self) -> dict[str, Any]:
        """Return the fields, with the one whose name is a word of Python."""
        return {"from": serializers.CharField(), **super().get_fields()}
