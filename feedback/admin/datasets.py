"""The pages of datasets, their versions and what is in them."""

from django.contrib import admin
from django.utils.safestring import SafeString

from feedback.models import Dataset, DatasetEntry, DatasetFile, DatasetVersion
from governance.admin import rendering
from governance.admin.base import ReadOnlyAdmin, ReadOnlyInline
from governance.admin.filters import PipelineFilter, of_pipeline

LONG_OF_VERSION = ("version__recipe", "version__card", "version__consent")


@admin.register(Dataset)
class DatasetAdmin(ReadOnlyAdmin):
    """Which predictions of a pipeline a dataset takes."""

    reach = "pipeline"
    stream = "dataset"
    list_display = ("slug", "kind", "pipeline", "created_by", "created_at")
    list_filter = ("kind", PipelineFilter)
    list_select_related = ("pipeline", "created_by")
    ordering = ("-id",)
    ids = ("id",)
    words = ("slug",)
    search_help_text = "The name of a dataset, or its id."
    fields = (
        ("slug", "kind", "pipeline"), ("created_by", "created_at"), "filter_shown", "include_shown",
        "versions_shown", "ledger", "id",
    )  # fmt: skip

    @admin.display(description="Filter")
    def filter_shown(self, row: Dataset) -> SafeString:
        """Return what a row must be like."""
        return rendering.as_json(row.filter)

    @admin.display(description="Included as well")
    def include_shown(self, row: Dataset) -> SafeString:
        """Return whether rows approved by rule are in it."""
        return rendering.as_json(row.include)

    @admin.display(description="Versions")
    def versions_shown(self, row: Dataset) -> SafeString:
        """Link to the versions."""
        return rendering.list_link(DatasetVersion, "All its versions", dataset=row.pk)


class DatasetFileInline(ReadOnlyInline):
    """What its downloads hash to."""

    model = DatasetFile
    fields = ("format", "sha256", "size")


@admin.register(DatasetVersion)
class DatasetVersionAdmin(ReadOnlyAdmin):
    """Sealed versions."""

    reach = "dataset__pipeline"
    list_display = ("__str__", "sealed_at", "sealed_by", "rows", "as_of", "short_digest")
    list_filter = (of_pipeline("dataset__pipeline"),)
    list_select_related = ("dataset", "sealed_by")
    unlisted = ("recipe", "card", "consent")
    ordering = ("-id",)
    ids = ("id", "dataset")
    words = ("dataset__slug", "digest")
    lookups = ("dataset",)
    search_help_text = "The name of a dataset, an id, or a whole digest."
    inlines = (DatasetFileInline,)
    fields = (
        ("dataset", "number", "parent"), ("as_of", "rows"), "digest_shown",
        ("sealed_by", "sealed_at", "job"), "card_shown", "recipe_shown", "consent_shown",
        "entries_shown", "id",
    )  # fmt: skip

    @admin.display(description="Digest")
    def short_digest(self, row: DatasetVersion) -> SafeString:
        """Return how the digest begins."""
        return rendering.as_code(row.digest[:12])

    @admin.display(description="Digest (RFC 9162 root)")
    def digest_shown(self, row: DatasetVersion) -> SafeString:
        """Return the whole digest."""
        return rendering.as_code(row.digest)

    @admin.display(description="Card")
    def card_shown(self, row: DatasetVersion) -> SafeString:
        """Return the card as Markdown."""
        return rendering.as_text(row.card["markdown"])

    @admin.display(description="Recipe")
    def recipe_shown(self, row: DatasetVersion) -> SafeString:
        """Return what was asked for."""
        return rendering.as_json(row.recipe)

    @admin.display(description="Consent")
    def consent_shown(self, row: DatasetVersion) -> SafeString:
        """Return what the use of the rows rests on."""
        return rendering.as_json(row.consent)

    @admin.display(description="Rows")
    def entries_shown(self, row: DatasetVersion) -> SafeString:
        """Link to the rows."""
        return rendering.list_link(DatasetEntry, f"{row.rows} rows", version=row.pk)


@admin.register(DatasetEntry)
class DatasetEntryAdmin(ReadOnlyAdmin):
    """The rows of versions, in their order."""

    reach = "version__dataset__pipeline"
    list_display = ("external_id", "version", "position", "prediction_id", "resolution_id")
    list_select_related = ("version__dataset",)
    unlisted = ("content", *LONG_OF_VERSION)
    # The order of the index that also keeps positions unique.
    ordering = ("version", "position")
    ids = ("version",)
    words = ("external_id",)
    lookups = ("version",)
    search_help_text = "An external id, or the id of a version."
    fields = (("version", "position"), ("prediction", "resolution"), "external_id", "row_shown")

    @admin.display(description="Row")
    def row_shown(self, row: DatasetEntry) -> SafeString:
        """Return the row as the line that was sealed."""
        return rendering.as_text(row.content)
