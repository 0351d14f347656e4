"""Where a graph is drawn: to the right of what it was made of, and nothing on top of another."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from feedback.web.graphs import BOX_HEIGHT, BOX_WIDTH, MOST_IN_COLUMN, drawn
from governance.domain.lineage import Edge, Node, Ref


def node(name: int) -> Node:
    return Node(Ref("decision", str(name)), f"Decision {name}" * 3, "intents", None)


def edge(source: int, target: int) -> Edge:
    return Edge(Ref("decision", str(source)), Ref("decision", str(target)), "made")


@given(st.sets(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=60))
def test_boxes_never_overlap_and_lie_within_the_drawing(pairs: set[tuple[int, int]]) -> None:
    names = sorted({0, *itertools.chain(*pairs)})
    edges = [edge(a, b) for a, b in sorted(pairs)]
    drawing = drawn([node(name) for name in names], edges, node(0).ref)
    places = [(box.x, box.y) for box in drawing.boxes]
    assert len(places) == len(set(places))
    for (x, y), (other_x, other_y) in itertools.combinations(places, 2):
        assert abs(x - other_x) >= BOX_WIDTH or abs(y - other_y) >= BOX_HEIGHT
    assert all(0 <= x <= drawing.width - BOX_WIDTH for x, _ in places)
    assert all(0 <= y <= drawing.height - BOX_HEIGHT for _, y in places)
    assert any(box.start for box in drawing.boxes)


@given(st.sets(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=40))
def test_what_was_made_lies_to_the_right_of_what_it_was_made_of(
    pairs: set[tuple[int, int]],
) -> None:
    forward = [(a, b) for a, b in pairs if a < b]
    drawing = drawn([node(n) for n in range(13)], [edge(a, b) for a, b in forward], node(0).ref)
    at = {box.node.ref.name: box.x for box in drawing.boxes if box.node}
    assert all(at[str(a)] < at[str(b)] for a, b in forward if str(a) in at and str(b) in at)


def test_a_long_column_is_cut_and_says_by_how_much() -> None:
    nodes = [node(n) for n in range(MOST_IN_COLUMN + 6)]
    drawing = drawn(nodes, [], nodes[-1].ref)
    assert sum(box.node is not None for box in drawing.boxes) == MOST_IN_COLUMN
    assert [box.more for box in drawing.boxes if box.node is None] == [6]
    assert drawing.boxes[0].start
