"""The graph of what came of what, walked from one record up or down.

Nothing of it is stored here: each app tells what it knows of its own records. A `Kind` gives the
nodes that a principal may see, a `Relation` the neighbours in both directions. Who adds a kind
registers one `Kind` and its `Relation`s when the app starts.
"""

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from governance.domain import lineage_formats
from governance.domain.lineage import Direction, Edge, InvalidRef, Node, Ref, parse_ref
from governance.domain.principal import Principal
from governance.exceptions import InvalidInput, NotFound

AT_ONCE = 1_000
MOST_NODES, MOST_STEPS = 250_000, 12
# What a walk is written as.
JSON = "application/json"
MEDIA_TYPES = {
    "json": JSON,
    "ndjson": "application/x-ndjson",
    "prov": JSON,
    "openlineage": JSON,
}
# As the server sends each piece that it is given by itself.
PIECE = 2**15
Pair = tuple[str, str]
T = TypeVar("T")


@dataclass(frozen=True)
class Kind:
    """A kind of node: what its names look like, and which of them a principal may see.

    `nodes` takes up to AT_ONCE names and leaves out what there is not or what is hidden: it alone
    decides on visibility. `single` says that there are few of them, so that an export names each;
    of the others it gives the number.
    """

    name: str
    title: str
    form: re.Pattern[str]
    nodes: Callable[[Principal, Sequence[str]], Iterable[Node]]
    single: bool = False


@dataclass(frozen=True)
class Relation:
    """How records of one kind come of records of another.

    `down` takes names of `source`, `up` names of `target`, up to AT_ONCE of them; both yield pairs
    of source and target, each once, as a stream where one name can have many neighbours.
    """

    source: str
    target: str
    name: str
    down: Callable[[Sequence[str]], Iterable[Pair]]
    up: Callable[[Sequence[str]], Iterable[Pair]]


_kinds: dict[str, Kind] = {}
_relations: dict[tuple[str, str, str], Relation] = {}


def register(*known: Kind | Relation) -> None:
    """Add kinds and relations to the graph; the same one again changes nothing."""
    for each in known:
        if isinstance(each, Kind):
            _kinds[each.name] = each
        else:
            _relations[each.source, each.target, each.name] = each


def kinds() -> dict[str, Kind]:
    """Return every kind of node by name."""
    return dict(_kinds)


def ref_of(text: str) -> Ref:
    """Return what a text refers to; InvalidInput when it names nothing."""
    try:
        return parse_ref(text, {name: kind.form for name, kind in _kinds.items()})
    except InvalidRef as error:
        raise InvalidInput.at("/from", str(error), code="reference") from None


def node(principal: Principal, ref: Ref) -> Node:
    """Return one node; NotFound when there is none within reach."""
    for found in _kinds[ref.kind].nodes(principal, [ref.name]):
        return found
    raise NotFound("There is no such record.")


