"""How good a pipeline's model is over all that it was asked."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.domain.calibration import Calibration
from feedback.domain.estimators import Estimate, Figure
from feedback.enums import Measure
from feedback.selectors import quality
from feedback.selectors.quality import PARTS, Cell, Wanted
from governance.rest.schema import Shown
from governance.rest.serializers import MomentField, StrictCharField, StrictSerializer, query
from governance.rest.views import Endpoint, principal_of, user_of
from governance.selectors import clock

ONLY = ("scenario_type", "model_version", "tier")
BY_HELP = (
    "One cell for each value, instead of one for all. By `label` there are precision and recall; "
    "by `reviewer` it is the figures of reviewers, as far as they may be seen."
)


class QualityFilter(StrictSerializer):
    """The query parameters: accuracy over all that was ever received, if not given."""

    metric = serializers.ChoiceField(Measure.choices, required=False, default=Measure.ACCURACY)
    by = serializers.ChoiceField(PARTS, required=False, default="", help_text=BY_HELP)
    since = MomentField(required=False)
    until = MomentField(required=False)
    scenario_type = StrictCharField(required=False)
    model_version = StrictCharField(required=False)
    tier = StrictCharField(required=False)


class EstimateShown(Shown):
    """One estimator's figure, with its 95 % interval."""

    value = serializers.FloatField()
    interval = serializers.ListField(child=serializers.FloatField())


class EstimatesShown(Shown):
    """The same figure by each estimator; null where one cannot be had."""

    naive = EstimateShown(allow_null=True, help_text="Over what was reviewed, as it stands.")
    stratified = EstimateShown(allow_null=True)
    hajek = EstimateShown(allow_null=True)
    aipw = EstimateShown(allow_null=True)


class CalibrationBinShown(Shown):
    """Predictions of like confidence."""

    low = serializers.FloatField()
    high = serializers.FloatField()
    n = serializers.IntegerField(help_text="Settled ones.")
    confidence = serializers.FloatField(help_text="Their mean confidence.")
    accuracy = serializers.FloatField(help_text="How often the model is right, over all traffic.")
    interval = serializers.ListField(child=serializers.FloatField())


class QualityCell(Shown):
    """A measure of one part of the traffic, or of all of it."""

    by = serializers.CharField(allow_null=True)
    n = serializers.IntegerField(help_text="Predictions, but for withdrawn ones.")
    n_reviewed = serializers.IntegerField(help_text="Of these, what was drawn and people settled.")
    naive = serializers.FloatField(
        allow_null=True, help_text="Over what was reviewed, as it stands; biased."
    )
    estimate = serializers.FloatField(
        allow_null=True, help_text="Over all traffic; null where nothing stands for some of it."
    )
    interval = serializers.ListField(
        child=serializers.FloatField(), allow_null=True, help_text="Of the estimate, 95 %."
    )
    method = serializers.CharField()
    sentence = serializers.CharField()
    missing = serializers.IntegerField(
        allow_null=True, help_text="Drawn for review and not settled."
    )
    unseen = serializers.IntegerField(allow_null=True, help_text="Could never be drawn.")
    bounds = serializers.ListField(
        child=serializers.FloatField(),
        allow_null=True,
        help_text="Accuracy if all that is missing or unseen were wrong, and if it were right.",
    )
    estimates = EstimatesShown(allow_null=True, help_text="Of accuracy.")
    bins = CalibrationBinShown(many=True, allow_null=True, help_text="Of calibration.")


class QualityShown(Shown):
    """A measure of a pipeline."""

    pipeline = serializers.SlugField()
    metric = serializers.ChoiceField(Measure.choices)
    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField()
    cells = QualityCell(many=True)


class Quality(Endpoint):
    """How good the model of a pipeline is."""

    scopes = {"GET": ("review", "audit:read", "govern", "datasets:read")}
    parameters = frozenset(QualityFilter().fields)

    @extend_schema(operation_id="get_quality", parameters=[QualityFilter], responses=QualityShown)
    def get(self, request: Request, slug: str) -> Response:
        """Return the naive figure beside the one corrected for the draw, with its interval.

        For who leads, audits, governs or takes datasets. What people look at is mostly what is
        hard: the naive figure says little of all traffic. What somebody settled without it having
        been drawn counts in neither.
        """
        principal, now = principal_of(request), clock.now()
        asked = query(QualityFilter, request)
        wanted = Wanted(
            quality.pipeline(principal, slug), asked["metric"], asked["by"],
            asked.get("since"), asked.get("until") or now,
            {name: asked[name] for name in ONLY if name in asked},
        )  # fmt: skip
        cells = quality.cells(wanted, asked_by=user_of(request), now=now)
        return Response(
            {
                "pipeline": slug, "metric": wanted.measure, "since": wanted.since,
                "until": wanted.until, "cells": [_cell(each) for each in cells],
            }
        )  # fmt: skip


def _cell(cell: Cell) -> dict[str, Any]:
    found = cell.estimate
    return {
        "by": cell.by,
        "n": cell.n,
        "n_reviewed": cell.n_reviewed,
        "naive": cell.naive and cell.naive.value,
        "estimate": cell.figure and cell.figure.value,
        "interval": cell.figure and cell.figure.interval,
        "method": cell.method,
        "sentence": cell.sentence,
        "missing": found and found.missing,
        "unseen": found and found.unseen,
        "bounds": found and found.bounds,
        "estimates": found and _estimates(found),
        "bins": cell.calibration and _bins(cell.calibration),
    }


def _estimates(found: Estimate) -> dict[str, Any]:
    return {
        name: figure and {"value": figure.value, "interval": figure.interval}
        for name, figure in told(found).items()
    }


def told(found: Estimate) -> dict[str, Figure | None]:
    """Return the figure of each estimator by its name."""
    return {name: getattr(found, name) for name in ("naive", "stratified", "hajek", "aipw")}


def _bins(found: Calibration) -> list[dict[str, Any]]:
    return [
        {
            "low": each.low, "high": each.high, "n": each.n, "confidence": each.confidence,
            "accuracy": each.accuracy, "interval": each.interval,
        }
        for each in found.bins
    ]  # fmt: skip
