"""Requests for erasure, as far as a principal reaches."""

from django.db.models import QuerySet

from governance.domain.principal import Principal
from governance.models import ErasureRequest

RELATED = ("subject", "pipeline", "requested_by", "ended_by")


def visible(principal: Principal) -> "QuerySet[ErasureRequest]":
    """Return the requests of pipelines within reach; those about all, to who reaches all."""
    rows = ErasureRequest.objects.select_related(*RELATED)
    if principal.pipelines is None:
        return rows
    return rows.filter(pipeline__in=principal.pipelines)
