"""Versions of models within reach: those of which no training data is out of it."""

from django.db.models import Exists, OuterRef, QuerySet

from feedback.models import ModelTraining, ModelVersion
from governance.domain.principal import Principal
from governance.exceptions import NotFound


def within(principal: Principal) -> "QuerySet[ModelVersion]":
    """Return the versions that a principal may see, with what they were made from."""
    rows = ModelVersion.objects.select_related("parent", "registered_by").prefetch_related(
        "trainings__dataset_version__dataset__pipeline"
    )
    if principal.pipelines is None:
        return rows
    hidden = ModelTraining.objects.filter(model=OuterRef("pk")).exclude(
        dataset_version__dataset__pipeline__in=principal.pipelines
    )
    return rows.filter(~Exists(hidden))


def version(principal: Principal, name: str, number: str) -> ModelVersion:
    """Return one version; NotFound when there is none within reach."""
    row = within(principal).filter(name=name, version=number).first()
    if row is None:
        raise NotFound("There is no such version of a model.")
    return row
