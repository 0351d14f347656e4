"""A kind of node is added by who knows it, in a few lines: here models that were trained."""

import pytest

from governance.domain.lineage import NAME_AT_VERSION, Direction, Edge, Node, Ref
from governance.selectors import lineage, principals
from governance.selectors.lineage import Kind, Relation, Walk
from tests.factories import NOW
from tests.feedback.conftest import House

TRAINED_ON = {"intents@4": "answers@1"}


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lineage, "_kinds", dict(lineage._kinds))
    monkeypatch.setattr(lineage, "_relations", dict(lineage._relations))
    lineage.register(
        Kind(
            "model", "Model", NAME_AT_VERSION,
            lambda _principal, names: [
                Node(Ref("model", name), name, "intents", NOW)
                for name in names
                if name in TRAINED_ON
            ],
            single=True,
        ),
        Relation(
            "dataset", "model", "trained",
            down=lambda names: [(d, m) for m, d in TRAINED_ON.items() if d in names],
            up=lambda names: [(d, m) for m, d in TRAINED_ON.items() if m in names],
        ),
    )  # fmt: skip


def test_a_model_leads_back_to_its_decisions_and_they_lead_to_it(
    house: House, models: None
) -> None:
    decision = house.resolved().decided_on[0]
    house.sealed(house.dataset())
    principal = principals.of_person(house.bot)
    for start, end, direction in (
        ("model:intents@4", f"decision:{decision}", Direction.UP),
        (f"decision:{decision}", "model:intents@4", Direction.DOWN),
    ):
        walk = Walk(principal, lineage.node(principal, lineage.ref_of(start)), direction)
        found = list(walk)
        assert end in {str(node.ref) for node in found if isinstance(node, Node)}
        assert {edge.relation for edge in found if isinstance(edge, Edge)} >= {"trained", "held_in"}
        assert not walk.truncated


def test_a_relation_to_a_kind_that_is_not_there_is_passed_over(house: House) -> None:
    known = lineage.kinds()
    wanted = {end for key in lineage._relations for end in key[:2]}
    assert "lesson" in wanted & set(known)
    principal = principals.of_person(house.bot)
    resolution = house.resolved()
    start = lineage.node(principal, lineage.ref_of(f"decision:{resolution.decided_on[0]}"))
    assert list(Walk(principal, start, Direction.DOWN)) == [start]
