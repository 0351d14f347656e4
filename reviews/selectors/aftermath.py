"""What was decided under a change that was rolled back, and what is still to be done about it."""

import uuid
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from governance.domain.principal import Principal
from governance.enums import ActivationAct, AdjustmentKind
from governance.exceptions import Conflict
from governance.models import Adjustment, AdjustmentActivation
from governance.selectors import adjustments
from reviews.models import Prediction, Remedy


def roll_back_of(principal: Principal, adjustment_id: uuid.UUID) -> AdjustmentActivation:
    """Return the roll-back of an adjustment within reach; Conflict when there was none."""
    row = adjustments.one(principal, adjustment_id)
    found = adjustments.roll_back_of(row)
    if found is None:
        raise Conflict("It was not rolled back: what is decided under it stands.")
    return found


def affected(rolled: AdjustmentActivation) -> "QuerySet[Prediction]":
    """Return what was routed while a change was in force, the time of its roll-back excluded.

    Of a change of the model, what that model said. Each has its `remedy`, or None.
    """
    row: Adjustment = rolled.adjustment
    began = row.activations.get(act=ActivationAct.ACTIVATE)
    found = Prediction.objects.filter(
        pipeline=rolled.pipeline_id, received_at__gte=began.at, received_at__lt=rolled.at
    )
    if row.kind == AdjustmentKind.MODEL_VERSION:
        model: dict[str, Any] = row.after["model"]
        found = found.filter(model_name=model["name"], model_version=model["version"])
    return found


def undisposed(rolled: AdjustmentActivation) -> "QuerySet[Prediction]":
    """Return what was routed under a change and has no disposition yet."""
    return affected(rolled).filter(~Exists(_of(rolled)))


def remedies(
    rolled: AdjustmentActivation, predictions: list[Prediction]
) -> dict[uuid.UUID, Remedy]:
    """Return what was done about some predictions, by their ids."""
    rows = Remedy.objects.filter(activation=rolled, prediction__in=predictions)
    return {row.prediction_id: row for row in rows.select_related("actor")}


def _of(rolled: AdjustmentActivation) -> "QuerySet[Remedy]":
    return Remedy.objects.filter(activation=rolled, prediction=OuterRef("pk"))
