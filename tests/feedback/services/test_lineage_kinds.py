"""Models and changes in the graph: back to the decisions they were made of, and on from them."""

from typing import Any

import pytest

from governance.domain.lineage import Direction, Edge, Node
from governance.selectors import lineage, principals
from governance.selectors.lineage import Walk
from tests import governed
from tests.feedback.conftest import House
from tests.feedback.gates.conftest import Lab

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab(house: House) -> Lab:
    return Lab(house)


def walked(lab: Lab, start: str, direction: Direction) -> tuple[set[str], set[str]]:
    """Return the nodes and the relations that a walk meets."""
    principal: Any = principals.of_person(lab.bot)
    walk = Walk(principal, lineage.node(principal, lineage.ref_of(start)), direction)
    found = list(walk)
    assert not walk.truncated
    nodes = {str(node.ref) for node in found if isinstance(node, Node)}
    return nodes, {edge.relation for edge in found if isinstance(edge, Edge)}


def test_a_model_leads_back_to_its_decisions_and_they_lead_to_it(lab: Lab) -> None:
    decision = lab.house.resolved().decided_on[0]
    lab.house.sealed(lab.house.dataset())
    lab.model("4", trained_on=(("answers", 1),))
    lab.model("5", parent="4")
    for start, end, direction in (
        ("model:intents@5", f"decision:{decision}", Direction.UP),
        (f"decision:{decision}", "model:intents@5", Direction.DOWN),
    ):
        nodes, relations = walked(lab, start, direction)
        assert {end, "model:intents@4", "dataset:answers@1"} <= nodes
        assert relations >= {"trained", "parent_of", "held_in"}


def test_a_change_leads_back_to_its_model_and_its_evidence_and_they_lead_to_it(lab: Lab) -> None:
    decision = lab.house.resolved().decided_on[0]
    lab.house.sealed(lab.house.dataset())
    lab.model("4")
    evidence = {"datasets": [{"dataset": "answers", "version": 1}]}
    change = governed.of_model(lab.bot, "4", evidence=evidence)
    nodes, relations = walked(lab, f"adjustment:{change.pk}", Direction.UP)
    assert {"model:intents@4", "dataset:answers@1", f"decision:{decision}"} <= nodes
    assert relations >= {"proposed_in", "evidence_for"}
    for start in ("model:intents@4", f"decision:{decision}"):
        nodes, _ = walked(lab, start, Direction.DOWN)
        assert f"adjustment:{change.pk}" in nodes


def test_every_end_of_a_relation_is_a_kind_that_is_there() -> None:
    known = lineage.kinds()
    assert {end for key in lineage._relations for end in key[:2]} <= set(known)
