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


class SignalKind(TextChoices):
    """What a resolution taught."""

    ACCEPTED = "accepted", "The model was right"
    CORRECTED = "corrected", "People gave another answer"
    REJECTED = "rejected", "People rejected it"
    AMBIGUOUS = "ambiguous", "People differed"
    UNDECIDED = "undecided", "Somebody could not decide"
    NEAR_MISS = "near_miss", "An error that only a draw brought to people"


class LessonState(TextChoices):
    PROPOSED = "proposed", "Proposed"
    ADOPTED = "adopted", "Adopted"
    RETIRED = "retired", "Retired"
