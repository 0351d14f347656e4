"""Records of intake as objects, made of the values that were written, not read again."""

from collections.abc import Sequence
from typing import Any, TypeVar

import orjson
from django.db import connection, models

from reviews.domain.rows import PREDICTION_FIELDS
from reviews.models import Prediction, ReviewItem
from reviews.services.items import ITEM_FIELDS

M = TypeVar("M", bound=models.Model)


def prediction(values: Sequence[Any], item_values: Sequence[Any] | None) -> Prediction:
    """Return the prediction that a row of PREDICTION_FIELDS is, with its item if it has one."""
    row = _made(Prediction, PREDICTION_FIELDS, values)
    item = _made(ReviewItem, ITEM_FIELDS, item_values) if item_values else None
    row._state.fields_cache["item"] = item
    row._state.fields_cache["withdrawal"] = None
    if item is not None:
        item.prediction = row
    return row


def _made(model: type[M], names: Sequence[str], values: Sequence[Any]) -> M:
    found: dict[str, Any] = {}
    for name, value in zip(names, values, strict=True):
        field: Any = model._meta.get_field(name)
        is_json = isinstance(field, models.JSONField) and value is not None
        found[field.attname] = orjson.loads(value) if is_json else field.to_python(value)
    row = model(**found)
    row._state.adding = False
    row._state.db = connection.alias
    return row
