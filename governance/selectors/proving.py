"""Proofs from the tree of the ledger, read tile by tile."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from governance.db import leaves
from governance.domain import merkle, signed_notes
from governance.enums import AnchorKind
from governance.models import (
    Anchor,
    Checkpoint,
    LedgerKey,
    LedgerLeaf,
    LedgerNode,
    UnsealedEvent,
)

WIDTH = 1 << merkle.TILE


class Tiles:
    """The hashes of the tree; a tile is 256 of one level, read once."""

    def __init__(self) -> None:
        self._read: dict[tuple[int, int], list[bytes]] = {}

    def perfect(self, level: int, index: int) -> bytes:
        """Return the root over the perfect tree of 2**level leaves at index * 2**level."""
        stored = level // merkle.TILE * merkle.TILE
        count = 1 << (level - stored)
        first = index * count
        within = first % WIDTH
        return merkle.root(self._tile(stored, first // WIDTH)[within : within + count])

    def _tile(self, level: int, number: int) -> list[bytes]:
        key = level, number
        if key not in self._read:
            span = {"position__gte": number * WIDTH, "position__lt": (number + 1) * WIDTH}
            rows = (
                LedgerLeaf.objects.filter(**span)
                if level == 0
                else LedgerNode.objects.filter(level=level, **span)
            )
            found = rows.order_by("position").values_list("digest", flat=True)
            self._read[key] = [bytes.fromhex(digest) for digest in found]
        return self._read[key]


@dataclass(frozen=True)
class Inclusion:
    """Where an event lies in the tree of a checkpoint, and the hashes that prove it."""

    event: uuid.UUID
    index: int
    path: list[str]


@dataclass(frozen=True)
class State:
    """How far the ledger is sealed, and how far copies outside of the database reach."""

    size: int
    unsealed: int
    oldest_unsealed: datetime | None
    anchored: int
    anchored_at: datetime | None


def state() -> State:
    """Return how far the ledger is sealed and copied."""
    last = latest()
    waiting = UnsealedEvent.objects.order_by("event").values_list("event", flat=True)
    oldest = waiting.first()
    # A stamp tells when a checkpoint was there, and keeps no copy of it.
    kept = Anchor.objects.exclude(kind=AnchorKind.TIMESTAMP)
    copies = kept.select_related("checkpoint").order_by("-checkpoint__size", "at")
    anchor = copies.first()
    return State(
        last.size if last else 0,
        waiting.count(),
        leaves.written_at(oldest) if oldest else None,
        anchor.checkpoint.size if anchor else 0,
        anchor.at if anchor else None,
    )


def latest() -> Checkpoint | None:
    """Return the checkpoint over the most leaves."""
    return Checkpoint.objects.order_by("-size").first()


@dataclass(frozen=True)
class Place:
    """The leaf of an event, and the first checkpoint over it."""

    position: int
    checkpoint: Checkpoint | None


def place_of(event: uuid.UUID) -> Place | None:
    """Return where an event was sealed; None while it was not."""
    leaf = LedgerLeaf.objects.filter(event=event).first()
    if leaf is None:
        return None
    covering = Checkpoint.objects.filter(size__gt=leaf.position).order_by("size")
    return Place(leaf.position, covering.first())


def inclusions(events: Iterable[uuid.UUID], checkpoint: Checkpoint) -> dict[uuid.UUID, Inclusion]:
    """Return the proof of each of `events` that `checkpoint` covers."""
    tiles, size = Tiles(), checkpoint.size
    found = LedgerLeaf.objects.filter(event__in=list(events), position__lt=size)
    return {
        leaf.event: Inclusion(leaf.event, leaf.position, _path(leaf.position, size, tiles))
        for leaf in found
    }


def consistency(old: int, new: int) -> list[str]:
    """Return the proof that the tree of `new` leaves begins with that of `old`, in hex."""
    return [node.hex() for node in merkle.consistency_path(old, new, Tiles().perfect)]


def verifiers() -> dict[str, signed_notes.Verifier]:
    """Return every key that has signed checkpoints, by its id."""
    known = LedgerKey.objects.values_list("id", "verifier")
    return {key: signed_notes.verifier_of(word) for key, word in known}


def _path(index: int, size: int, tiles: Tiles) -> list[str]:
    return [node.hex() for node in merkle.path_in(index, size, tiles.perfect)]
