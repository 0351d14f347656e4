"""What the example is called, and the documents that set it up."""

from pathlib import Path
from typing import Any

from governance.domain.documents import sources
from governance.selectors import examples

PIPELINE = "digits-demo"
SENDER = "demo-digits-model"
REVIEWERS = ("demo-ada", "demo-ben", "demo-chen")
LEAD = "demo-lena"
DATASET = "digits-demo-decided"
HARD_QUEUE = "four-or-nine"
FILE = Path(__file__).with_name("example.yaml")


def documents() -> list[dict[str, Any]]:
    """Return the documents of example.yaml."""
    return sources.load(FILE.read_text(encoding="utf-8"), FILE.name)


def example() -> examples.Example:
    """Return what belongs to the example."""
    return examples.described(documents())
