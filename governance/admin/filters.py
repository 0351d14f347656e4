"""Filters whose choices are read from small tables, never from the records themselves."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from governance.admin.base import principal_of
from governance.models import Pipeline
from governance.selectors import audit


class PipelineFilter(admin.SimpleListFilter):
    """The pipeline, of those within reach."""

    title = "pipeline"
    parameter_name = "pipeline"
    path: ClassVar[str] = "pipeline"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the pipelines within reach, by slug."""
        return [(slug, slug) for slug in sorted(audit.slugs(principal_of(request)))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """Return the rows of the chosen pipeline."""
        if not self.value():
            return queryset
        chosen = Pipeline.objects.filter(slug=self.value()).values_list("pk", flat=True).first()
        return queryset.filter(**{self.path: chosen}) if chosen else queryset.none()


def of_pipeline(path: str) -> type[PipelineFilter]:
    """Return the filter for rows whose pipeline `path` leads to."""
    return type("PipelineFilter", (PipelineFilter,), {"path": path})
