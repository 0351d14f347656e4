"""Filters of records whose choices are words of the configuration."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from governance.admin.base import principal_of
from governance.models import Queue, Tier
from governance.selectors import audit
from reviews.enums import Sampled


class TierFilter(admin.SimpleListFilter):
    """The tier, of those that pipelines within reach have now."""

    title = "tier"
    parameter_name = "tier"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the tiers by name."""
        rows = audit.within(Tier.objects.all(), principal_of(request), "pipeline")
        return [(slug, slug) for slug in sorted(set(rows.values_list("slug", flat=True)))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """Return the rows of the chosen tier."""
        return queryset.filter(tier=self.value()) if self.value() else queryset


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
