"""A walk of the graph written as JSON, NDJSON, PROV-JSON or OpenLineage run events, as a stream.

Nodes and edges come mixed, and three of the forms want them apart: edges wait in a file that leaves
memory when it grows.

PROV-JSON: W3C Member Submission "The PROV-JSON Serialization" (2013), every node an entity and
every edge a wasDerivedFrom. OpenLineage: RunEvent of version 2-0-2 of its JSON schema; a node that
stands alone (a version of a dataset, a model) is the output of one run, and what went into it in
thousands is counted in the facet `hitl_decisions`.
"""

import tempfile
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import IO, Any
from urllib.parse import quote

import orjson

from governance.domain.lineage import Edge, Node, Ref
from governance.domain.times import rfc3339

IN_MEMORY = 2**20
PIECE = 2**16
PREFIX, VOCABULARY = "cs", "urn:countersign:lineage:"
PRODUCER = "urn:countersign"
RUN_EVENT = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
VERSION_FACET = "https://openlineage.io/spec/facets/1-0-1/DatasetVersionDatasetFacet.json"
RUNS = uuid.UUID("0c5b2c1e-5d0f-5a57-8d8e-6a4f5d7c9b21")
NEVER = "1970-01-01T00:00:00Z"
Found = Iterable[Node | Edge]


def as_json(walk: Found, head: dict[str, Any], truncated: Callable[[], bool]) -> Iterator[bytes]:
    """Yield `{…head, nodes, edges, truncated}`."""
    yield orjson.dumps(head)[:-1] + b',"nodes":['
    with _waiting() as edges:
        nodes = 0
        for found in walk:
            if isinstance(found, Edge):
                edges.write((b"," if edges.tell() else b"") + orjson.dumps(found.shown()))
                continue
            yield (b"," if nodes else b"") + orjson.dumps(found.shown())
            nodes += 1
        yield b'],"edges":['
        yield from _pieces(edges)
    yield b'],"truncated":' + orjson.dumps(truncated()) + b"}"


def as_lines(walk: Found, head: dict[str, Any], truncated: Callable[[], bool]) -> Iterator[bytes]:
    """Yield `{node}` and `{edge}` a line as they are found, and in the end `{end}`."""
    for found in walk:
        kind = "edge" if isinstance(found, Edge) else "node"
        yield orjson.dumps({kind: found.shown()}) + b"\n"
    yield orjson.dumps({"end": head | {"truncated": truncated()}}) + b"\n"


def as_prov(walk: Found) -> Iterator[bytes]:
    """Yield a PROV-JSON document."""
    prefixes = {PREFIX: VOCABULARY, "xsd": "http://www.w3.org/2001/XMLSchema#"}
    yield b'{"prefix":' + orjson.dumps(prefixes) + b',"entity":{'
    with _waiting() as edges:
        nodes = count = 0
        for found in walk:
            if isinstance(found, Edge):
                edges.write((b"," if count else b"") + _member(f"_:d{count}", _derivation(found)))
                count += 1
                continue
            yield (b"," if nodes else b"") + _member(_qname(found.ref), _entity(found))
            nodes += 1
        yield b"}"
        if count:
            yield b',"wasDerivedFrom":{'
            yield from _pieces(edges)
            yield b"}"
    yield b"}"


def _qname(ref: Ref) -> str:
    return f"{PREFIX}:{ref.kind}/{quote(ref.name, safe='@/.-_~')}"


def _entity(node: Node) -> dict[str, Any]:
    told: dict[str, Any] = {
        "prov:type": {"$": f"{PREFIX}:{node.ref.kind}", "type": "xsd:QName"},
        "prov:label": node.label,
        f"{PREFIX}:pipeline": node.pipeline,
    }
    if node.at:
        told[f"{PREFIX}:at"] = {"$": rfc3339(node.at), "type": "xsd:dateTime"}
    plain = {k: v for k, v in node.facts.items() if isinstance(v, str | int | float | bool)}
    return told | {f"{PREFIX}:{name}": value for name, value in plain.items()}


def _derivation(edge: Edge) -> dict[str, Any]:
    return {
        "prov:generatedEntity": _qname(edge.target),
        "prov:usedEntity": _qname(edge.source),
        "prov:type": {"$": f"{PREFIX}:{edge.relation}", "type": "xsd:QName"},
    }


def as_openlineage(walk: Found, single: Collection[str]) -> Iterator[bytes]:
    """Yield a JSON array of run events, one for each node of a kind in `single`, oldest first."""
    nodes: list[Node] = []
    inputs: dict[Ref, list[Ref]] = defaultdict(list)
    counted: dict[Ref, Counter[str]] = defaultdict(Counter)
    for found in walk:
        if isinstance(found, Node):
            if found.ref.kind in single:
                nodes.append(found)
        elif found.source.kind in single:
            inputs[found.target].append(found.source)
        elif found.target.kind in single:
            counted[found.target][found.source.kind] += 1
    nodes.sort(key=lambda node: (_moment(node), str(node.ref)))
    yield b"["
    for place, node in enumerate(nodes):
        event = _run_event(node, inputs[node.ref], counted[node.ref])
        yield (b"," if place else b"") + orjson.dumps(event)
    yield b"]"


def _run_event(node: Node, inputs: Iterable[Ref], counted: Counter[str]) -> dict[str, Any]:
    space = f"countersign/{node.pipeline}"
    facet = {
        "_producer": PRODUCER,
        "_schemaURL": f"{PRODUCER}:facet:hitl_decisions:1",
        "counts": dict(sorted(counted.items())),
        "manifestRoot": node.facts.get("digest"),
    }
    many = [{"namespace": space, "name": f"{kind}s"} for kind in sorted(counted)]
    return {
        "eventType": "COMPLETE",
        "eventTime": _moment(node),
        "run": {
            "runId": str(uuid.uuid5(RUNS, str(node.ref))),
            "facets": {"hitl_decisions": facet},
        },
        "job": {"namespace": space, "name": f"{node.ref.kind}.made"},
        "inputs": [*({"namespace": space, "name": str(ref)} for ref in inputs), *many],
        "outputs": [{"namespace": space, "name": str(node.ref), "facets": _version(node.ref)}],
        "producer": PRODUCER,
        "schemaURL": RUN_EVENT,
    }


def _moment(node: Node) -> str:
    return rfc3339(node.at) if node.at else NEVER


def _version(ref: Ref) -> dict[str, Any]:
    _, at, version = ref.name.partition("@")
    if not at:
        return {}
    facet = {"_producer": PRODUCER, "_schemaURL": VERSION_FACET, "datasetVersion": version}
    return {"version": facet}


def _member(name: str, value: dict[str, Any]) -> bytes:
    return orjson.dumps(name) + b":" + orjson.dumps(value)


def _waiting() -> IO[bytes]:
    return tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(PIECE):
        yield piece
