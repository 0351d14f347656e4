"""Lineage as PROV-JSON and as OpenLineage run events, held to their published structure."""

import re
import uuid
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from feedback.models import DatasetVersion
from governance.domain.times import parse_rfc3339
from tests.feedback.conftest import House

# What RunEvent, Run, Job, Dataset and the base facet of OpenLineage 2-0-2 ask for.
URI = {"type": "string", "pattern": "^[a-z][a-z0-9+.-]*:"}
FACETS = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "required": ["_producer", "_schemaURL"],
        "properties": {"_producer": URI, "_schemaURL": URI},
    },
}
NAMED = {
    "type": "object",
    "required": ["namespace", "name"],
    "properties": {
        "namespace": {"type": "string"},
        "name": {"type": "string"},
        "facets": FACETS,
    },
}
RUN_EVENT = {
    "type": "object",
    "required": ["eventTime", "producer", "schemaURL", "run", "job"],
    "additionalProperties": False,
    "properties": {
        "eventType": {"enum": ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]},
        "eventTime": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT[\d:.]+Z$"},
        "producer": URI,
        "schemaURL": URI,
        "run": {
            "type": "object",
            "required": ["runId"],
            "properties": {"runId": {"type": "string", "format": "uuid"}, "facets": FACETS},
        },
        "job": NAMED,
        "inputs": {"type": "array", "items": NAMED},
        "outputs": {"type": "array", "items": NAMED},
    },
}
QNAME = re.compile(r"cs:[a-z]+/[A-Za-z0-9@._~%/-]+")


@pytest.fixture
def caller(api: Any, house: House) -> Any:
    house.resolved()
    house.agreed(("balance", "balance"))
    house.sealed(house.dataset())
    return api(house.bot)


def exported(caller: Any, form: str, start: str = "dataset:answers@1", way: str = "up") -> Any:
    answer = caller.get(f"/lineage?from={start}&direction={way}&format={form}")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    return orjson.loads(answer.getvalue())


def test_prov_names_every_node_as_an_entity_and_every_edge_as_a_derivation(caller: Any) -> None:
    graph, prov = exported(caller, "json"), exported(caller, "prov")
    assert set(prov) == {"prefix", "entity", "wasDerivedFrom"}
    assert all(re.match(r"[a-z]+:", uri) or "://" in uri for uri in prov["prefix"].values())
    assert all(QNAME.fullmatch(name) for name in prov["entity"])
    assert "cs:dataset/answers@1" in prov["entity"]
    assert len(prov["entity"]) == len(graph["nodes"])
    assert len(prov["wasDerivedFrom"]) == len(graph["edges"])
    for name, derived in prov["wasDerivedFrom"].items():
        assert name.startswith("_:")
        assert {derived["prov:generatedEntity"], derived["prov:usedEntity"]} <= set(prov["entity"])
    for entity in prov["entity"].values():
        for value in entity.values():
            assert isinstance(value, str | int | float | bool) or set(value) == {"$", "type"}
        assert entity["prov:type"]["type"] == "xsd:QName"
        assert parse_rfc3339(entity["cs:at"]["$"])


def test_prov_of_one_node_alone_has_no_derivations(house: House, caller: Any) -> None:
    alone = exported(caller, "prov", way="down")
    assert set(alone) == {"prefix", "entity"}
    assert len(alone["entity"]) == 1


def test_a_version_is_the_output_of_one_run_that_counts_what_went_in(caller: Any) -> None:
    events = exported(caller, "openlineage")
    for event in events:
        Draft202012Validator(RUN_EVENT).validate(event)
        assert uuid.UUID(event["run"]["runId"])
    (event,) = events
    version = DatasetVersion.objects.get()
    facet = event["run"]["facets"]["hitl_decisions"]
    assert facet["counts"] == {"decision": 3}
    assert facet["manifestRoot"] == version.digest
    (output,) = event["outputs"]
    assert output["name"] == "dataset:answers@1"
    assert output["facets"]["version"]["datasetVersion"] == "1"
    assert [each["name"] for each in event["inputs"]] == ["decisions"]


def test_the_same_graph_gives_the_same_events(caller: Any) -> None:
    assert exported(caller, "openlineage") == exported(caller, "openlineage")
