"""Figures of reviewers: one's own at once, those of others later and masked; and disputes."""

import uuid
from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.domain import figures, over_reliance
from feedback.domain.over_reliance import Arm, Difference, Sway
from feedback.enums import DisputeOutcome, FigureName
from feedback.models import FigureDispute
from feedback.selectors import disputes as seen
from feedback.selectors import over_reliance as arms
from feedback.selectors import reviewer_figures
from feedback.selectors.reviewer_figures import LEAD_DELAY, PERIOD, Sheet
from feedback.services import disputes
from feedback.services.disputes import Disputed
from governance.exceptions import NotFound
from governance.models import Pipeline
from governance.rest import pagination
from governance.rest.idempotency import idempotent
from governance.rest.schema import Shown, page_of
from governance.rest.serializers import StrictCharField, StrictSerializer, query, validated
from governance.rest.views import Endpoint, principal_of, user_of
from governance.selectors import clock

READS = ("review", "audit:read", "govern")


class FigureShown(Shown):
    """A figure; `value` and `interval` (95 %) are null where it is not shown, and why is said."""

    name = serializers.ChoiceField(FigureName.choices)
    unit = serializers.ChoiceField((figures.SHARE, figures.LENGTH))
    n = serializers.IntegerField(help_text="The cases that bear on it; shown from 30 on.")
    value = serializers.JSONField(allow_null=True, help_text="A number, or an ISO 8601 duration.")
    interval = serializers.ListField(child=serializers.JSONField(), allow_null=True)
    expected = serializers.JSONField(
        allow_null=True, help_text="What the person's role expects, in the same unit."
    )
    sentence = serializers.CharField()


class ReviewerFigures(Shown):
    """The figures of one person. They stand by username: nothing is sorted by a figure."""

    reviewer = serializers.CharField()
    decided = serializers.IntegerField()
    figures = FigureShown(many=True)


class ArmShown(Shown):
    """The answers of one arm."""

    n = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True, help_text="That gave the model's answer.")


class DifferenceShown(Shown):
    """How much oftener the model's answer is given when it is seen."""

    assisted = ArmShown()
    blind = ArmShown()
    difference = serializers.FloatField(allow_null=True)
    interval = serializers.ListField(child=serializers.FloatField(), allow_null=True)
    sentence = serializers.CharField()


class SwayShown(Shown):
    """What the blind-first arm says of all reviewers together, over all tiers (null) or in one."""

    tier = serializers.CharField(allow_null=True)
    all = DifferenceShown()
    model_wrong = DifferenceShown(help_text="Over-reliance, where it is positive.")
    model_right = DifferenceShown(help_text="Under-reliance, where it is negative.")


class ReviewersShown(Shown):
    """The people who decided in a pipeline."""

    pipeline = serializers.SlugField()
    until = serializers.DateTimeField(
        help_text="Others see a case 7 days after the person whom it is about."
    )
    reviewers = ReviewerFigures(many=True)
    over_reliance = SwayShown(many=True)


class Reviewers(Endpoint):
    """The figures of the reviewers of a pipeline."""

    scopes = {"GET": READS}

    @extend_schema(operation_id="list_reviewer_figures", responses=ReviewersShown)
    def get(self, request: Request, slug: str) -> Response:
        """Show figures of the last 90 days: one's own up to now, and to who leads those of others.

        Those of others end 7 days ago, and are not shown before the person has read what is
        measured, nor while they dispute them. No figure rests on fewer than 30 cases.
        """
        principal, now = principal_of(request), clock.now()
        pipeline = Pipeline.objects.filter(slug=slug).first()
        if pipeline is None or not principal.sees(pipeline.pk):
            raise NotFound(f"There is no pipeline {slug!r}.")
        leads = reviewer_figures.leads(principal)
        until = now - LEAD_DELAY if leads else now
        own = [
            sheet
            for sheet in reviewer_figures.own(user_of(request), now=now)
            if sheet.pipeline == pipeline
        ]
        others = reviewer_figures.of_others(pipeline, now=now) if leads else []
        rows = own + [each for each in others if each.person.pk != principal.user_id]
        rows.sort(key=lambda sheet: sheet.person.username)
        sways = arms.of_pipeline(pipeline, until - PERIOD, until) if leads else []
        return Response(
            {
                "pipeline": pipeline.slug,
                "until": until,
                "reviewers": [_sheet(row) for row in rows],
                "over_reliance": [_sway(tier, sway) for tier, sway in sways],
            }
        )


