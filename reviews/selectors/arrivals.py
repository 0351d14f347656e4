"""What intake must know before it takes predictions: their pipelines, and which are known."""

import functools
import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.db import connection

from governance.models.stops import NEEDED
from reviews.models import Prediction

AT_ONCE = 5_000
PIPELINE = "p.id, p.slug, p.enabled, p.live_id, p.shadow_id, {stops}"
STOPS = """
    (SELECT {many} FROM governance_stop s WHERE s.pipeline_id = p.id AND NOT EXISTS (
        SELECT 1 FROM governance_stopresumption r WHERE r.stop_id = s.id AND r.position = {needed}
    ))
"""
RECEIVERS = """
    SELECT {pipeline} FROM governance_pipeline p WHERE p.slug IN ({marks}) AND p.live_id IS NOT NULL
"""
LOOK_UP = """
    SELECT {pipeline}, q.id, q.digest, q.tier, q.disposition
    FROM governance_pipeline p
    LEFT JOIN reviews_prediction q ON q.pipeline_id = p.id AND q.external_id = %s
    WHERE p.slug = %s AND p.live_id IS NOT NULL
"""


class KnownPrediction(NamedTuple):
    """What an answer to a repeated prediction needs; the id is text."""

    id: str
    digest: str
    tier: str
    disposition: str


class StoppedPlace(NamedTuple):
    """A stop that is in force; what is empty stands for all."""

    id: str
    tier: str
    model_name: str
    model_version: str

    def covers(self, tier: str, model: Mapping[str, str]) -> bool:
        """Return whether a prediction of this model in this tier is stopped."""
        return (
            self.tier in ("", tier)
            and self.model_name in ("", model["name"])
            and self.model_version in ("", model["version"])
        )


class Receiver(NamedTuple):
    """A pipeline that has a live version; the ids of versions are text."""

    pipeline_id: int
    slug: str
    enabled: bool
    live_id: str
    shadow_id: str
    stops: tuple[StoppedPlace, ...] = ()


def receivers(slugs: Sequence[str]) -> list[Receiver]:
    """Return those of the named pipelines that have a live version."""
    marks = ", ".join(["%s"] * len(slugs))
    with connection.cursor() as cursor:
        statement = RECEIVERS.format(pipeline=_pipeline(connection.vendor), marks=marks)
        cursor.execute(statement, list(slugs))
        return [_receiver(row) for row in cursor.fetchall()]


def look_up(slug: str, external_id: str) -> tuple[Receiver | None, KnownPrediction | None]:
    """Return the pipeline that one prediction goes to, and the one that has its id already."""
    with connection.cursor() as cursor:
        cursor.execute(_look_up(connection.vendor), [external_id, slug])
        found = cursor.fetchone()
    if found is None:
        return None, None
    known = found[6:]
    return _receiver(found[:6]), KnownPrediction(_text(known[0]), *known[1:]) if known[0] else None


def _receiver(row: Sequence[Any]) -> Receiver:
    pk, slug, enabled, live, shadow, stops = row
    places: tuple[StoppedPlace, ...] = ()
    if stops and stops != "[]":
        places = tuple(StoppedPlace(_text(key), *rest) for key, *rest in json.loads(stops))
    return Receiver(pk, slug, bool(enabled), _text(live), _text(shadow), places)


@functools.cache
def _look_up(vendor: str) -> str:
    return LOOK_UP.format(pipeline=_pipeline(vendor))


@functools.cache
def _pipeline(vendor: str) -> str:
    """Return the columns of a receiver; its stops are a list of lists, as JSON text."""
    columns = "s.id, s.tier, s.model_name, s.model_version"
    many = (
        f"(json_agg(json_build_array({columns})))::text"
        if vendor == "postgresql"
        else f"json_group_array(json_array({columns}))"
    )
    return PIPELINE.format(stops=STOPS.format(many=many, needed=NEEDED))


def _text(key: Any) -> str:
    """Return a version's id as text; SQLite gives it without hyphens."""
    return "" if key is None else str(key if isinstance(key, uuid.UUID) else uuid.UUID(key))


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
