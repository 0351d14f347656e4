"""Lineage: from a decision down to the versions that hold it, and from those up to it."""

from typing import Any

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from feedback.models import DatasetEntry
from governance.domain.lineage import Direction
from governance.selectors import lineage, principals
from governance.selectors.lineage import Walk
from reviews.models import Decision, ReviewItem
from reviews.services import decisions, reopenings
from tests import factories
from tests.api.answers import problem
from tests.factories import NOW
from tests.feedback.conftest import House


@pytest.fixture
def caller(api: Any, house: House) -> Any:
    return api(house.bot)


def graph(caller: Any, start: str, direction: str = "down", more: str = "") -> dict[str, Any]:
    answer = caller.get(f"/lineage?from={start}&direction={direction}{more}")
    assert answer.status_code == 200, answer
    found: dict[str, Any] = orjson.loads(answer.getvalue())
    return found


def refs(found: dict[str, Any]) -> list[str]:
    return [node["ref"] for node in found["nodes"]]


def triples(found: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(edge["from"], edge["relation"], edge["to"]) for edge in found["edges"]}


def test_a_decision_leads_down_to_every_version_that_holds_it_and_they_lead_back(
    house: House, caller: Any
) -> None:
    resolution, other = house.resolved(), house.resolved("balance")
    decision = resolution.decided_on[0]
    answers, corrected = house.dataset(), house.dataset("wrong", wanted={"verdict": "correct"})
    house.sealed(answers)
    house.sealed(answers)
    house.sealed(corrected)
    found = graph(caller, f"decision:{decision}")
    assert refs(found)[0] == f"decision:{decision}"
    assert {"dataset:answers@1", "dataset:answers@2"} <= set(refs(found))
    assert "dataset:wrong@1" not in refs(found)
    assert "dataset:wrong@1" in refs(graph(caller, f"decision:{other.decided_on[0]}"))
    back = graph(caller, "dataset:answers@2", "up")
    prediction = f"prediction:{resolution.item.prediction_id}"
    assert {f"decision:{decision}", f"decision:{other.decided_on[0]}", prediction} <= set(
        refs(back)
    )
    assert (prediction, "decided", f"decision:{decision}") in triples(back)
    assert (f"decision:{decision}", "held_in", "dataset:answers@2") in triples(back)
    assert not back["truncated"]


def test_every_node_and_edge_comes_once_and_every_edge_has_both_its_ends(
    house: House, caller: Any
) -> None:
    for _ in range(3):
        house.resolved()
    house.agreed(("balance", "balance"))
    house.approved()
    house.sealed(house.dataset(include={"auto": True}))
    for start, direction in (
        ("dataset:answers@1", "up"),
        (f"prediction:{ReviewItem.objects.order_by('pk').last().prediction_id}", "down"),
    ):
        found = graph(caller, start, direction)
        named = refs(found)
        assert len(named) == len(set(named))
        assert len(found["edges"]) == len(triples(found))
        assert {end for a, _, b in triples(found) for end in (a, b)} <= set(named)
    assert {node["kind"] for node in graph(caller, "dataset:answers@1", "up")["nodes"]} >= {
        "dataset",
        "prediction",
        "decision",
    }


def test_depth_and_limit_cut_the_graph_and_say_so(house: House, caller: Any) -> None:
    for _ in range(3):
        house.resolved()
    house.sealed(house.dataset())
    near = graph(caller, f"prediction:{_a_prediction()}", more="&depth=1")
    whole = graph(caller, f"prediction:{_a_prediction()}")
    assert not whole["truncated"]
    assert set(refs(near)) <= set(refs(whole))
    few = graph(caller, "dataset:answers@1", "up", "&limit=3")
    assert len(few["nodes"]) == 3
    assert few["truncated"]
    for name, value in (("depth", "0"), ("depth", "13"), ("limit", "0"), ("limit", "x")):
        problem(caller.get(f"/lineage?from=dataset:answers@1&{name}={value}"), 400, f"/{name}")


def _a_prediction() -> Any:
    return ReviewItem.objects.order_by("pk").values_list("prediction", flat=True)[0]


@pytest.mark.parametrize(
    "start",
    ["", "x", "decision:", "decision:x", "dataset:answers", "dataset:@1", "person:1", "model:a@"],
)
def test_what_is_no_reference_is_refused_with_its_place(caller: Any, start: str) -> None:
    problem(caller.get(f"/lineage?from={start}"), 400, "/from")


