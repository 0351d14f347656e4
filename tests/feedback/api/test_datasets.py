"""Datasets over HTTP."""

import base64
import csv
import hashlib
import io
import json
from datetime import timedelta
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from feedback.domain.rows import FIELDS, row_json
from feedback.models import Dataset, DatasetVersion
from governance.models import Job, OutboxMessage
from governance.services import dispatch
from reviews.models import ReviewItem
from reviews.services import decisions
from tests import factories
from tests.feedback.conftest import LATER, House

pytestmark = pytest.mark.django_db
JSON_COLUMNS = ("input", "output", "scores", "characteristics", "answer", "decisions")


def content(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def run(response: Any) -> Any:
    """Let the worker do what a 202 promised; returns the job."""
    assert response.status_code == 202, response.content
    job = Job.objects.get(pk=response.json()["id"])
    message = OutboxMessage.objects.get(dedupe=f"job:{job.pk}")
    dispatch.run(message_id=str(message.pk), now=timezone.now())
    return response["Location"].removeprefix("/api/v1")


@pytest.fixture
def client(house: House, api: Any) -> Any:
    return api(house.bot, "datasets:read", "datasets:write")


@pytest.fixture
def version(house: House, client: Any) -> str:
    """Return the address of a version with rows of every sort."""
    house.resolved(external_id="=1+1", input={"text": '"quoted", é\r\n=2'}, scores=None)
    house.resolved("balance", external_id="q-000017", confidence=None, scenario_type=None)
    house.approved(external_id="z")
    house.sealed(house.dataset(include={"auto": True}))
    return "/datasets/answers/versions/1"


def test_a_dataset_is_made_and_read(house: House, client: Any) -> None:
    body = {"slug": "answers", "pipeline": "intents", "filter": {"tier": "mid"}}
    made = client.post("/datasets", body)
    assert made.status_code == 201, made.content
    assert made["Location"] == "/api/v1/datasets/answers"
    shown = client.get("/datasets/answers")
    assert shown.json() == made.json()
    assert shown.json()["filter"] == {"tier": ["mid"]}
    assert (shown.json()["versions"], shown.json()["latest"]) == (0, None)
    assert client.get("/datasets/answers", if_none_match=shown["ETag"]).status_code == 304
    assert [row["slug"] for row in client.get("/datasets?pipeline=intents").json()["results"]] == [
        "answers"
    ]
    assert client.get("/datasets?pipeline=others").json()["results"] == []


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"slug": "../x"}, "/slug"),
        ({"slug": 7}, "/slug"),
        ({"slug": None}, "/slug"),
        ({"pipeline": None}, "/pipeline"),
        ({"kind": "other"}, "/kind"),
        ({"created_by": 1}, "/created_by"),
        ({"filter": {"nope": 1}}, "/filter/nope"),
        ({"include": {"auto": "yes"}}, "/include/auto"),
    ],
)
def test_a_wrong_dataset_is_refused_with_its_place(
    house: House, client: Any, change: dict[str, Any], pointer: str
) -> None:
    body = {"slug": "answers", "pipeline": "intents"} | change
    answer = client.post("/datasets", {n: v for n, v in body.items() if v is not None})
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert not Dataset.objects.exists()


