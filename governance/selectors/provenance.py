"""Where the data of a pipeline comes from, whether it is personal, and what it may be used for."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from governance.domain.principal import Principal
from governance.models import DataSource, Pipeline
from governance.selectors import audit, policies


def privacy_of(pipeline: Pipeline) -> Mapping[str, Any]:
    """Return the privacy section of the policy in force; empty where it declares none."""
    if pipeline.live_id is None:
        return {}
    section: Mapping[str, Any] = policies.document(pipeline.live_id).get("privacy") or {}
    return section


def is_personal(pipeline: Pipeline) -> bool:
    """Return whether the policy in force says which field names the person it is about."""
    return bool(privacy_of(pipeline).get("subject_field"))


def sources(principal: Principal) -> "QuerySet[DataSource]":
    """Return the data sources of the pipelines within reach."""
    rows = DataSource.objects.select_related("pipeline")
    return audit.within(rows, principal, "pipeline")


def of_pipeline(pipeline_id: int) -> list[DataSource]:
    """Return the sources of a pipeline, by name."""
    return list(DataSource.objects.filter(pipeline=pipeline_id).order_by("name"))


def personal_pipelines() -> dict[int, int]:
    """Return for how many days predictions are kept, by the pipelines that hold personal data."""
    found = {}
    for row in Pipeline.objects.exclude(live=None).order_by("pk"):
        section = privacy_of(row)
        if section.get("subject_field"):
            found[row.pk] = int(section["retain_days"])
    return found