class FigureDisputeBody(StrictSerializer):
    """Which figure of one's own is wrong, and why."""

    pipeline = StrictCharField()
    figure = serializers.ChoiceField(FigureName.choices)
    reason = StrictCharField(max_length=disputes.LONGEST)


class FigureAnswerBody(StrictSerializer):
    """What was found."""

    outcome = serializers.ChoiceField(DisputeOutcome.choices)
    text = StrictCharField(max_length=disputes.LONGEST)


class FigureAnswerShown(Shown):
    """The answer to a dispute."""

    outcome = serializers.ChoiceField(DisputeOutcome.choices)
    text = serializers.CharField()
    by = serializers.CharField()
    at = serializers.DateTimeField()


class FigureDisputeShown(Shown):
    """A disputed figure, as its person saw it."""

    id = serializers.UUIDField()
    reviewer = serializers.CharField()
    pipeline = serializers.SlugField()
    figure = serializers.ChoiceField(FigureName.choices)
    reason = serializers.CharField()
    opened_at = serializers.DateTimeField()
    answer = FigureAnswerShown(allow_null=True)


class DisputeFilter(StrictSerializer):
    """The query parameters of the list of disputes."""

    cursor = StrictCharField(required=False)
    limit = StrictCharField(required=False)


class FigureDisputes(Endpoint):
    """Disputes."""

    scopes = {"GET": READS, "POST": ("review",)}
    parameters = pagination.PARAMETERS
    parameters_of_post = frozenset()

    @extend_schema(
        operation_id="list_figure_disputes",
        parameters=[DisputeFilter],
        responses=page_of(FigureDisputeShown),
    )
    def get(self, request: Request) -> Response:
        """List one's own disputes and, to who leads, those within reach; the newest first."""
        query(DisputeFilter, request)
        rows = seen.within(principal_of(request))
        return Response(pagination.page(request, rows, _disputes))

    @extend_schema(
        operation_id="dispute_figure",
        request=FigureDisputeBody,
        responses={201: FigureDisputeShown},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Dispute a figure of one's own; nobody else is shown it until it is answered."""
        body = validated(FigureDisputeBody, request.data)
        row = disputes.dispute(
            principal=principal_of(request), actor=user_of(request), wanted=Disputed(**body),
            now=clock.now(),
        )  # fmt: skip
        return Response(_dispute(row), status=201)


class FigureDisputeAnswering(Endpoint):
    """Answering a dispute."""

    scopes = {"POST": ("review",)}

    @extend_schema(
        operation_id="answer_figure_dispute", request=FigureAnswerBody,
        responses=FigureDisputeShown,
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, dispute_id: uuid.UUID) -> Response:
        """Answer, as somebody who leads and is another person: it stands, or is counted anew."""
        body = validated(FigureAnswerBody, request.data)
        made = disputes.answer(
            principal=principal_of(request), actor=user_of(request), dispute_id=dispute_id,
            now=clock.now(), **body,
        )  # fmt: skip
        return Response(_dispute(made.dispute))


def _sheet(sheet: Sheet) -> dict[str, Any]:
    return {
        "reviewer": sheet.person.username,
        "decided": sheet.decided,
        "figures": [figures.told(each) for each in sheet.figures],
    }


def _sway(tier: str, sway: Sway) -> dict[str, Any]:
    return {
        "tier": tier or None,
        "all": _difference(sway.all),
        "model_wrong": _difference(sway.wrong),
        "model_right": _difference(sway.right),
    }


def _difference(found: Difference) -> dict[str, Any]:
    return {
        "assisted": _arm(found.assisted),
        "blind": _arm(found.blind),
        "difference": found.value,
        "interval": found.interval,
        "sentence": over_reliance.sentence(found),
    }


def _arm(arm: Arm) -> dict[str, Any]:
    return {"n": arm.n, "share": arm.share}


def _disputes(rows: Iterable[FigureDispute]) -> list[dict[str, Any]]:
    return [_dispute(row) for row in rows]


def _dispute(row: FigureDispute) -> dict[str, Any]:
    answer = getattr(row, "answer", None)
    return {
        "id": row.pk,
        "reviewer": row.person.username,
        "pipeline": row.pipeline.slug,
        "figure": row.figure,
        "reason": row.reason,
        "opened_at": row.opened_at,
        "answer": answer
        and {
            "outcome": answer.outcome,
            "text": answer.text,
            "by": answer.judge.username,
            "at": answer.at,
        },
    }
