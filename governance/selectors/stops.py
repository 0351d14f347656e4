"""Which stops are in force."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from governance.domain.principal import Principal
from governance.exceptions import NotFound
from governance.models import Stop, StopResumption
from governance.models.stops import NEEDED


def visible(principal: Principal) -> "QuerySet[Stop]":
    """Return the stops of the pipelines within reach."""
    rows = Stop.objects.select_related("pipeline", "actor")
    if principal.pipelines is None:
        return rows
    return rows.filter(pipeline__in=principal.pipelines)


def within(principal: Principal, limit: int) -> list[Stop]:
    """Return some of the stops in force within reach, the newest first."""
    rows = Stop.objects.select_related("pipeline").filter(~Exists(_ending()))
    if principal.pipelines is not None:
        rows = rows.filter(pipeline__in=principal.pipelines)
    return list(rows.order_by("-pk")[:limit])


def in_force(pipeline_id: int) -> "QuerySet[Stop]":
    """Return the stops of a pipeline that nobody has ended, the oldest first."""
    rows = Stop.objects.filter(~Exists(_ending()), pipeline=pipeline_id)
    return rows.select_related("actor").order_by("pk")


def one(principal: Principal, stop_id: Any) -> Stop:
    """Return a stop within reach; NotFound for any other."""
    row = visible(principal).filter(pk=stop_id).first()
    if row is None:
        raise NotFound("There is no such stop.")
    return row


def _ending() -> "QuerySet[StopResumption]":
    return StopResumption.objects.filter(stop=OuterRef("pk"), position=NEEDED)