def test_a_start_is_needed_and_what_is_not_there_is_not_found(house: House, caller: Any) -> None:
    problem(caller.get("/lineage"), 400, "/from")
    for start in ("decision:01900000-0000-7000-8000-000000000000", "dataset:answers@1"):
        problem(caller.get(f"/lineage?from={start}"), 404)
    house.resolved()
    house.sealed(house.dataset())
    for version in ("2", "01", "99999999999999999999", "x"):
        problem(caller.get(f"/lineage?from=dataset:answers@{version}"), 404)


def test_another_pipeline_is_out_of_reach_from_both_ends(house: House, api: Any) -> None:
    resolution = house.resolved()
    house.sealed(house.dataset())
    other = House("other")
    stranger = api(other.bot)
    for start in (f"decision:{resolution.decided_on[0]}", "dataset:answers@1"):
        for direction in ("up", "down"):
            problem(stranger.get(f"/lineage?from={start}&direction={direction}"), 404)


def test_who_is_blind_to_a_reopened_item_does_not_learn_what_others_decided(
    house: House, api: Any
) -> None:
    house.agreed(("balance", "balance"))
    item = ReviewItem.objects.get()
    given = {f"decision:{pk}" for pk in Decision.objects.values_list("pk", flat=True)}
    house.sealed(house.dataset())
    lead = factories.a_person(roles=("lead", "reviewer"))
    reopenings.reopen(
        principal=principals.of_person(lead), actor=lead, item_id=item.pk, reason="Wrong", now=NOW
    )
    blind = api(factories.a_person())
    for start, direction in (
        ("dataset:answers@1", "up"),
        (f"prediction:{item.prediction_id}", "down"),
    ):
        shown = graph(blind, start, direction)
        assert not given & set(refs(shown))
        assert "balance" not in str(shown)
        assert given <= set(refs(graph(api(house.bot), start, direction)))
    for ref in given:
        problem(blind.get(f"/lineage?from={ref}"), 404)


def test_a_decision_that_was_taken_back_stays_in_the_graph_and_says_so(
    house: House, caller: Any
) -> None:
    resolution = house.resolved()
    decisions.undo(decision_id=resolution.decided_on[0], actor=house.reviewer, now=NOW)
    (node,) = [
        n
        for n in graph(caller, f"prediction:{resolution.item.prediction_id}")["nodes"]
        if n["kind"] == "decision"
    ]
    assert node["undone"] is True


def test_lines_hold_the_same_graph_as_json(house: House, caller: Any) -> None:
    house.resolved()
    house.sealed(house.dataset())
    whole = graph(caller, "dataset:answers@1", "up")
    answer = caller.get("/lineage?from=dataset:answers@1&direction=up&format=ndjson")
    assert answer["Content-Type"] == "application/x-ndjson"
    told = [orjson.loads(line) for line in answer.getvalue().splitlines()]
    assert [line["node"] for line in told if "node" in line] == whole["nodes"]
    assert [line["edge"] for line in told if "edge" in line] == whole["edges"]
    assert told[-1] == {"end": {"from": "dataset:answers@1", "direction": "up", "truncated": False}}


def test_a_version_of_many_rows_is_read_in_pieces(house: House, monkeypatch: Any) -> None:
    for _ in range(5):
        house.resolved()
    house.sealed(house.dataset())
    for module in ("feedback.selectors.lineage", "governance.selectors.lineage"):
        monkeypatch.setattr(f"{module}.AT_ONCE", 2)
    principal = principals.of_person(house.bot)
    start = lineage.node(principal, lineage.ref_of("dataset:answers@1"))
    found = [str(each) for each in Walk(principal, start, Direction.UP)]
    assert len(found) == len(set(found))
    assert len(found) == 1 + 5 + 5 + 5 + 5
    assert DatasetEntry.objects.count() == 5


def test_a_forward_walk_asks_as_often_in_a_large_version_as_in_a_small_one(
    house: House, caller: Any
) -> None:
    resolution, dataset = house.resolved(), house.dataset()

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            graph(caller, f"decision:{resolution.decided_on[0]}")
        return len(asked)

    house.sealed(dataset)
    queries()
    few = queries()
    for _ in range(10):
        house.resolved()
    house.sealed(dataset)
    assert queries() == few


def test_a_small_limit_is_not_paid_for_by_reading_the_whole_version(
    house: House, caller: Any, monkeypatch: Any
) -> None:
    for _ in range(12):
        house.resolved()
    house.sealed(house.dataset())
    for module in ("feedback.selectors.lineage", "governance.selectors.lineage"):
        monkeypatch.setattr(f"{module}.AT_ONCE", 2)
    asked = []
    for limit in (3, 250_000):
        with CaptureQueriesContext(connection) as context:
            found = graph(caller, "dataset:answers@1", "up", f"&limit={limit}")
        asked.append(len(context))
        assert found["truncated"] is (limit == 3)
    assert asked[0] < asked[1] / 2
