"""What the measures of a model say, each in one sentence."""

from feedback.domain.calibration import FEWEST as FEWEST_CALIBRATED
from feedback.domain.calibration import Calibration
from feedback.domain.estimators import Estimate, Figure
from feedback.domain.sampled_groups import Interval


def accuracy(found: Estimate) -> str:
    """Return what an estimate of accuracy says, beside what the reviewed alone would say."""
    if not found.n:
        return "Nothing was sent in this period."
    if found.naive is None or found.bounds is None:
        return f"Of {_count(found.n)} people have settled none: nothing can be said yet."
    if found.figure is None:
        return (
            f"{found.unseen:,} of {_count(found.n)} could never be drawn for review, and nothing "
            f"that was reviewed stands for them: accuracy is somewhere {_between(found.bounds)}. "
            "Raise the monitor rate of their tier to know more."
        )
    said = f"Over {_all(found.n)} the model is right in {_share(found.figure)}. "
    return said + _beside(found.naive, found.figure, found.n_reviewed, found.n) + _doubt(found)


def _beside(naive: Figure, figure: Figure, reviewed: int, n: int) -> str:
    if reviewed == n:
        return "People settled all of them."
    away = naive.value - figure.value
    seen = f"Of the {reviewed:,} that people settled it is right in {percent(naive.value)}"
    if abs(away) < 0.005 or figure.interval[0] <= naive.value <= figure.interval[1]:
        return f"{seen}, which is no clear difference."
    side, word = ("hard", "low") if away < 0 else ("easy", "high")
    return (
        f"{seen}: they were sent the {side} ones, and that figure alone would be "
        f"{100 * abs(away):.1f} points too {word}."
    )


def _doubt(found: Estimate) -> str:
    if not found.missing or found.bounds is None:
        return ""
    return (
        f" {found.missing:,} that were drawn are not settled; whatever they turn out to be, "
        f"accuracy among the drawn lies {_between(found.bounds)}."
    )


def of_class(kind: str, label: str, n: int, figure: Figure | None) -> str:
    """Return what the precision or recall of an answer says."""
    if figure is None:
        return f"No settled case bears on {label!r}."
    if kind == "precision":
        said = f"When the model says {label!r} it is right in"
    else:
        said = f"Where {label!r} is right, the model says so in"
    return f"{said} {_share(figure)}, from {n:,} settled {_cases(n)}."


def of_classes(kind: str, told: int, figure: Figure | None) -> str:
    """Return what the mean of precision or recall over the answers says."""
    if figure is None:
        return "People have settled nothing with an answer: nothing can be said yet."
    what = (
        "what the model says is right" if kind == "precision" else "the model finds what is right"
    )
    return (
        f"On the mean of {told:,} {'answer' if told == 1 else 'answers'}, each counted alike, "
        f"{what} in {_share(figure)}."
    )


def calibration(found: Calibration) -> str:
    """Return how far confidence can be believed."""
    if found.figure is None:
        return (
            f"Not shown: it would rest on {found.n:,} settled {_cases(found.n)}, fewer than "
            f"{FEWEST_CALIBRATED}."
        )
    low, high = found.figure.interval
    said = (
        f"Confidence is {100 * found.figure.value:.1f} points away from how often the model is "
        f"right (95 % between {100 * low:.1f} and {100 * high:.1f})"
    )
    if abs(found.lean) < 0.005:
        return f"{said}, on neither side."
    return f"{said}; on the whole it is too {'sure' if found.lean > 0 else 'modest'}."


def percent(share: float) -> str:
    """Return a share in hundredths, with one decimal."""
    return f"{100 * share:.1f} %"


def _share(figure: Figure) -> str:
    if figure.interval[0] == figure.interval[1]:
        return percent(figure.value)
    return f"{percent(figure.value)} (95 % {_between(figure.interval)})"


def _between(interval: Interval) -> str:
    return f"between {100 * interval[0]:.1f} and {100 * interval[1]:.1f} %"


def _all(n: int) -> str:
    return "the one prediction" if n == 1 else f"all {n:,} predictions"


def _count(n: int) -> str:
    return "one prediction" if n == 1 else f"{n:,} predictions"


def _cases(n: int) -> str:
    return "case" if n == 1 else "cases"
