"""Predictions, items and judgements that a principal may see, with what showing them needs.

What is restricted is not there but for who reads all on record (selectors.restrictions).
"""

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from governance.domain.principal import Principal
from reviews.models import Assignment, Decision, Note, Prediction, Resolution, ReviewItem, SLAClock
from reviews.selectors import restrictions, urgency
from reviews.selectors.blindness import exposed


def predictions(principal: Principal) -> "QuerySet[Prediction]":
    """Return the predictions of the pipelines within reach."""
    return _within(Prediction.objects.all(), principal, "").select_related(
        "pipeline", "config_version", "item__resolution", "withdrawal"
    )


def items(principal: Principal) -> "QuerySet[ReviewItem]":
    """Return the items of the pipelines within reach."""
    rows = _within(ReviewItem.objects.all(), principal, "prediction__").select_related(
        "pipeline", "prediction", "config_version", "resolution"
    )
    notes = Note.objects.select_related("author").order_by("pk")
    return rows.prefetch_related(Prefetch("notes", notes))


def decisions(principal: Principal) -> "QuerySet[Decision]":
    """Return the decisions of the pipelines within reach; an undo is shown on what it took back.

    Of an item that is blind to the principal only their own.
    """
    rows = _within(Decision.objects.filter(undoes=None), principal, "item__prediction__")
    return exposed(principal, rows, own=Q(reviewer=principal.user_id)).select_related(
        "item__pipeline", "item__prediction", "reviewer", "config_version", "undone_by"
    )


def resolutions(principal: Principal) -> "QuerySet[Resolution]":
    """Return the resolutions by people, of the pipelines within reach.

    One that an undo took away is left out where its item is blind to the principal again.
    """
    rows = _within(Resolution.objects.all(), principal, "item__prediction__")
    return exposed(principal, rows).select_related("item__pipeline", "item__prediction")


def assignments(principal: Principal) -> "QuerySet[Assignment]":
    """Return the assignments of the pipelines within reach."""
    return _within(Assignment.objects.all(), principal, "item__prediction__")


def _within(rows: "QuerySet[Any]", principal: Principal, path: str) -> "QuerySet[Any]":
    """Return those of `rows` within reach; `path` leads to the prediction, as in restrictions."""
    if principal.pipelines is not None:
        # An item and its prediction are of one pipeline; the item has the index.
        rows = rows.filter(
            **{f"{path.removesuffix('prediction__')}pipeline__in": principal.pipelines}
        )
    return restrictions.shown(principal, rows, path)


def filtered_items(
    rows: "QuerySet[ReviewItem]", wanted: dict[str, Any], *, now: datetime
) -> "QuerySet[ReviewItem]":
    """Return the items that the filters of the API name; `wanted` holds validated values."""
    lookups = {
        "pipeline": "pipeline__slug",
        "status": "status",
        "tier": "tier",
        "queue": "queue",
        "scenario_type": "prediction__scenario_type",
        "model_version": "prediction__model_version",
        "due_before": "due_at__lt",
        "created_after": "created_at__gt",
    }
    rows = rows.filter(**{lookups[n]: v for n, v in wanted.items() if n in lookups})
    if "assignee" in wanted:
        rows = rows.filter(
            assignments__reviewer__username=wanted["assignee"], assignments__state="claimed"
        )
    breached = Q(_has(urgency.late(now)))
    if "breached" in wanted:
        rows = _either(rows, breached, holds=wanted["breached"])
    if "at_risk" in wanted:
        rows = _either(rows, Q(_has(urgency.near(now))) & ~breached, holds=wanted["at_risk"])
    return rows


def _either(rows: "QuerySet[Any]", condition: Q, *, holds: bool) -> "QuerySet[Any]":
    return rows.filter(condition) if holds else rows.exclude(condition)


def _has(clocks: "QuerySet[SLAClock]") -> Exists:
    return Exists(clocks.filter(item=OuterRef("pk")))
