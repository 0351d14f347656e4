"""Held-out sets: rows to judge models by, which no model of the pipeline is trained on."""

import hashlib
import uuid
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.db import IntegrityError, connection, transaction

from feedback.enums import DatasetKind
from feedback.models import Dataset, DatasetEntry, DatasetVersion
from feedback.selectors import downloads, invariants
from feedback.services import erasures, sealing
from governance.db import append_only
from governance.domain.invariants import Span
from governance.domain.merkle import RunningRoot, leaf_hash
from governance.exceptions import Conflict, InvalidInput
from governance.models import AuditEvent
from governance.selectors import principals
from tests import factories
from tests.factories import NOW
from tests.feedback.conftest import LATER, rows_of
from tests.feedback.gates.conftest import Lab, a_row, ndjson

pytestmark = pytest.mark.django_db
NDJSON = "application/x-ndjson"
SPAN = Span(NOW + timedelta(days=1))


def test_a_held_out_set_is_sealed_in_order_of_its_names_under_one_root(lab: Lab) -> None:
    version = lab.held([a_row("b", scenario_type="cards"), a_row("a"), a_row("é")])
    rows = rows_of(version)
    assert [row["external_id"] for row in rows] == ["a", "b", "é"]
    assert rows[0] == a_row("a")
    assert rows[1]["scenario_type"] == "cards"
    tree = RunningRoot()
    for entry in version.entries.order_by("position"):
        tree.add(leaf_hash(entry.content.encode()))
    assert (version.number, version.rows, version.digest) == (1, 3, tree.root().hex())
    assert version.card["scenario_type"] == {"(none)": 2, "cards": 1}
    event = AuditEvent.objects.get(action="dataset.published")
    assert (event.stream, event.detail["digest"]) == (
        f"dataset:{version.dataset_id}", version.digest,
    )  # fmt: skip
    assert [*invariants.versions_are_their_bytes(SPAN)] == []


def test_it_is_downloaded_as_it_was_sealed_and_in_one_format(lab: Lab) -> None:
    version = lab.held([a_row("a"), a_row("b")])
    (file,) = version.files.all()
    raw = b"".join(downloads.stream(file))
    assert hashlib.sha256(raw).hexdigest() == file.sha256
    assert [orjson.loads(line) for line in raw.splitlines()] == rows_of(version)


def test_a_second_version_has_the_first_as_its_parent(lab: Lab) -> None:
    first = lab.held([a_row("a")])
    second = lab.held([a_row("a"), a_row("b")])
    assert (second.number, second.parent) == (2, first)


@pytest.mark.parametrize(
    ("rows", "pointer", "code"),
    [
        ([{**a_row("a"), "output": {}}], "/1/output", "unknown_field"),
        ([{"external_id": "a", "input": {}}], "/1/answer", "required"),
        ([{**a_row("a"), "input": "text"}], "/1/input", "type"),
        ([{**a_row("a"), "answer": {"label": ""}}], "/1/answer/label", "type"),
        ([{**a_row("a"), "scenario_type": 7}], "/1/scenario_type", "length"),
        ([a_row("a"), a_row("b"), a_row("a")], "/3/external_id", "duplicate"),
    ],
)
def test_a_row_that_is_not_valid_is_named_and_nothing_is_kept(
    lab: Lab, rows: list[dict[str, Any]], pointer: str, code: str
) -> None:
    lab.set()
    with pytest.raises(InvalidInput) as refused:
        lab.held([*rows])
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [(pointer, code)]
    assert not DatasetVersion.objects.exists()
    assert not DatasetEntry.objects.exists()


@pytest.mark.parametrize("by", ["external_id", "input", "subject"])
def test_a_row_that_models_may_have_been_trained_on_is_refused_by_name(lab: Lab, by: str) -> None:
    lab.house.resolved(
        external_id="q-1", input={"text": "Where is it?"}, subject={"ref": "c-1", "basis": "x"}
    )
    lab.house.sealed(lab.house.dataset())
    row = {
        "external_id": a_row("q-1"),
        "input": {**a_row("other"), "input": {"text": "Where is it?"}},
        "subject": a_row("another", subject_ref="c-1"),
    }[by]
    with pytest.raises(Conflict) as refused:
        lab.held([row, a_row("new")])
    (fault,) = refused.value.faults
    assert (fault.pointer, fault.code) == (f"/{row['external_id']}", by)
    assert "answers, version 1" in fault.detail
    assert not DatasetVersion.objects.filter(dataset__kind=DatasetKind.EVALUATION).exists()
    assert lab.held([a_row("new")]).rows == 1


def test_an_input_that_was_sealed_before_digests_were_kept_is_found_as_well(lab: Lab) -> None:
    lab.house.resolved(external_id="q-1", input={"text": "Where is it?"})
    lab.house.sealed(lab.house.dataset())
    append_only.remove(connection)
    run("UPDATE feedback_datasetentry SET input_digest = NULL")
    with pytest.raises(Conflict):
        lab.held([{**a_row("other"), "input": {"text": "Where is it?"}}])


