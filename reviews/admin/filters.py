"""Filters of records whose choices are words of the configuration."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from governance.admin.base import principal_of
from governance.admin.filters import TypedFilter
from governance.models import Queue, Tier
from governance.selectors import audit
from reviews.enums import Sampled


class TierFilter(admin.SimpleListFilter):
    """The tier, of those that pipelines within reach have now."""

    title = "tier"
    parameter_name = "tier"
    path: ClassVar[str] = "tier"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the tiers by name."""
        rows = audit.within(Tier.objects.all(), principal_of(request), "pipeline")
        return [(slug, slug) for slug in sorted(set(rows.values_list("slug", flat=True)))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """Return the rows of the chosen tier."""
        return queryset.filter(**{self.path: self.value()}) if self.value() else queryset


def of_tier(path: str) -> type[TierFilter]:
    """Return the filter for rows whose tier is in `path`."""
    return type("TierFilter", (TierFilter,), {"path": path})


class ModelFilter(TypedFilter):
    """The model that made the prediction: its version, or `name@version`."""

    title = gettext_lazy("model")
    parameter_name = "model"
    hint = gettext_lazy("A version, or name@version")
    path: ClassVar[str] = ""

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """Return what comes of the model."""
        if not self.value():
            return queryset
        name, _, version = str(self.value()).rpartition("@")
        wanted = {"model_version": version} | ({"model_name": name} if name else {})
        return queryset.filter(**{self.path + column: value for column, value in wanted.items()})


def of_model(path: str) -> type[ModelFilter]:
    """Return the filter for rows whose prediction `path` leads to."""
    return type("ModelFilter", (ModelFilter,), {"path": f"{path}__"})


class QueueFilter(admin.SimpleListFilter):
    """The queue, of those that pipelines within reach have now."""

    title = "queue"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the queues by name."""
        rows = audit.within(Queue.objects.all(), principal_of(request), "pipeline")
        return [(slug, slug) for slug in sorted(set(rows.values_list("slug", flat=True)))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """Return the rows of the chosen queue."""
        return queryset.filter(queue=self.value()) if self.value() else queryset


class SampledFilter(admin.SimpleListFilter):
    """Whether, and by which draw, a prediction was sampled."""

    title = "sample"
    parameter_name = "sampled"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the draws."""
        return [(str(value), str(label)) for value, label in Sampled.choices]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """Return what the chosen draw took."""
        return queryset.filter(sampled=self.value()) if self.value() else queryset
