"""The words that feedback stores."""

from django.db.models import TextChoices


class DatasetKind(TextChoices):
    TRAINING = "training", "For training and analysis"
    EVALUATION = "evaluation", "Held out"


class DownloadFormat(TextChoices):
    JSONL = "jsonl", "JSON lines"
    CSV = "csv", "CSV"
    PARQUET = "parquet", "Parquet"
