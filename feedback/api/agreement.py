"""How far the reviewers of a pipeline agree."""

import json
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.domain import agreement_wording
from feedback.selectors import agreement, quality
from feedback.selectors.agreement import Consensus
from governance.rest.schema import Shown
from governance.rest.serializers import MomentField, StrictSerializer, query
from governance.rest.views import Endpoint, principal_of
from governance.selectors import clock
from reviews.domain.shares import Share

PAIRS = 50


class AgreementFilter(StrictSerializer):
    """The query parameters: all that was ever decided, if not given."""

    since = MomentField(required=False)
    until = MomentField(required=False)


class AgreedShare(Shown):
    """A share of items, with its 95 % interval after Wilson; null of nothing."""

    n = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)
    interval = serializers.ListField(child=serializers.FloatField(), allow_null=True)


class DisagreementShown(Shown):
    """How often two different answers met on one item; null is a rejection without an answer."""

    answers = serializers.ListField(child=serializers.JSONField())
    n = serializers.IntegerField()


class ConsensusShown(Shown):
    """How often the answer that is inferred is the outcome that stands.

    For information: no item is settled by a posterior, which claims more than it keeps.
    """

    majority = AgreedShare()
    dawid_skene = AgreedShare(allow_null=True, help_text="Null where it would take too long.")
    sure = AgreedShare(allow_null=True, help_text="Items of which it claims 95 % or more.")
    new_reviewers = serializers.IntegerField(
        help_text="With fewer answers than Dawid and Skene needs."
    )


class AgreementShown(Shown):
    """The blind first answers to items that several people answered; no person is named."""

    pipeline = serializers.SlugField()
    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField()
    items = serializers.IntegerField()
    answers = serializers.IntegerField()
    reviewers = serializers.IntegerField()
    unanimous = AgreedShare()
    alpha = serializers.FloatField(allow_null=True, help_text="Krippendorff's, nominal.")
    interval = serializers.ListField(
        child=serializers.FloatField(), allow_null=True, help_text="Of alpha, 95 %, by bootstrap."
    )
    sentence = serializers.CharField()
    disagreements = DisagreementShown(many=True)
    consensus = ConsensusShown(allow_null=True)


class AgreementOfReviewers(Endpoint):
    """How far reviewers agree."""

    scopes = {"GET": ("review", "audit:read", "govern", "datasets:read")}
    parameters = frozenset(AgreementFilter().fields)

    @extend_schema(
        operation_id="get_agreement", parameters=[AgreementFilter], responses=AgreementShown
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return alpha, what differs most, and how inferred answers compare with outcomes."""
        asked = query(AgreementFilter, request)
        row = quality.pipeline(principal_of(request), slug)
        since, until = asked.get("since"), asked.get("until") or clock.now()
        found = agreement.of_pipeline(row, since, until, most=PAIRS)
        return Response(
            {
                "pipeline": slug, "since": since, "until": until, "items": found.items,
                "answers": found.answers, "reviewers": found.reviewers,
                "unanimous": _share(found.unanimous), "alpha": found.alpha,
                "interval": found.interval,
                "sentence": agreement_wording.alpha(found.alpha, found.interval, found.items),
                "disagreements": [
                    {"answers": [json.loads(a), json.loads(b)], "n": n}
                    for a, b, n in found.disagreements
                ],
                "consensus": found.consensus and _consensus(found.consensus),
            }
        )  # fmt: skip


def _share(share: Share) -> dict[str, Any]:
    return {"n": share.n, "share": share.value, "interval": share.interval}


def _consensus(found: Consensus) -> dict[str, Any]:
    return {
        "majority": _share(found.majority),
        "dawid_skene": found.dawid_skene and _share(found.dawid_skene),
        "sure": found.sure and _share(found.sure),
        "new_reviewers": found.new,
    }
