"""Filters whose choices are read from small tables, never from the records themselves."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from governance.admin.base import principal_of
from governance.models import Pipeline, User
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


class TypedFilter(admin.SimpleListFilter):
    """A filter that is typed and not chosen: what it asks for may be one of ten thousand."""

    template = "admin/records/typed_filter.html"
    hint: ClassVar[Any] = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return nothing to choose from."""
        return []

    def has_output(self) -> bool:
        """Return that it is always shown."""
        return True

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Yield what the form needs: the value, and the other parameters of the list."""
        others = [each for each in changelist.params.items() if each[0] != self.parameter_name]
        yield {
            "value": self.value() or "",
            "hint": self.hint,
            "name": self.parameter_name,
            "others": others,
            "without": changelist.get_query_string(remove=[self.parameter_name]),
        }


class PersonFilter(TypedFilter):
    """Who did it, by username."""

    title = gettext_lazy("person")
    parameter_name = "person"
    hint = gettext_lazy("A username, as it is spelled")
    path: ClassVar[str] = "actor"

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """Return what the person did, of whoever is within reach."""
        if not self.value():
            return queryset
        people = audit.people(principal_of(request), User.objects.filter(username=self.value()))
        found = people.values_list("pk", flat=True).first()
        return queryset.filter(**{self.path: found}) if found else queryset.none()


def of_person(path: str) -> type[PersonFilter]:
    """Return the filter for rows whose person is in `path`."""
    return type("PersonFilter", (PersonFilter,), {"path": path})
