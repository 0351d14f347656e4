"""What data may be used for, as words: `training`, `evaluation`, `audit`."""

import re
from collections.abc import Iterable

PURPOSE = re.compile(r"[a-z][a-z0-9_-]{0,59}")
# What datasets are made for, where nobody says otherwise.
TRAINING = "training"


class BadPurpose(ValueError):
    """A purpose is not written as one."""


def purpose(word: str) -> str:
    """Return `word`; BadPurpose when it is none."""
    if not PURPOSE.fullmatch(word):
        raise BadPurpose("A purpose is a word of a-z, 0-9, - and _, such as training.")
    return word


def covered(wanted: str, sources: Iterable[Iterable[str]]) -> bool:
    """Return whether every source may be used for `wanted`; without a source nothing is covered."""
    listed = [set(purposes) for purposes in sources]
    return bool(listed) and all(wanted in purposes for purposes in listed)