def test_a_repeat_with_its_key_makes_one_dataset(house: House, client: Any) -> None:
    body = {"slug": "answers", "pipeline": "intents"}
    first = client.post("/datasets", body, idempotency_key="k1")
    again = client.post("/datasets", body, idempotency_key="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again["Idempotency-Replayed"] == "true"
    assert client.post("/datasets", body).status_code == 409


def test_a_version_is_sealed_by_a_job(house: House, client: Any) -> None:
    house.resolved(external_id="a")
    client.post("/datasets", {"slug": "answers", "pipeline": "intents"})
    place = run(client.post("/datasets/answers/versions", {}))
    job = client.get(place).json()
    assert (job["state"], job["result"]["version"], job["result"]["rows"]) == ("succeeded", 1, 1)
    shown = client.get("/datasets/answers/versions/1")
    assert (shown.json()["number"], shown.json()["parent"]) == (1, None)
    assert shown["ETag"] == f'"{shown.json()["digest"]}"'
    tag = shown["ETag"]
    assert client.get("/datasets/answers/versions/1", if_none_match=tag).status_code == 304
    assert client.get("/datasets/answers").json()["latest"] == 1


def test_a_failed_job_tells_its_problem_and_leaves_no_version(house: House, client: Any) -> None:
    client.post("/datasets", {"slug": "answers", "pipeline": "intents"})
    job = client.get(run(client.post("/datasets/answers/versions"))).json()
    assert (job["state"], job["problem"]["status"]) == ("failed", 409)
    assert client.get("/datasets/answers/versions").json()["results"] == []


@pytest.mark.parametrize("as_of", ["2999-01-01T00:00:00Z", "soon", 5])
def test_as_of_is_an_instant_that_has_passed(house: House, client: Any, as_of: Any) -> None:
    house.dataset()
    answer = client.post("/datasets/answers/versions", {"as_of": as_of})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/as_of"


def test_an_undo_after_sealing_is_a_conflict(house: House, client: Any, api: Any) -> None:
    now = timezone.now() - timedelta(seconds=5)
    decision = house.resolved(external_id="a", now=now).decided_on[0]
    house.dataset()
    run(client.post("/datasets/answers/versions"))
    answer = api(house.reviewer, "review").post(f"/decisions/{decision}/undo")
    assert (answer.status_code, "left the system" in answer.json()["detail"]) == (409, True)


def test_a_download_is_the_same_bytes_twice_and_says_what_they_are(
    client: Any, version: str
) -> None:
    files = {file["format"]: file for file in client.get(version).json()["files"]}
    assert set(files) == {"jsonl", "csv", "csv-raw", "parquet"}
    for kind, file in files.items():
        path = file["download"].removeprefix("/api/v1")
        first, second = client.get(path), client.get(path)
        sent = content(first)
        assert sent == content(second)
        digest = hashlib.sha256(sent)
        assert (digest.hexdigest(), len(sent)) == (file["sha256"], file["size"]), kind
        encoded = base64.b64encode(digest.digest()).decode()
        assert first["Digest"] == f"sha-256={encoded}"
        assert first["Repr-Digest"] == f"sha-256=:{encoded}:"
        assert first["Content-Length"] == str(len(sent))
        ending = kind.partition("-")[0]
        assert first["Content-Disposition"] == f'attachment; filename="answers-v1.{ending}"'
        assert first["X-Content-Type-Options"] == "nosniff"
        assert client.get(path, if_none_match=first["ETag"]).status_code == 304


def rows_of(client: Any, version: str) -> list[dict[str, Any]]:
    sent = content(client.get(f"{version}/download?format=jsonl"))
    return [json.loads(line) for line in sent.decode().split("\n")[:-1]]


def test_csv_reads_back_as_the_same_rows(client: Any, version: str) -> None:
    rows = rows_of(client, version)
    sent = content(client.get(f"{version}/download?format=csv&raw=true")).decode()
    table = list(csv.DictReader(io.StringIO(sent, newline="")))
    assert [tuple(record) for record in table] == [FIELDS] * 3
    for record, row in zip(table, rows, strict=True):
        for name, value in row.items():
            expected = value if isinstance(value, str) else row_json(value).decode()
            assert record[name] == ("" if value is None else expected), name


def test_csv_for_people_guards_what_could_be_a_formula(client: Any, version: str) -> None:
    sent = content(client.get(f"{version}/download?format=csv")).decode()
    table = list(csv.DictReader(io.StringIO(sent, newline="")))
    assert [record["external_id"] for record in table] == ["'=1+1", "q-000017", "z"]


def test_parquet_reads_back_as_the_same_rows(client: Any, version: str) -> None:
    table = pq.read_table(io.BytesIO(content(client.get(f"{version}/download?format=parquet"))))
    assert tuple(table.column_names) == FIELDS
    for record, row in zip(table.to_pylist(), rows_of(client, version), strict=True):
        read = record | {
            name: json.loads(record[name]) for name in JSON_COLUMNS if record[name] is not None
        }
        read["resolved_at"] = read["resolved_at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        assert read == row


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("format=xml", "/format"),
        ("format=jsonl&raw=true", "/raw"),
        ("format=csv-raw", "/format"),
        ("fmt=csv", "/fmt"),
    ],
)
def test_a_wrong_download_is_refused(client: Any, version: str, query: str, pointer: str) -> None:
    answer = client.get(f"{version}/download?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_a_diff_names_what_was_added_and_changed(house: House, client: Any) -> None:
    first = house.resolved(external_id="a")
    house.resolved(external_id="b")
    dataset = house.dataset()
    house.sealed(dataset)
    house.resolved(external_id="c", now=LATER)
    house.sealed(dataset, now=LATER.replace(hour=13))
    answer = client.get("/datasets/answers/versions/1/diff/2").json()
    assert answer["counts"] == {"added": 1, "removed": 0, "changed": 0, "unchanged": 2}
    assert (answer["added"], answer["truncated"]) == (["c"], False)
    back = client.get("/datasets/answers/versions/2/diff/1").json()
    assert (back["counts"]["removed"], back["removed"]) == (1, ["c"])
    assert first.pk


def test_a_diff_names_the_fields_of_a_changed_row(house: House, client: Any) -> None:
    moment = factories.NOW + timedelta(minutes=2)
    house.resolved("balance", external_id="a")
    decision = ReviewItem.objects.get().decisions.get()
    undone = decisions.undo(decision_id=decision.pk, actor=house.reviewer, now=moment)
    factories.decide(house.reviewer, undone.claim, "card_linking", now=moment)
    dataset = house.dataset()
    house.sealed(dataset, as_of=factories.NOW + timedelta(minutes=1))
    house.sealed(dataset)
    answer = client.get("/datasets/answers/versions/1/diff/2").json()
    assert answer["counts"] == {"added": 0, "removed": 0, "changed": 1, "unchanged": 0}
    (changed,) = answer["changed"]
    assert changed["external_id"] == "a"
    assert changed["fields"] == ["answer", "decisions", "resolved_at"]


def test_versions_are_listed_newest_first(house: House, client: Any) -> None:
    house.resolved(external_id="a")
    dataset = house.dataset()
    house.sealed(dataset)
    house.sealed(dataset)
    shown = client.get("/datasets/answers/versions").json()["results"]
    assert [(row["number"], row["parent"]) for row in shown] == [(2, 1), (1, None)]


def test_listing_costs_the_same_however_many_versions(house: House, client: Any) -> None:
    house.resolved(external_id="a")
    dataset = house.dataset()
    counts = []
    for _ in range(2):
        house.sealed(dataset)
        client.get("/datasets/answers/versions")
        with CaptureQueriesContext(connection) as seen:
            client.get("/datasets/answers/versions")
            client.get("/datasets")
        counts.append(len(seen))
    assert counts[0] == counts[1]


PLACES = [
    ("GET", "/datasets/answers"),
    ("GET", "/datasets/answers/versions"),
    ("POST", "/datasets/answers/versions"),
    ("GET", "/datasets/answers/versions/1"),
    ("GET", "/datasets/answers/versions/1/download"),
    ("GET", "/datasets/answers/versions/1/diff/1"),
]


@pytest.mark.parametrize(("method", "path"), PLACES)
def test_a_dataset_of_another_pipeline_is_not_found(
    house: House, version: str, api: Any, method: str, path: str
) -> None:
    stranger = factories.a_service("stranger", pipelines=())
    caller = api(stranger, "datasets:read", "datasets:write")
    assert caller(method, path).status_code == 404
    assert caller.get("/datasets").json()["results"] == []
    cut = api(house.bot, "datasets:read", "datasets:write", pipelines=("intents",))
    assert cut(method, path).status_code in (200, 202)


@pytest.mark.parametrize(("method", "path"), [("POST", "/datasets"), *PLACES])
def test_a_token_without_the_scope_is_refused(
    house: House, version: str, api: Any, method: str, path: str
) -> None:
    reads = api(house.bot, "audit:read")
    assert reads(method, path).status_code == (403 if method == "POST" else 200)
    writes = api(house.bot, "predictions:write", "review", "models:write")
    assert writes(method, path).status_code == 403
    assert api(None)(method, path).status_code == 401


def test_a_version_that_is_not_there_is_not_found(client: Any, version: str) -> None:
    for path in ("/2", "/0", "/2/download", "/1/diff/2", "/99999999999999999999"):
        assert client.get(f"/datasets/answers/versions{path}").status_code == 404
    assert DatasetVersion.objects.count() == 1
