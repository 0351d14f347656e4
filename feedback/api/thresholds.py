"""From which confidence on a rule may approve, with a certificate of its error."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.services import thresholds
from governance.rest import jobs
from governance.rest.idempotency import idempotent
from governance.rest.serializers import StrictCharField, StrictSerializer, validated
from governance.rest.views import Endpoint, principal_of, user_of
from governance.selectors import clock


class ThresholdBody(StrictSerializer):
    """The error that is to be promised, and with which probability."""

    max_error = serializers.FloatField(min_value=0.0001, max_value=0.5)
    confidence = serializers.FloatField(min_value=0.5, max_value=0.9999)
    model_version = StrictCharField(
        required=False,
        max_length=120,
        help_text="Else the one that sent the newest prediction under the policy in force.",
    )
    propose = serializers.BooleanField(
        default=False, help_text="Draft what is certified as a change; needs the scope govern."
    )


class Thresholds(Endpoint):
    """Certified thresholds."""

    scopes = {"POST": ("audit:read", "govern", "config:write", "datasets:read")}

    @extend_schema(
        operation_id="certify_threshold",
        request=ThresholdBody,
        responses={202: OpenApiResponse(OpenApiTypes.OBJECT, "The job; Location says where.")},
    )
    @idempotent
    def post(self, request: Request, slug: str) -> Response:
        """Start a job that finds the lowest threshold whose approved error is at most `max_error`.

        Its result has the threshold with coverage, bound and load, now and then, or says how many
        clean audits are needed at least. It applies nothing: with `propose` it drafts a change that
        binds the certificate as evidence, and that people sign.
        """
        body = validated(ThresholdBody, request.data)
        job = thresholds.request(
            principal=principal_of(request), actor=user_of(request), slug=slug, now=clock.now(),
            **body,
        )  # fmt: skip
        return jobs.accepted(job)
