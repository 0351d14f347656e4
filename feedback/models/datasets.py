"""Datasets: what people decided, as versions that never change."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from feedback.enums import DatasetKind, DownloadFormat
from governance.models.base import AppendOnlyModel, TrackedModel, one_of, uuid7


class Dataset(TrackedModel):
    """A recipe for versions: which predictions of a pipeline, resolved how.

    One of kind evaluation has no recipe: its rows are given, and are kept out of all that models of
    its pipeline are trained on. Constraints: dataset_slug_uniq, dataset_slug_named,
    dataset_kind_valid, dataset_held_out_has_no_recipe.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=63, db_index=False)
    pipeline = models.ForeignKey(
        "governance.Pipeline", on_delete=models.PROTECT, related_name="datasets"
    )
    kind = models.CharField(
        max_length=10, choices=DatasetKind, default=DatasetKind.TRAINING, editable=False
    )
    filter = models.JSONField(default=dict, blank=True, help_text="What a row must be like.")
    include = models.JSONField(
        default=dict, blank=True, help_text="Whether rows that were approved by rule are in it."
    )
    created_by = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["slug"], name="dataset_slug_uniq"),
            models.CheckConstraint(condition=~Q(slug=""), name="dataset_slug_named"),
            models.CheckConstraint(
                condition=one_of("kind", DatasetKind.values), name="dataset_kind_valid"
            ),
            models.CheckConstraint(
                condition=Q(kind=DatasetKind.TRAINING) | Q(filter={}, include={}),
                name="dataset_held_out_has_no_recipe",
            ),
        ]

    def __str__(self) -> str:
        return self.slug


