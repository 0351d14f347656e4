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


class FigureName(TextChoices):
    """What is worked out of one reviewer's work."""

    TURNAROUND_HALF = "turnaround_p50", "Half of the items took at most"
    TURNAROUND_NINE = "turnaround_p90", "Nine in ten items took at most"
    AGREEMENT = "agreement", "Agreement with the final outcome"
    PRECISION = "correction_precision", "Corrections that were right"
    MISSED = "miss_rate", "Errors that were accepted"


class DisputeOutcome(TextChoices):
    """What came of a disputed figure."""

    STANDS = "stands", "The figure stands"
    ANEW = "anew", "It is counted anew from the dispute on"


class RetrospectiveState(TextChoices):
    """Items are picked while it is open, findings written once it was held."""

    OPEN = "open", "Open"
    HELD = "held", "Held"
    CLOSED = "closed", "Closed"


class CaseKind(TextChoices):
    """As what an item is looked back at."""

    MISCLASSIFICATION = "misclassification", "Misclassification"
    NEAR_MISS = "near_miss", "Near miss"
    SUCCESS = "success", "Success"


class DatasetKind(TextChoices):
    """What a dataset is for."""

    TRAINING = "training", "What people decided"
    EVALUATION = "evaluation", "Held out: to judge models by"


class GateVerdict(TextChoices):
    """What a gate says of a candidate."""

    PASS = "pass", "Pass"
    FAIL = "fail", "Fail"
    INCONCLUSIVE = "inconclusive", "Inconclusive"


class Measure(TextChoices):
    """What is asked of a model over all its traffic."""

    ACCURACY = "accuracy", "Accuracy"
    PRECISION = "precision", "Precision"
    RECALL = "recall", "Recall"
    CALIBRATION = "calibration", "Calibration"


class Publicity(TextChoices):
    """Who reads the page of a pipeline for those whom it concerns."""

    PUBLIC = "public", "Anybody"
    INTERNAL = "internal", "Whoever is signed in"
    NOBODY = "nobody", "Nobody: it is taken down"


class Metric(TextChoices):
    """What a monitoring plan watches."""

    AUDITED_ERROR = "audited_error", "Errors in what rules approve"
    OVERDUE = "overdue", "Reviews that were late"
    DISAGREEMENT = "disagreement", "Reviews in which people differed"
    REPORTED = "reported_outcomes", "Outcomes that production contradicted later"
