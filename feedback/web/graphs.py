"""A graph as plain numbers for SVG: columns by how far things were derived, edges as curves."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from governance.domain.lineage import Edge, Node, Ref

BOX_WIDTH, BOX_HEIGHT = 172, 46
ACROSS, DOWN, MARGIN = 56, 16, 4
MOST_IN_COLUMN = 24
LONGEST = 21


@dataclass(frozen=True)
class Box:
    """Where a node lies; without a node it stands for `more` that are not drawn."""

    x: int
    y: int
    node: Node | None
    label: str
    more: int = 0
    start: bool = False


@dataclass(frozen=True)
class Drawing:
    """Boxes and the paths between them."""

    width: int
    height: int
    boxes: list[Box]
    paths: list[str]


def drawn(nodes: Sequence[Node], edges: Iterable[Edge], start: Ref) -> Drawing:
    """Return where nodes and edges lie: each thing to the right of all that it was made of.

    Within a column nodes are ordered by what they hang on. Of a long column the first
    MOST_IN_COLUMN are drawn, the start always among them.
    """
    known = {node.ref for node in nodes}
    pairs = [(e.source, e.target) for e in edges if e.source in known and e.target in known]
    places = _columns(nodes, _ranks(known, pairs), pairs, start)
    boxes, at = [], {}
    for x, column in enumerate(places):
        shown = column[:MOST_IN_COLUMN]
        for y, node in enumerate(shown):
            box = _box(x, y, node, start)
            at[node.ref] = box
            boxes.append(box)
        if more := len(column) - len(shown):
            boxes.append(Box(_x(x), _y(len(shown)), None, "", more))
    tallest = max(min(len(column), MOST_IN_COLUMN + 1) for column in places)
    return Drawing(
        width=_x(len(places)) - ACROSS + MARGIN,
        height=_y(tallest) - DOWN + MARGIN,
        boxes=boxes,
        paths=[_curve(at[a], at[b]) for a, b in pairs if a in at and b in at],
    )


def _ranks(known: Iterable[Ref], pairs: Sequence[tuple[Ref, Ref]]) -> dict[Ref, int]:
    """Return for each node the length of the longest way to it; a circle ends the count."""
    ranks = dict.fromkeys(known, 0)
    for _round in range(len(ranks)):
        changed = False
        for source, target in pairs:
            if ranks[target] <= ranks[source] < len(ranks):
                ranks[target], changed = ranks[source] + 1, True
        if not changed:
            break
    return ranks


def _columns(
    nodes: Sequence[Node],
    ranks: Mapping[Ref, int],
    pairs: Sequence[tuple[Ref, Ref]],
    start: Ref,
) -> list[list[Node]]:
    sources: dict[Ref, list[Ref]] = defaultdict(list)
    for source, target in pairs:
        sources[target].append(source)
    columns: dict[int, list[Node]] = defaultdict(list)
    for node in nodes:
        columns[ranks[node.ref]].append(node)
    placed: dict[Ref, float] = {}
    for rank in sorted(columns):
        column = columns[rank]
        weights = {node.ref: _middle(sources[node.ref], placed) for node in column}
        column.sort(key=lambda node: (node.ref != start, weights[node.ref]))
        placed |= {node.ref: float(y) for y, node in enumerate(column)}
    return [columns[rank] for rank in sorted(columns)]


def _middle(sources: Sequence[Ref], placed: Mapping[Ref, float]) -> float:
    known = [placed[source] for source in sources if source in placed]
    return sum(known) / len(known) if known else 0.0


def _x(column: int) -> int:
    return MARGIN + column * (BOX_WIDTH + ACROSS)


def _y(row: int) -> int:
    return MARGIN + row * (BOX_HEIGHT + DOWN)


def _box(x: int, y: int, node: Node, start: Ref) -> Box:
    long = len(node.label) > LONGEST
    label = f"{node.label[: LONGEST - 1]}…" if long else node.label
    return Box(_x(x), _y(y), node, label, start=node.ref == start)


def _curve(source: Box, target: Box) -> str:
    x1, y1 = source.x + BOX_WIDTH, source.y + BOX_HEIGHT // 2
    x2, y2 = target.x, target.y + BOX_HEIGHT // 2
    bend = max((x2 - x1) // 2, ACROSS // 2)
    return f"M{x1} {y1} C{x1 + bend} {y1} {x2 - bend} {y2} {x2 - 5} {y2}"