class DatasetVersion(AppendOnlyModel):
    """A sealed version: its rows, in order of external_id, under one digest.

    The row is written last, in the transaction that writes its entries and files, and closes them:
    a trigger (feedback.db.seals) refuses an entry or file for a version that exists. `digest` is
    the RFC 9162 Merkle root over the bytes of the rows. Constraints: datasetversion_number_uniq,
    datasetversion_job_uniq (a job that runs again makes no second version),
    datasetversion_parent_unless_first, datasetversion_has_rows, datasetversion_as_of_past.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    dataset = models.ForeignKey(
        Dataset, on_delete=models.PROTECT, related_name="versions", db_index=False
    )
    number = models.PositiveIntegerField()
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    as_of = models.DateTimeField()
    rows = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    recipe = models.JSONField(help_text="Filter and inclusion as they were.")
    card = models.JSONField(help_text="Counts by kind, tier, verdict, scenario and split.")
    consent = models.JSONField(help_text="What the rows rest on, counted by legal basis.")
    job = models.ForeignKey(
        "governance.Job", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    sealed_by = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    sealed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dataset", "number"], name="datasetversion_number_uniq"
            ),
            models.UniqueConstraint(fields=["job"], name="datasetversion_job_uniq"),
            models.CheckConstraint(
                condition=Q(number=1, parent__isnull=True) | Q(number__gt=1, parent__isnull=False),
                name="datasetversion_parent_unless_first",
            ),
            models.CheckConstraint(condition=Q(rows__gte=1), name="datasetversion_has_rows"),
            models.CheckConstraint(
                condition=Q(as_of__lte=models.F("sealed_at")), name="datasetversion_as_of_past"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dataset}@{self.number}"


class DatasetEntry(AppendOnlyModel):
    """One row of a version, as its bytes, in order of the UTF-8 bytes of external_id.

    `input_digest` is the SHA-256 of its input as RFC 8785 JSON, by which rows of held-out sets are
    kept out of training; a version sealed before there were such sets has none. A row of a held-out
    set is made of no prediction. Constraints: datasetentry_position_uniq,
    datasetentry_external_id_uniq.
    """

    personal: ClassVar[Mapping[str, Any]] = {"content": "", "input_digest": None, "subject_ref": ""}

    id = models.BigAutoField(primary_key=True)
    version = models.ForeignKey(
        DatasetVersion, on_delete=models.PROTECT, related_name="entries", db_index=False
    )
    position = models.PositiveIntegerField()
    # Held by the trigger on bulk references: both tables are append-only.
    prediction = models.ForeignKey(
        "reviews.Prediction",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
        help_text="Empty: a row of a held-out set.",
    )
    resolution = models.ForeignKey(
        "reviews.Resolution",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
        help_text="Empty: approved by rule.",
    )
    external_id = models.CharField(max_length=200)
    content = models.TextField(help_text="The row as one line of RFC 8785 JSON.")
    input_digest = models.BinaryField(max_length=32, null=True)
    subject_ref = models.CharField(
        max_length=200, blank=True, default="", help_text="Whom a row of a held-out set is about."
    )

    class Meta:
        verbose_name_plural = "dataset entries"
        indexes = [models.Index(fields=["input_digest"], name="datasetentry_by_input")]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "position"], name="datasetentry_position_uniq"
            ),
            models.UniqueConstraint(
                fields=["external_id", "version"], name="datasetentry_external_id_uniq"
            ),
        ]

    def __str__(self) -> str:
        return self.external_id


class DatasetFile(AppendOnlyModel):
    """What a download of a version in a format hashes to, settled when the version was sealed.

    JSON lines and CSV are made of the entries whenever they are asked for; Parquet, whose bytes
    depend on the library that writes it, is kept in parts.
    Constraints: datasetfile_uniq, datasetfile_format_valid.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    version = models.ForeignKey(
        DatasetVersion, on_delete=models.PROTECT, related_name="files", db_index=False
    )
    format = models.CharField(max_length=7, choices=DownloadFormat)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField(help_text="Bytes.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "format"], name="datasetfile_uniq"),
            models.CheckConstraint(
                condition=one_of("format", DownloadFormat.values), name="datasetfile_format_valid"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version}.{self.format}"


class DatasetFilePart(AppendOnlyModel):
    """A stretch of a file whose bytes are kept. Constraint: datasetfilepart_position_uniq."""

    # A row cannot be taken out of Parquet: all of the file goes, and is made anew when asked for.
    personal: ClassVar[Mapping[str, Any]] = {"content": b""}

    id = models.BigAutoField(primary_key=True)
    file = models.ForeignKey(
        DatasetFile, on_delete=models.PROTECT, related_name="parts", db_index=False
    )
    position = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["file", "position"], name="datasetfilepart_position_uniq"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_id} {self.position}"


class DatasetErasure(AppendOnlyModel):
    """That rows of a sealed version were erased; its downloads are without them from then on.

    Constraints: dataseterasure_has_rows, dataseterasure_once.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    version = models.ForeignKey(
        DatasetVersion, on_delete=models.PROTECT, related_name="erasures", db_index=False
    )
    event = models.UUIDField(help_text="The ledger event of the act.")
    rows = models.PositiveIntegerField(help_text="How many it took.")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "event"], name="dataseterasure_once"),
            models.CheckConstraint(condition=Q(rows__gte=1), name="dataseterasure_has_rows"),
        ]

    def __str__(self) -> str:
        return f"{self.rows} rows of {self.version_id}"


class DatasetEdition(AppendOnlyModel):
    """What a download of a version hashes to when `rows` of its rows are left after erasures.

    Constraints: datasetedition_uniq, datasetedition_format_valid.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    version = models.ForeignKey(
        DatasetVersion, on_delete=models.PROTECT, related_name="editions", db_index=False
    )
    format = models.CharField(max_length=7, choices=DownloadFormat)
    rows = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField(help_text="Bytes.")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "format", "rows"], name="datasetedition_uniq"
            ),
            models.CheckConstraint(
                condition=one_of("format", DownloadFormat.values),
                name="datasetedition_format_valid",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version}.{self.format} of {self.rows} rows"
