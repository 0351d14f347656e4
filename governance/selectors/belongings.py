"""What hangs on a row: all that points at it, at any depth, with the histories."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db.models import Model

Rows = dict[type[Model], set[Any]]
Link = tuple[type[Model], str]
CHUNK = 5_000


def links(model: type[Model]) -> list[Link]:
    """Return each model that points at `model`, with the foreign key by which it does."""
    relations: list[Any] = model._meta.get_fields(include_hidden=True)
    return [
        (relation.related_model, relation.field.name)
        for relation in relations
        if relation.auto_created
        and not relation.concrete
        and (relation.one_to_many or relation.one_to_one)
    ]


def histories(model: type[Model]) -> list[Link]:
    """Return the history of a tracked model, with the column that names the row."""
    tracked = hasattr(model, "history") and not hasattr(model, "history_object")
    return [(model.history.model, model._meta.pk.attname)] if tracked else []  # type: ignore[attr-defined]


def reachable(roots: Iterable[type[Model]]) -> set[type[Model]]:
    """Return the models of which rows may hang on rows of `roots`, and these."""
    found: set[type[Model]] = set()
    todo = list(roots)
    while todo:
        model = todo.pop()
        if model not in found:
            found.add(model)
            todo += [child for child, _ in (*links(model), *histories(model))]
    return found


def gather(roots: Mapping[type[Model], Iterable[Any]]) -> Rows:
    """Return the keys of all rows that hang on `roots`, and of these, what points after it.

    A row that was deleted before is found by its history; its key is then among those returned.
    """
    found: Rows = {}
    todo = [(model, set(keys)) for model, keys in roots.items()]
    while todo:
        model, keys = todo.pop()
        new = keys - found.setdefault(model, set())
        if new:
            found[model] |= new
            todo += list(_pointing_at(model, new))
    return found


def pointing(child: type[Model], column: str, keys: Iterable[Any]) -> set[Any]:
    """Return the keys of the rows of `child` whose `column` is one of `keys`."""
    return {
        key
        for chunk in chunks(keys)
        for key in child._base_manager.filter(**{f"{column}__in": chunk}).values_list(
            "pk", flat=True
        )
    }


def chunks(keys: Iterable[Any]) -> Iterator[list[Any]]:
    """Return keys in lists short enough for one query."""
    ordered = list(keys)
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


def _pointing_at(model: type[Model], keys: set[Any]) -> Iterator[tuple[type[Model], set[Any]]]:
    for child, column in (*links(model), *histories(model)):
        yield child, pointing(child, column, keys)
    if hasattr(model, "history_object"):
        yield _gone(model, keys)


def _gone(history: Any, keys: set[Any]) -> tuple[type[Model], set[Any]]:
    """Return the rows that a history tells of and that exist no more."""
    model = history.instance_type
    name = model._meta.pk.attname
    told = {
        key
        for chunk in chunks(keys)
        for key in history.objects.filter(pk__in=chunk).values_list(name, flat=True)
    }
    return model, told - pointing(model, "pk", told)