class Walk:
    """What can be reached from a node, as a stream of nodes and edges: each once, ends first.

    It goes layer by layer, `steps` of them at most, and stops taking in nodes at `limit`, the start
    included, or of a kind at `width` in one layer; `truncated` says after the walk whether that may
    have left something out. It reads AT_ONCE names at a time and keeps no more than the names it
    has met. An edge to what `principal` may not see is left out with its end.
    """

    def __init__(
        self,
        principal: Principal,
        start: Node,
        direction: Direction,
        *,
        steps: int = MOST_STEPS,
        limit: int = MOST_NODES,
        width: int = MOST_NODES,
    ) -> None:
        self.principal, self.start, self.direction = principal, start, direction
        self.steps, self.limit, self.width = steps, limit, width
        self.truncated = False
        self._taken, self._in_layer = 1, Counter[str]()
        self._seen: dict[str, set[str]] = defaultdict(set, {start.ref.kind: {start.ref.name}})

    def __iter__(self) -> Iterator[Node | Edge]:
        yield self.start
        layer = {self.start.ref.kind: [self.start.ref.name]}
        for _step in range(self.steps):
            following: dict[str, list[str]] = defaultdict(list)
            self._in_layer.clear()
            for kind, names in layer.items():
                for relation in self._leading_from(kind):
                    yield from self._follow(relation, names, following)
            layer = following
            if not layer:
                return
        self.truncated |= any(self._leads_on(kind, names) for kind, names in layer.items())

    def _leading_from(self, kind: str) -> list[Relation]:
        down = self.direction is Direction.DOWN
        near = [r for r in _relations.values() if (r.source if down else r.target) == kind]
        # A relation may name a kind that no app in this installation has.
        return [r for r in near if (r.target if down else r.source) in _kinds]

    def _neighbours(self, relation: Relation, names: Sequence[str]) -> Iterator[Pair]:
        look = relation.down if self.direction is Direction.DOWN else relation.up
        for chunk in chunks(names, AT_ONCE):
            yield from look(chunk)

    def _follow(
        self, relation: Relation, names: Sequence[str], following: dict[str, list[str]]
    ) -> Iterator[Node | Edge]:
        down = self.direction is Direction.DOWN
        far = relation.target if down else relation.source
        goes_on = bool(self._leading_from(far))
        neighbours = self._neighbours(relation, names)
        for pairs in chunks(neighbours, AT_ONCE):
            for found in self._take(far, [pair[1] if down else pair[0] for pair in pairs]):
                if goes_on:
                    following[far].append(found.ref.name)
                yield found
            seen = self._seen[far]
            for source, target in pairs:
                if (target if down else source) in seen:
                    yield Edge(
                        Ref(relation.source, source), Ref(relation.target, target), relation.name
                    )
            if self._is_full(far):
                # What else leads here is not read to its end: it may be a million rows.
                self.truncated |= any(True for _ in neighbours)
                break

    def _take(self, kind: str, names: Sequence[str]) -> Iterator[Node]:
        seen = self._seen[kind]
        new = [name for name in dict.fromkeys(names) if name not in seen]
        if not new:
            return
        for found in _kinds[kind].nodes(self.principal, new):
            if self._is_full(kind):
                self.truncated = True
                return
            seen.add(found.ref.name)
            self._taken += 1
            self._in_layer[kind] += 1
            yield found

    def _is_full(self, kind: str) -> bool:
        return self._taken >= self.limit or self._in_layer[kind] >= self.width

    def _leads_on(self, kind: str, names: Sequence[str]) -> bool:
        """Return whether a step more would find a node, without taking it in."""
        for relation in self._leading_from(kind):
            down = self.direction is Direction.DOWN
            far = relation.target if down else relation.source
            for pairs in chunks(self._neighbours(relation, names), AT_ONCE):
                ends = [pair[1] if down else pair[0] for pair in pairs]
                new = [name for name in dict.fromkeys(ends) if name not in self._seen[far]]
                if new and any(True for _ in _kinds[far].nodes(self.principal, new)):
                    return True
        return False


def chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of up to `size` values, reading no further than the list at hand."""
    source = iter(values)
    while found := list(itertools.islice(source, size)):
        yield found


def written(walk: Walk, form: str) -> Iterator[bytes]:
    """Yield a walk in one of MEDIA_TYPES, while it goes on, in pieces that are worth sending."""
    waiting = bytearray()
    for each in _written(walk, form):
        waiting += each
        if len(waiting) >= PIECE:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)


def _written(walk: Walk, form: str) -> Iterator[bytes]:
    head = {"from": str(walk.start.ref), "direction": walk.direction.value}
    if form == "prov":
        return lineage_formats.as_prov(walk)
    if form == "openlineage":
        return lineage_formats.as_openlineage(walk, [k.name for k in _kinds.values() if k.single])
    write = lineage_formats.as_lines if form == "ndjson" else lineage_formats.as_json
    return write(walk, head, lambda: walk.truncated)
