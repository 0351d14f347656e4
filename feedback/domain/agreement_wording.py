"""What the agreement of reviewers says, in one sentence."""

ACCEPTED = 0.667
"""Below it, Krippendorff (2004) advises against any conclusion from such answers."""


def alpha(value: float | None, interval: tuple[float, float] | None, items: int) -> str:
    """Return what alpha says of the process, and what it does not say of the answers."""
    if value is None or interval is None:
        return "Nothing to compare: fewer than two items were answered by several people unseen."
    low, high = interval
    said = (
        f"Alpha is {value:.2f} (95 % between {low:.2f} and {high:.2f}) over {items:,} items: "
        "0 is what chance gives, 1 is full agreement. "
    )
    if high < ACCEPTED:
        said += "Look at the guideline and at the pairs below: people read the question differently"
    elif low < ACCEPTED:
        said += "Whether people read the question alike cannot be told yet"
    else:
        said += "People read the question alike"
    return said + ". It is a sign of the process, not of how good the settled answers are."
