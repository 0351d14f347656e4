"""Redaction: personal values go, and what proves that they were there stays.

Each model says in `personal` which of its columns may tell something of a person, and what stands
in their place afterwards. A redaction is written before the change; the wall of an append-only
table lets nothing else through. Digests, keys and times are not touched, and the leaf hash of a
row that is a leaf of a Merkle tree is kept in its redaction, so that every root still verifies.
"""

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Model, QuerySet

from governance.domain.principal import Principal
from governance.enums import RedactionCause
from governance.models import ErasureRequest, Redaction, User
from governance.models.base import personal_fields
from governance.selectors.redactions import recorded, row_name

AT_ONCE = 500
Keys = Mapping[type[Model], Sequence[Any]]


@dataclass(frozen=True)
class Subject:
    """Whose data is meant: the reference by which pipelines name a person, and in which of them."""

    reference: str
    pipelines: frozenset[int] | None = None


@dataclass(frozen=True)
class Act:
    """The act in which values go. `event` is the id of its ledger event."""

    cause: RedactionCause
    event: uuid.UUID
    actor: User | None
    principal: Principal | None
    now: datetime
    erasure: ErasureRequest | None = None


@dataclass(frozen=True)
class Leaf:
    """The hash of a row under a Merkle root, and what it was made of where that is not personal."""

    digest: bytes
    record: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Store:
    """One place where data of persons lies, and how it is emptied of one of them.

    `about` finds the rows of a subject in each of `models`. `leaves` gives the leaf hash of a row
    whose model is a leaf of a Merkle tree. `prepare` ends what is still going on, before anything
    goes; `overwrite` empties rows of tables without walls; `finish` follows the redaction. `kept`
    says what stays, and why it may.
    """

    name: str
    models: tuple[type[Model], ...]
    about: Callable[[Subject], Keys]
    kept: str = ""
    leaves: Mapping[type[Model], Callable[[Any], "Leaf"]] = field(default_factory=dict)
    prepare: Callable[[Subject, Act], None] | None = None
    overwrite: Callable[[Keys], None] | None = None
    finish: Callable[[Keys, Act], None] | None = None


def empty(store: Store, keys: Keys, act: Act) -> dict[str, int]:
    """Take the values of a subject out of a store; returns how many rows of which model."""
    counts = {model._meta.label: len(found) for model, found in keys.items() if found}
    if store.overwrite is not None:
        store.overwrite(keys)
        return counts
    for model, found in keys.items():
        redact(model, found, act, leaf=store.leaves.get(model))
    if store.finish is not None:
        store.finish(keys, act)
    return counts


def redact(
    model: type[Model],
    keys: Sequence[Any],
    act: Act,
    *,
    leaf: Callable[[Any], Leaf] | None = None,
    keeping: Collection[str] = (),
) -> None:
    """Replace the personal values of rows, but for the columns `keeping`, in batches.

    A row that was redacted before keeps its redaction, and the leaf hash in it.
    """
    replaced = {
        name: dict(value) if isinstance(value, dict) else value
        for name, value in personal_fields(model).items()
        if name not in keeping
    }
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        Redaction.objects.bulk_create(_redactions(model, some, act, leaf))
        # The querysets of records refuse updates; what the wall lets through goes past them.
        QuerySet(model).filter(pk__in=some).update(**replaced)


def _redactions(
    model: type[Model], keys: Sequence[Any], act: Act, leaf: Callable[[Any], Leaf] | None
) -> Iterator[Redaction]:
    known = recorded(model, keys)
    rows = model._base_manager.in_bulk(keys) if leaf else {}
    for key in keys:
        if row_name(key) not in known:
            made = leaf(rows[key]) if leaf else Leaf(b"")
            yield Redaction(
                model=model._meta.label_lower,
                row=row_name(key),
                leaf=made.digest.hex(),
                record=made.record,
                cause=act.cause,
                erasure=act.erasure,
                event=act.event,
                at=act.now,
            )
