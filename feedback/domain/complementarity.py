"""Whether people do better than the model on what is sent to them."""

from collections.abc import Iterable
from dataclasses import dataclass

from feedback.domain import paired

FEWEST = 30
ALPHA = 0.025
BETTER, WORSE, UNCLEAR, UNKNOWN = "people", "model", "unclear", "unknown"


@dataclass(frozen=True, slots=True)
class Judged:
    """One blind answer to an item whose truth others told: who of the two had it right."""

    model: bool
    person: bool
    part: str = ""


@dataclass(frozen=True)
class Complement:
    """The accuracy of people less that of the model, on the same items.

    `interval` is of 95 %, after Tango; None, as all figures are, with fewer than FEWEST items.
    `verdict` is `people` or `model` (who is better, shown), `unclear`, or `unknown`.
    """

    part: str | None
    n: int
    people: float | None
    model: float | None
    difference: float | None
    interval: tuple[float, float] | None
    verdict: str


def of(judged: Iterable[Judged], part: str | None = None) -> Complement:
    """Return what people add to the model.

    On decisions people and model together are on average worse than the better of them (Vaccaro,
    Almaatouq and Malone 2024), so that it is to be shown, and more review only advised where it is.
    """
    pairs = paired.count((each.model, each.person) for each in judged)
    if pairs.n < FEWEST:
        return Complement(part, pairs.n, None, None, None, None, UNKNOWN)
    low, high = paired.interval(pairs, alpha=ALPHA)
    verdict = BETTER if low > 0 else WORSE if high < 0 else UNCLEAR
    return Complement(
        part, pairs.n, pairs.candidate, pairs.baseline, pairs.difference, (low, high), verdict
    )


def sentence(found: Complement) -> str:
    """Return what follows: more review is never advised where people are not shown to be better."""
    if found.interval is None or found.people is None or found.model is None:
        return f"Not shown: it would rest on {found.n} items, fewer than {FEWEST}."
    low, high = (100 * bound for bound in found.interval)
    said = (
        f"On {found.n:,} items that several people answered unseen, one person is right in "
        f"{100 * found.people:.0f} % and the model in {100 * found.model:.0f} % "
        f"(95 % of the difference between {low:+.0f} and {high:+.0f} points). "
    )
    return (
        said
        + {
            BETTER: "People add to the model here.",
            WORSE: "The model does better: sending more to people would make the answers worse.",
            UNCLEAR: "Who is better is not shown: there is no ground for sending more to people.",
        }[found.verdict]
    )
