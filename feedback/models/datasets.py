"""Datasets: what people decided, as versions that never change."""

from django.db import models

from feedback.enums import DatasetKind, DownloadFormat
from governance.models.base import AppendOnlyModel, TrackedModel, one_of, uuid7


class Dataset(TrackedModel):
    """A recipe for versions: which predictions of a pipeline, resolved how.

    Constraints: dataset_slug_uniq, dataset_kind_valid.
    """

    slug = models.SlugField(max_length=63)
    pipeline = models.ForeignKey(
        "governance.Pipeline", on_delete=models.PROTECT, related_name="datasets"
    )
    kind = models.CharField(max_length=10, choices=DatasetKind, default=DatasetKind.TRAINING)
    filter = models.JSONField(default=dict, blank=True)
    include = models.JSONField(default=dict, blank=True)
    created_by = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["slug"], name="dataset_slug_uniq"),
            models.CheckConstraint(
                condition=one_of("kind", DatasetKind.values), name="dataset_kind_valid"
            ),
        ]

    def __str__(self) -> str:
        return self.slug


class DatasetVersion(AppendOnlyModel):
    """A sealed version: its rows, in order of external_id, under one digest.

    The row is written last, in the transaction that writes its entries, so that a version which
    can be read is whole. `digest` is the RFC 9162 Merkle root over the bytes of the rows.
    Constraints: datasetversion_number_uniq.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    as_of = models.DateTimeField()
    rows = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    recipe = models.JSONField(help_text="Filter and inclusion as they were.")
    card = models.JSONField(help_text="Counts by kind, tier, verdict, scenario and split.")
    consent = models.JSONField(help_text="What the rows rest on, counted by legal basis.")
    sealed_by = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    sealed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dataset", "number"], name="datasetversion_number_uniq"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dataset}@{self.number}"


class DatasetEntry(AppendOnlyModel):
    """One row of a version, as its bytes. Constraint: datasetentry_position_uniq."""

    id = models.BigAutoField(primary_key=True)
    version = models.ForeignKey(
        DatasetVersion, on_delete=models.PROTECT, related_name="entries", db_index=False
    )
    position = models.PositiveIntegerField()
    prediction = models.ForeignKey(
        "reviews.Prediction", on_delete=models.PROTECT, null=True, related_name="+"
    )
    resolution = models.ForeignKey(
        "reviews.Resolution", on_delete=models.PROTECT, null=True, related_name="+"
    )
    external_id = models.CharField(max_length=200)
    content = models.TextField(help_text="The row as one line of JSON.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "position"], name="datasetentry_position_uniq"
            ),
        ]

    def __str__(self) -> str:
        return self.external_id


class DatasetFile(AppendOnlyModel):
    """What a download of a version in a format must hash to. Constraint: datasetfile_uniq."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="files")
    format = models.CharField(max_length=7, choices=DownloadFormat)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "format"], name="datasetfile_uniq"),
            models.CheckConstraint(
                condition=one_of("format", DownloadFormat.values), name="datasetfile_format_valid"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version}.{self.format}"
