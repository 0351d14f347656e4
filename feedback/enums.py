"""The words that feedback stores."""

from django.db.models import TextChoices


class DownloadFormat(TextChoices):
    JSONL = "jsonl", "JSON lines"
    CSV = "csv", "CSV, safe to open in a spreadsheet"
    CSV_RAW = "csv-raw", "CSV, cells as they are"
    PARQUET = "parquet", "Parquet"


class Split(TextChoices):
    TRAIN = "train", "Training"
    VALIDATION = "validation", "Validation"
    TEST = "test", "Test"
