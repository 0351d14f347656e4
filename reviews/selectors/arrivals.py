"""Which of the predictions that arrive are known already."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import connection

from reviews.models import Prediction

AT_ONCE = 5_000


class KnownPrediction(NamedTuple):
    """What an answer to a repeated prediction needs; the id is text."""

    id: str
    digest: str
    tier: str
    disposition: str


def known(pipeline_id: int, external_ids: Sequence[str]) -> dict[str, KnownPrediction]:
    """Return the predictions of a pipeline that have one of `external_ids`, by it."""
    rows = _by_array if connection.vendor == "postgresql" else _by_list
    return {
        row[0]: KnownPrediction(str(row[1]), *row[2:]) for row in rows(pipeline_id, external_ids)
    }


def _by_array(pipeline_id: int, external_ids: Sequence[str]) -> list[tuple[Any, ...]]:
    # One parameter for all ids: ten thousand of them would be parsed and planned one by one.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT external_id, id, digest, tier, disposition FROM reviews_prediction "
            "WHERE pipeline_id = %s AND external_id = ANY(%s)",
            [pipeline_id, list(external_ids)],
        )
        return list(cursor.fetchall())


def _by_list(pipeline_id: int, external_ids: Sequence[str]) -> list[tuple[Any, ...]]:
    return [
        row
        for start in range(0, len(external_ids), AT_ONCE)
        for row in Prediction.objects.filter(
            pipeline_id=pipeline_id, external_id__in=external_ids[start : start + AT_ONCE]
        ).values_list("external_id", "id", "digest", "tier", "disposition")
    ]