def run(sql: str, *values: Any) -> None:
    if connection.vendor == "sqlite":
        values = tuple(value.hex if isinstance(value, uuid.UUID) else value for value in values)
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def test_what_is_held_out_is_left_out_of_later_training_and_counted(lab: Lab) -> None:
    lab.held(
        [
            a_row("q-1"),
            {**a_row("other"), "input": {"text": "the same"}},
            a_row("another", subject_ref="c-1"),
        ]
    )
    lab.house.resolved(external_id="q-1")
    lab.house.resolved(external_id="q-2", input={"text": "the same"})
    lab.house.resolved(external_id="q-3", subject={"ref": "c-1", "basis": "x"})
    lab.house.resolved(external_id="q-4", input={"text": "free"})
    version = lab.house.sealed(lab.house.dataset())
    assert [row["external_id"] for row in rows_of(version)] == ["q-4"]
    assert version.card["held_out"] == 3
    assert [*invariants.held_out_is_apart(SPAN)] == []


def test_a_set_that_is_sealed_while_a_version_is_read_makes_the_job_run_again(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.house.resolved(external_id="q-1")
    lab.house.resolved(external_id="q-2")
    job = lab.house.promised(lab.house.dataset())
    with monkeypatch.context() as meanwhile, transaction.atomic():
        meanwhile.setattr(sealing.turns, "alone", lambda _: lab.held([a_row("q-9")], "meanwhile"))
        with pytest.raises(sealing.HeldOutMeanwhile), transaction.atomic():
            sealing.seal(job=job, now=LATER)
    assert sealing.seal(job=job, now=LATER)["rows"] == 2


def test_a_row_on_both_sides_is_found_by_the_audit(lab: Lab) -> None:
    lab.house.resolved(external_id="q-1", input={"text": "Where is it?"})
    lab.house.sealed(lab.house.dataset())
    held = lab.held([a_row("new")])
    append_only.remove(connection)
    run("UPDATE feedback_datasetentry SET external_id = 'q-1' WHERE version_id = %s", held.pk)
    (told,) = invariants.held_out_is_apart(SPAN)
    assert "q-1" in told
    assert str(held.pk) in told


def test_each_kind_of_dataset_refuses_what_the_other_takes(lab: Lab, api: Any) -> None:
    client = api(lab.bot, "datasets:read", "datasets:write")
    lab.set()
    lab.house.dataset()
    refused = client.post("/datasets/edge/versions", {})
    assert refused.status_code == 409
    assert "application/x-ndjson" in refused.json()["detail"]
    refused = client.post(
        "/datasets/answers/versions", raw=ndjson([a_row("a")]), content_type=NDJSON
    )
    assert refused.status_code == 409
    made = {"slug": "more", "pipeline": "intents", "kind": "evaluation"}
    refused = client.post("/datasets", {**made, "filter": {"tier": "mid"}})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/filter")
    assert client.post("/datasets", made).json()["kind"] == "evaluation"


def test_rows_are_sent_as_lines_and_answered_with_a_job_that_is_done(lab: Lab, api: Any) -> None:
    client = api(lab.bot, "datasets:read", "datasets:write")
    lab.set()
    answer = client.post(
        "/datasets/edge/versions", raw=ndjson([a_row("a"), a_row("b")]), content_type=NDJSON
    )
    assert answer.status_code == 202
    job = client.get(answer["Location"].removeprefix("/api/v1")).json()
    assert (job["state"], job["result"]["rows"]) == ("succeeded", 2)
    shown = client.get("/datasets/edge/versions/1").json()
    assert [file["format"] for file in shown["files"]] == ["jsonl"]
    assert client.get("/datasets/edge/versions/1/download").status_code == 200
    refused = client.get("/datasets/edge/versions/1/download?format=parquet")
    assert refused.json()["errors"][0]["pointer"] == "/format"


def test_a_line_that_is_no_json_is_named(lab: Lab, api: Any) -> None:
    client = api(lab.bot, "datasets:read", "datasets:write")
    lab.set()
    refused = client.post(
        "/datasets/edge/versions", raw=ndjson([a_row("a")]) + b"\n{,}\n[]", content_type=NDJSON
    )
    assert refused.status_code == 400
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/2", "/3"]


def test_a_held_out_set_has_no_recipe_in_the_database_either(lab: Lab) -> None:
    row = lab.set("second")
    row.filter = {"tier": ["mid"]}
    with pytest.raises(IntegrityError), transaction.atomic():
        row.because(lab.bot, "A recipe").save()
    assert Dataset.objects.get(slug="second").filter == {}


def test_the_rows_of_a_person_go_from_held_out_sets_as_well(lab: Lab) -> None:
    version = lab.held([a_row("a", subject_ref="c-1"), a_row("b")])
    officer, second = (factories.a_person(name, roles=("approver",)) for name in ("o", "p"))
    row = erasures.request(
        principal=principals.of_person(officer), actor=officer, subject="c-1", reason="Asked",
        now=LATER,
    )  # fmt: skip
    erasures.execute(
        principal=principals.of_person(second), actor=second, erasure_id=row.pk, now=LATER
    )
    assert DatasetEntry.objects.get(external_id="a").content == ""
    assert downloads.remaining(DatasetVersion.objects.get(pk=version.pk)) == 1
