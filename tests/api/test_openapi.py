"""The description of the API: valid, complete, and true of what is answered."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from drf_spectacular.validation import validate_schema
from hypothesis import HealthCheck, Phase, given, settings
from jsonschema import Draft202012Validator
from schemathesis.checks import CHECKS

from hitlsite.wsgi import application
from tests import factories
from tests.api.answers import good, lines, results, send_lines
from tests.security.access.test_matrix import SERVED

pytestmark = pytest.mark.django_db
CHECKED = ("not_a_server_error", "status_code_conformance", "content_type_conformance",
           "response_schema_conformance")  # fmt: skip


@pytest.fixture
def kept_connection(db: None) -> Iterator[None]:
    """Let requests past Django's own client leave the connection of the test open."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def described() -> dict[str, Any]:
    answer = Client().get("/api/v1/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = json.loads(answer.content)
    return found


def test_it_is_openapi_3_1_and_valid(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1")
    validate_schema(described)


def test_it_has_every_route_and_nothing_else(described: dict[str, Any]) -> None:
    told = {
        (method.upper(), path.removeprefix("/api/v1/"))
        for path, operations in described["paths"].items()
        for method in operations
        if method != "parameters"
    }
    served = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", text))
        for method, text in SERVED
        if text not in ("openapi.json", "docs")
    }
    assert told == served


def test_every_operation_has_a_name_its_scopes_and_the_problem(described: dict[str, Any]) -> None:
    names = []
    for path, operations in described["paths"].items():
        for operation in operations.values():
            names.append(operation["operationId"])
            assert "Scope: " in operation["description"], path
            problem = operation["responses"]["default"]["content"]["application/problem+json"]
            assert problem["schema"] == {"$ref": "#/components/schemas/Problem"}
            assert any(status.startswith("2") for status in operation["responses"]), path
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "operation",
    ["claim", "decide", "undo", "adjudicate", "escalate", "add_note", "extend", "release",
     "decline", "list_items", "get_item", "list_predictions", "get_prediction", "withdraw",
     "record_outcome", "send_predictions", "get_trace", "list_decisions", "list_resolutions",
     "apply", "put_config", "list_config_versions", "get_config_version", "get_job",
     "preview_calendar", "get_lineage", "list_signals"],
)  # fmt: skip
def test_answers_are_described_by_named_schemas(described: dict[str, Any], operation: str) -> None:
    (found,) = [
        o for p in described["paths"].values() for o in p.values() if o["operationId"] == operation
    ]
    good_answers = [a for status, a in found["responses"].items() if status in ("200", "201")]
    assert good_answers
    for answer in good_answers:
        assert all("$ref" in kind["schema"] for kind in answer["content"].values()), answer
    if "requestBody" in found:
        for kind, body in found["requestBody"]["content"].items():
            assert "json" not in kind or body["schema"] != {}, kind


def conforms(described: dict[str, Any], name: str, value: Any) -> None:
    """Check a value against a schema that names each member it may have."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": described["components"]}
    Draft202012Validator(schema).validate(value)
    members = described["components"]["schemas"][name]["properties"]
    assert value.keys() <= members.keys(), value.keys() - members.keys()


def test_what_is_answered_has_just_the_members_that_are_described(
    api: Any, described: dict[str, Any]
) -> None:
    factories.a_pipeline()
    bot = factories.a_service()
    caller = api(bot)
    for tier in ("low", "mid", "high"):
        conforms(
            described,
            "PredictionShown",
            good(caller.post("/predictions", factories.a_payload(tier)), 201),
        )
    (line,) = results(send_lines(caller, lines(factories.a_payload())))
    conforms(described, "LineResult", line)
    reviewer = api(factories.a_person())
    held = good(reviewer.post("/claim", {"queue": "general"}), 201)
    conforms(described, "AssignmentShown", held)
    conforms(described, "ItemShown", held["item"])
    blind = good(reviewer.post("/claim", {"queue": "experts"}), 201)
    conforms(described, "AssignmentShown", blind)
    path = f"/assignments/{held['id']}"
    token = {"claim_token": held["claim_token"]}
    conforms(described, "LeaseShown", good(reviewer.post(f"{path}/extend", token)))
    body = token | {"verdict": "accept", "checklist": {"read": True}}
    decided = good(reviewer.post(f"{path}/decision", body), 201)
    conforms(described, "DecidedShown", decided)
    conforms(described, "DecisionShown", decided["decision"])
    conforms(described, "ResolutionShown", decided["resolution"])
    for name, address in (("Resolution", "/resolutions"), ("Item", "/items")):
        page = good(reviewer.get(address))
        conforms(described, f"{name}Page", page)
        for row in page["results"]:
            conforms(described, f"{name}Shown", row)
    trace = good(caller.get(f"/predictions/{decided['decision']['prediction']}/trace"))
    conforms(described, "TraceShown", trace)
    undo = f"/decisions/{decided['decision']['id']}/undo"
    conforms(described, "UndoneShown", good(reviewer.post(undo)))
    version = good(caller.get("/pipelines/intents/config/versions/1"))
    conforms(described, "VersionDocument", version)


def test_its_page_asks_nobody_else_and_runs_nothing_inline() -> None:
    client = Client()
    page = client.get("/api/v1/docs")
    text = page.content.decode()
    assert page["Content-Type"].startswith("text/html")
    assert "<style" not in text
    assert re.findall(r"<script(?![^>]*\bsrc=)", text) == []
    assert re.findall(r'\son\w+="', text) == []
    linked = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert len(linked) >= 4
    assert all(address.startswith(("/static/drf_spectacular_sidecar/", "/api/v1/docs?"))
               for address in linked), linked  # fmt: skip
    (script,) = [address for address in linked if "docs?" in address]
    answer = client.get(script)
    assert answer["Content-Type"].startswith("application/javascript")
    assert "/api/v1/openapi.json" in answer.content.decode()
    sidecar = Path(__import__("drf_spectacular_sidecar").__file__).parent / "static"
    for address in linked:
        if address.startswith("/static/"):
            assert (sidecar / address.removeprefix("/static/")).is_file()


def test_generated_requests_meet_no_fault_and_no_answer_that_is_not_described(
    kept_connection: None, admin_user: Any
) -> None:
    factories.a_pipeline()
    factories.an_item(factories.a_service())
    token = factories.a_token(admin_user, *factories.tokens.Scope.values)
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)
    checks = [CHECKS.get_one(name) for name in CHECKED]

    for result in schema.get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=12,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def run(case: Any) -> None:
            case.query.pop("wait", None) if case.query else None
            answer = case.call(headers={"Authorization": f"Bearer {token}"})
            case.validate_response(answer, checks=checks)

        run()
