"""Impact assessments over HTTP: written by one, signed by another, never edited."""

import uuid
from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.domain.assessing import LONGEST, LONGEST_MEMBER, MOST, Said
from governance.enums import Risk, Scope
from governance.models import ImpactAssessment
from governance.rest import pagination, reauthentication
from governance.rest.idempotency import idempotent
from governance.rest.schema import Shown, page_of
from governance.rest.serializers import (
    StrictCharField,
    StrictSerializer,
    query,
    validated,
)
from governance.rest.views import Endpoint, principal_of, user_of
from governance.selectors import adjustments, clock
from governance.selectors import assessments as seen
from governance.services import assessments

GOVERN = (str(Scope.GOVERN),)
READ = (str(Scope.GOVERN), str(Scope.AUDIT_READ))


class HarmBody(StrictSerializer):
    """One harm that is foreseen."""

    harm = StrictCharField(max_length=LONGEST_MEMBER)
    who = StrictCharField(max_length=LONGEST_MEMBER, help_text="Whom it hurts.")
    likelihood = serializers.ChoiceField(Risk.choices)
    severity = serializers.ChoiceField(Risk.choices)
    measure = StrictCharField(max_length=LONGEST_MEMBER, help_text="What is done against it.")
    remains = StrictCharField(max_length=LONGEST_MEMBER, help_text="What remains.")


class AssessmentBody(StrictSerializer):
    """An assessment as it is written."""

    purpose = StrictCharField(max_length=LONGEST)
    affected = StrictCharField(max_length=LONGEST, help_text="Who is affected.")
    oversight = StrictCharField(max_length=LONGEST, help_text="How people watch over it.")
    harms = serializers.ListField(child=HarmBody(), min_length=1, max_length=MOST)
    review_on = serializers.DateField(help_text="When it is looked at again, within a year.")
    reason = StrictCharField(max_length=500)


class SignatureBody(StrictSerializer):
    """The password of who signs."""

    password = StrictCharField(required=False, trim_whitespace=False)


class AssessmentFilter(StrictSerializer):
    """The query parameters of the list."""

    cursor = StrictCharField(required=False)
    limit = StrictCharField(required=False)


class AssessmentSignatureShown(Shown):
    """Who signed, when, and what the signature binds."""

    printed_name = serializers.CharField()
    signer = serializers.CharField()
    at = serializers.DateTimeField()
    digest = serializers.CharField()
    valid = serializers.BooleanField(help_text="It binds what the assessment says now.")


class AssessmentShown(Shown):
    """An assessment; `digest` binds what it says."""

    id = serializers.UUIDField()
    pipeline = serializers.SlugField()
    number = serializers.IntegerField()
    purpose = serializers.CharField()
    affected = serializers.CharField()
    oversight = serializers.CharField()
    harms = HarmBody(many=True)
    review_on = serializers.DateField()
    digest = serializers.CharField()
    reason = serializers.CharField()
    written_by = serializers.CharField()
    written_at = serializers.DateTimeField()
    signature = AssessmentSignatureShown(allow_null=True)


class ImpactAssessments(Endpoint):
    """The assessments of a pipeline."""

    scopes = {"GET": READ, "POST": GOVERN}
    parameters = frozenset(AssessmentFilter().fields)
    parameters_of_post = frozenset[str]()

    @extend_schema(
        operation_id="list_impact_assessments",
        parameters=[AssessmentFilter],
        responses=page_of(AssessmentShown),
    )
    def get(self, request: Request, slug: str) -> Response:
        """List the impact assessments of a pipeline, the newest first."""
        query(AssessmentFilter, request)
        home = adjustments.pipeline_in_reach(principal_of(request), slug)
        rows = seen.within(principal_of(request)).filter(pipeline=home)
        return Response(pagination.page(request, rows, shown))

    @extend_schema(
        operation_id="write_impact_assessment",
        request=AssessmentBody,
        responses={201: AssessmentShown},
    )
    @idempotent
    def post(self, request: Request, slug: str) -> Response:
        """Write the next impact assessment; it is relied on once somebody else has signed it."""
        body = validated(AssessmentBody, request.data)
        review_on, reason = body.pop("review_on"), body.pop("reason")
        row = assessments.write(
            principal=principal_of(request), actor=user_of(request), pipeline=slug,
            said=Said(**body), review_on=review_on, reason=reason, now=clock.now(),
        )  # fmt: skip
        return Response(shown([row])[0], status=201)


class ImpactAssessmentSigning(Endpoint):
    """Sign with one's password."""

    scopes = {"POST": GOVERN}

    # Without an Idempotency-Key: a failure of the password is kept, whatever becomes of the rest.
    @extend_schema(
        operation_id="sign_impact_assessment", request=SignatureBody, responses=AssessmentShown
    )
    def post(self, request: Request, assessment_id: uuid.UUID) -> Response:
        """Sign the newest assessment of a pipeline, which another person wrote."""
        wanted = validated(SignatureBody, request.data)
        user, now = user_of(request), clock.now()
        proven = reauthentication.proven_at(
            request._request, user, wanted.get("password", ""), now=now
        )
        assessments.sign(
            principal=principal_of(request), actor=user, assessment_id=assessment_id,
            proven_at=proven, now=now,
        )  # fmt: skip
        row = seen.within(principal_of(request)).get(pk=assessment_id)
        return Response(shown([row])[0])


def shown(rows: Iterable[ImpactAssessment]) -> list[dict[str, Any]]:
    """Return assessments as JSON."""
    return [_shown(row) for row in rows]


def _shown(row: ImpactAssessment) -> dict[str, Any]:
    signature = getattr(row, "signature", None)
    return {
        "id": str(row.pk),
        "pipeline": row.pipeline.slug,
        "number": row.number,
        **row.content,
        "review_on": row.review_on.isoformat(),
        "digest": row.digest,
        "reason": row.reason,
        "written_by": row.written_by.username,
        "written_at": row.written_at,
        "signature": signature
        and {
            "printed_name": signature.printed_name,
            "signer": signature.signer.username,
            "at": signature.at,
            "digest": signature.digest,
            "valid": signature.digest == assessments.digest_of(row),
        },
    }
