"""What a held-out set said of a model on the slice that a prediction lies in."""

from feedback.domain.system_cards import FEWEST
from feedback.models import Evaluation
from reviews.domain.shares import Share
from reviews.models import Prediction
from reviews.selectors.slice_records import SliceRecord

LOOKED_AT = 4


def of(row: Prediction) -> SliceRecord | None:
    """Return the newest record of a prediction's model on its scenario, from FEWEST rows on.

    Of the held-out sets of its own pipeline, and of the model version that sent it.
    """
    if not row.scenario_type:
        return None
    rows = Evaluation.objects.filter(
        model__name=row.model_name, model__version=row.model_version,
        dataset_version__dataset__pipeline=row.pipeline_id, finish__isnull=False,
    ).select_related("finish", "dataset_version__dataset")  # fmt: skip
    for each in rows.order_by("-pk")[:LOOKED_AT]:
        counts = each.finish.figures["slices"].get(row.scenario_type)
        if counts and counts["n"] >= FEWEST:
            return _record(row.scenario_type, counts, each)
    return None


def _record(part: str, counts: dict[str, int], row: Evaluation) -> SliceRecord:
    figures = row.finish.figures
    own, whole = Share(counts["correct"], counts["n"]), Share(figures["correct"], figures["n"])
    assert own.value is not None
    assert own.interval is not None
    assert whole.value is not None
    return SliceRecord(
        part, own.n, own.value, own.interval, whole.value, own.interval[1] < whole.value,
        str(row.dataset_version),
    )  # fmt: skip
