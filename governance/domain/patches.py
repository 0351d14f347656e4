"""Changes of documents as steps from an old value to a new one, which can be taken back alone.

A step is a change of `documents.diffs`: `{path, old, new}`, where a side on which there is nothing
is left out. Members of lists that have names (rules by `name`, checklists by `key`) are addressed
by them.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from governance.domain.documents.diffs import Change

MISSING = object()


def parts(path: str) -> list[str]:
    """Return the names on a path (RFC 6901); ValueError when it is none."""
    if not path.startswith("/"):
        raise ValueError(f"{path!r} is no path: it starts with a slash.")
    return [part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/")]


def value_at(document: Any, path: str) -> Any:
    """Return the value at a path, or MISSING."""
    found = document
    for name in parts(path):
        found = _member(found, name)
        if found is MISSING:
            return MISSING
    return found


def _member(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(name, MISSING)
    if isinstance(value, list):
        place = _place(value, name)
        return MISSING if place is None else value[place]
    return MISSING


def _place(entries: Sequence[Any], name: str) -> int | None:
    for i, entry in enumerate(entries):
        if isinstance(entry, Mapping) and (entry.get("name") or entry.get("key")) == name:
            return i
    return None


def inverse(steps: Iterable[Change]) -> list[Change]:
    """Return the steps that take `steps` back."""
    names = {"path": "path", "old": "new", "new": "old"}
    return [{names[name]: value for name, value in step.items()} for step in reversed(list(steps))]


def conflicts(document: Any, steps: Iterable[Change]) -> list[str]:
    """Return the paths of those steps whose old value is not what `document` holds."""
    return [
        step["path"]
        for step in steps
        if not _same(value_at(document, step["path"]), step.get("old", MISSING))
    ]


def _same(one: Any, other: Any) -> bool:
    return one is other or (one is not MISSING and other is not MISSING and bool(one == other))


def applied(document: Mapping[str, Any], steps: Iterable[Change]) -> dict[str, Any]:
    """Return a copy of `document` with the steps taken; LookupError where a path leads nowhere."""
    changed: dict[str, Any] = deepcopy(dict(document))
    for step in steps:
        *above, name = parts(step["path"])
        holder: Any = changed
        for part in above:
            holder = _member(holder, part)
        _set(holder, name, step.get("new", MISSING), step["path"])
    return changed


def _set(holder: Any, name: str, value: Any, path: str) -> None:
    place: Any = name if isinstance(holder, dict) else None
    if isinstance(holder, list):
        place = _place(holder, name)
    if place is None:
        raise LookupError(path)
    if value is MISSING:
        holder.pop(place, None) if isinstance(holder, dict) else holder.pop(place)
    else:
        holder[place] = deepcopy(value)
