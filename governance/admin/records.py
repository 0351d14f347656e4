"""Records of the floor: versions of policies, their activations, jobs."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from governance.admin import rendering
from governance.admin.base import ReadOnlyAdmin
from governance.admin.filters import PipelineFilter
from governance.domain.principal import Principal
from governance.models import Job, PolicyActivation, PolicyVersion
from governance.selectors import audit


@admin.register(PolicyVersion)
class PolicyVersionAdmin(ReadOnlyAdmin):
    """Published documents, with what each changed."""

    list_display = ("__str__", "kind", "created_at", "author", "reason", "short_digest")
    list_filter = ("kind",)
    list_select_related = ("author",)
    date_hierarchy = "created_at"
    ordering = ("-created_at", "-id")
    words = ("slug", "digest")
    unlisted = ("document", "diff")
    search_help_text = "A slug or a whole digest."
    lookups = ("slug", "kind")
    fields = (
        ("kind", "slug", "number"),
        ("author", "created_at"),
        "reason",
        "digest_shown",
        ("guideline_version", "glossary_version"),
        "diff_shown",
        "document_shown",
        "activations",
    )

    def readable(self, rows: "QuerySet[Any]", principal: Principal) -> "QuerySet[Any]":
        """Return the versions within reach."""
        return audit.versions(principal, rows)

    @admin.display(description="Digest")
    def short_digest(self, row: PolicyVersion) -> SafeString:
        """Return how the digest begins."""
        return rendering.as_code(row.digest[:12])

    @admin.display(description="Digest (SHA-256)")
    def digest_shown(self, row: PolicyVersion) -> SafeString:
        """Return the whole digest."""
        return rendering.as_code(row.digest)

    @admin.display(description="Differs from what was live")
    def diff_shown(self, row: PolicyVersion) -> SafeString:
        """Return the difference, path by path."""
        return rendering.as_changes(row.diff)

    @admin.display(description="Document")
    def document_shown(self, row: PolicyVersion) -> SafeString:
        """Return the document, indented."""
        return rendering.as_json(row.document)

    @admin.display(description="Brought into force")
    def activations(self, row: PolicyVersion) -> SafeString:
        """Link to when it was brought into force."""
        return rendering.list_link(PolicyActivation, "Activations", version=row.pk)


@admin.register(PolicyActivation)
class PolicyActivationAdmin(ReadOnlyAdmin):
    """When which version came into force."""

    reach = "pipeline"
    list_display = ("at", "pipeline", "mode", "version", "previous", "actor", "reason")
    list_select_related = ("pipeline", "version", "previous", "actor")
    unlisted = ("version__document", "version__diff", "previous__document", "previous__diff")
    date_hierarchy = "at"
    ordering = ("-at", "-id")
    lookups = ("version",)
    fields = ("pipeline", "mode", "version", "previous", "actor", "at", "reason")

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Return the filters, each offering only pipelines within reach."""
        return ("mode", PipelineFilter)


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    """Long work: what was asked for, by whom, and what came of it."""

    reach = "pipeline"
    list_display = ("id", "kind", "state", "percent", "pipeline", "user", "created_at")
    list_select_related = ("pipeline", "user")
    unlisted = ("arguments", "result", "problem")
    date_hierarchy = "created_at"
    ordering = ("-created_at", "-id")
    ids = ("id",)
    search_help_text = "The id of a job."
    fields = (
        ("kind", "state", "percent"),
        ("user", "pipeline"),
        ("created_at", "started_at", "finished_at"),
        "arguments_shown",
        "result_shown",
        "problem_shown",
    )

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Return the filters, each offering only pipelines within reach."""
        return ("state", PipelineFilter)

    @admin.display(description="Progress")
    def percent(self, row: Job) -> str:
        """Return how far it is, in percent."""
        return f"{row.progress:.0%}"

    @admin.display(description="Arguments")
    def arguments_shown(self, row: Job) -> SafeString:
        """Return what was asked for."""
        return rendering.as_json(row.arguments)

    @admin.display(description="Result")
    def result_shown(self, row: Job) -> SafeString:
        """Return what came of it."""
        return rendering.as_json(row.result)

    @admin.display(description="Problem")
    def problem_shown(self, row: Job) -> SafeString:
        """Return why it failed."""
        return rendering.as_json(row.problem)
