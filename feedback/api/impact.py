"""What review adds to the model."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.api.agreement import AgreementFilter
from feedback.domain import complementarity
from feedback.selectors import complementarity as complements
from feedback.selectors import quality
from governance.rest.schema import Shown
from governance.rest.serializers import query
from governance.rest.views import Endpoint, principal_of
from governance.selectors import clock

VERDICTS = (
    complementarity.BETTER, complementarity.WORSE, complementarity.UNCLEAR,
    complementarity.UNKNOWN,
)  # fmt: skip


class ComplementShown(Shown):
    """People against the model on the same items; null with fewer than 30 of them."""

    scenario_type = serializers.CharField(allow_null=True, help_text="Null: over all.")
    n = serializers.IntegerField()
    people = serializers.FloatField(allow_null=True, help_text="How often one person is right.")
    model = serializers.FloatField(allow_null=True)
    difference = serializers.FloatField(allow_null=True)
    interval = serializers.ListField(
        child=serializers.FloatField(), allow_null=True, help_text="Of the difference, 95 %."
    )
    better = serializers.ChoiceField(VERDICTS)
    sentence = serializers.CharField()


class ImpactShown(Shown):
    """What people add to the model on what is sent to several of them unseen."""

    pipeline = serializers.SlugField()
    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField()
    complementarity = ComplementShown(many=True)


class Impact(Endpoint):
    """What review adds."""

    scopes = {"GET": ("review", "audit:read", "govern", "datasets:read")}
    parameters = frozenset(AgreementFilter().fields)

    @extend_schema(operation_id="get_impact", parameters=[AgreementFilter], responses=ImpactShown)
    def get(self, request: Request, slug: str) -> Response:
        """Say whether people beat the model on what they are sent, over all and by scenario.

        The truth of an item is what others than the judged person made of it. More review is never
        advised where people are not shown to be better.
        """
        asked = query(AgreementFilter, request)
        row = quality.pipeline(principal_of(request), slug)
        since, until = asked.get("since"), asked.get("until") or clock.now()
        return Response(
            {
                "pipeline": slug, "since": since, "until": until,
                "complementarity": [
                    {
                        "scenario_type": each.part, "n": each.n, "people": each.people,
                        "model": each.model, "difference": each.difference,
                        "interval": each.interval, "better": each.verdict,
                        "sentence": complementarity.sentence(each),
                    }
                    for each in complements.of_pipeline(row, since, until)
                ],
            }
        )  # fmt: skip
