"""What differs between two documents, path by path."""

from collections.abc import Iterator, Mapping
from typing import Any

from governance.domain.strict_json import escape

Change = dict[str, Any]


def diff(old: Any, new: Any) -> list[Change]:
    """Return `{path, old, new}` for each difference, in the order of the paths.

    Named members of lists (rules by `name`, checklist by `key`) are compared by name; other lists
    are compared whole. A side on which there is nothing is left out of its change.
    """
    return list(_changes("", old, new))


def _changes(path: str, old: Any, new: Any) -> Iterator[Change]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            place = f"{path}/{escape(key)}"
            if key not in old:
                yield {"path": place, "new": new[key]}
            elif key not in new:
                yield {"path": place, "old": old[key]}
            else:
                yield from _changes(place, old[key], new[key])
    elif old != new:
        yield from _lists(path, old, new)


def _lists(path: str, old: Any, new: Any) -> Iterator[Change]:
    before, after = _by_name(old), _by_name(new)
    if before is None or after is None or list(before) != list(after):
        yield {"path": path, "old": old, "new": new}
    else:
        yield from _changes(path, before, after)


def _by_name(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, list) or not all(isinstance(entry, Mapping) for entry in value):
        return None
    names = [entry.get("name") or entry.get("key") for entry in value]
    good = all(names) and len(set(names)) == len(names)
    return dict(zip(names, value, strict=True)) if good else None
