"""Sealing versions of datasets."""

import hashlib
from datetime import timedelta
from typing import Any

import orjson
import pytest
import rfc8785
from django.db import IntegrityError, connection, transaction

from feedback.domain.rows import FIELDS
from feedback.models import (
    DatasetEntry,
    DatasetFile,
    DatasetFilePart,
    DatasetVersion,
)
from feedback.selectors import downloads
from feedback.services import datasets, sealing
from governance.domain.merkle import RunningRoot, leaf_hash, root
from governance.exceptions import Conflict, InvalidInput, NotFound
from governance.models import AuditEvent, Job, OutboxMessage
from governance.models.base import uuid7
from governance.selectors import principals
from governance.services import dispatch
from reviews.models import ReviewItem
from reviews.services import decisions, resolutions
from tests import factories
from tests.factories import NOW
from tests.feedback.conftest import LATER, House

pytestmark = pytest.mark.django_db


def rows_of(version: DatasetVersion) -> list[dict[str, Any]]:
    texts = version.entries.order_by("position").values_list("content", flat=True)
    return [orjson.loads(text) for text in texts]


def bytes_of(version: DatasetVersion, kind: str) -> bytes:
    return b"".join(downloads.stream(version.files.get(format=kind)))


def merkle_root(leaves: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.1, as it is written there."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    both = merkle_root(leaves[:k]) + merkle_root(leaves[k:])
    return hashlib.sha256(b"\x01" + both).digest()


def test_a_version_holds_all_that_people_resolved_and_nothing_else(house: House) -> None:
    house.resolved(external_id="b")
    house.resolved("balance", external_id="a")
    house.approved(external_id="c")
    factories.an_item(house.bot, external_id="d")
    version = house.sealed(house.dataset())
    assert [(row["external_id"], row["verdict"]) for row in rows_of(version)] == [
        ("a", "correct"),
        ("b", "accept"),
    ]
    assert (version.number, version.rows, version.parent) == (1, 2, None)


def test_a_row_has_its_fields_and_says_what_was_decided(house: House) -> None:
    house.resolved("balance", external_id="q-1", subject={"ref": "c-1", "basis": "contract"})
    (row,) = rows_of(house.sealed(house.dataset()))
    assert tuple(sorted(FIELDS)) == tuple(row)
    (decision,) = row.pop("decisions")
    assert row == {
        "agreement": 1,
        "answer": {"label": "balance"},
        "characteristics": {"lang": "en"},
        "confidence": 0.58,
        "confidence_band": "0.5-0.6",
        "external_id": "q-1",
        "guideline_version": 1,
        "input": {"text": "where is my card"},
        "model": {"name": "intents", "version": "3"},
        "output": {"label": "card_arrival"},
        "propensity": 1,
        "rationale": "The words of the request name it.",
        "reason_codes": ["model_error"],
        "resolution_kind": "single",
        "resolved_at": "2026-11-24T10:00:01.000000Z",
        "scenario_type": "cards",
        "scores": {"card_arrival": 0.58},
        "split": row["split"],
        "tier": "mid",
        "verdict": "correct",
        "weight": 1,
    }
    assert decision["answer"] == {"label": "balance"}
    assert decision["decided_at"] == "2026-11-24T10:00:01.000000Z"


def test_no_name_of_a_person_leaves_the_system(house: House) -> None:
    house.resolved(external_id="q-1", subject={"ref": "customer-77", "basis": "contract"})
    house.resolved(external_id="q-2")
    version = house.sealed(house.dataset())
    text = bytes_of(version, "jsonl").decode()
    assert house.reviewer.username not in text
    assert house.reviewer.email not in text
    assert "customer-77" not in text
    first, second = (row["decisions"][0]["reviewer"] for row in rows_of(version))
    assert first == second
    assert first.startswith("r-")


def test_the_digest_is_the_merkle_root_of_canonical_lines_in_byte_order(house: House) -> None:
    for external_id in ("é", "z", "Z", "a-10", "a-9", "\U0001f600", "\uffff"):
        house.resolved(external_id=external_id, input={"text": "é\u2028", "n": 1.0, "small": 1e-7})
    version = house.sealed(house.dataset())
    lines = bytes_of(version, "jsonl").split(b"\n")
    assert lines.pop() == b""
    ids = [orjson.loads(line)["external_id"] for line in lines]
    assert ids == sorted(ids, key=lambda text: text.encode())
    assert all(line == rfc8785.dumps(orjson.loads(line)) for line in lines)
    assert version.digest == merkle_root(lines).hex()


@pytest.mark.parametrize("size", [*range(18), 100])
def test_a_running_root_is_the_root_of_the_list(size: int) -> None:
    leaves = [leaf_hash(str(i).encode()) for i in range(size)]
    running = RunningRoot()
    for leaf in leaves:
        running.add(leaf)
    assert running.root() == root(leaves)


def test_rows_approved_by_rule_come_only_when_they_are_included(house: House) -> None:
    house.resolved(external_id="a")
    house.approved(external_id="b")
    version = house.sealed(house.dataset(include={"auto": True}))
    person, rule = rows_of(version)
    assert (person["resolution_kind"], rule["resolution_kind"]) == ("single", "auto")
    assert (rule["verdict"], rule["answer"]) == ("accept", {"label": "card_arrival"})
    assert (rule["decisions"], rule["reason_codes"], rule["rationale"]) == ([], [], "")
    assert (rule["propensity"], rule["weight"], rule["agreement"]) == (0, None, None)
    assert rule["resolved_at"] == "2026-11-24T10:00:00.000000Z"


def test_a_sampled_row_weighs_one_by_its_propensity(db: None) -> None:
    tiers = factories.pipeline_document()["tiers"]
    tiers["low"] |= {"monitor_rate": 0.5}
    factories.a_pipeline(tiers=tiers)
    bot, reviewer = factories.a_service(), factories.a_person()
    rows = factories.send(bot, *[factories.a_payload("low") for _ in range(30)])
    sampled = next(row for row in rows if row.sampled)
    held = factories.claim(reviewer)
    assert held is not None
    factories.decide(reviewer, held)
    house = House.__new__(House)
    house.pipeline, house.bot, house.reviewer = sampled.pipeline, bot, reviewer
    (row,) = rows_of(house.sealed(house.dataset()))
    assert (row["propensity"], row["weight"]) == (0.5, 2)


def test_two_reviewers_who_agree_are_both_in_the_row(house: House) -> None:
    house.agreed(("balance", "balance"), external_id="a")
    (row,) = rows_of(house.sealed(house.dataset()))
    assert (row["resolution_kind"], row["agreement"], len(row["decisions"])) == ("agreement", 1, 2)
    assert len({decision["reviewer"] for decision in row["decisions"]}) == 2
    assert all(decision["blind"] for decision in row["decisions"])
    assert row["rationale"].count("The words of the request name it.") == 2


def test_an_adjudicated_row_has_the_adjudicators_rationale(house: House) -> None:
    house.agreed(("balance", "card_linking"), external_id="a")
    lead = factories.a_person(roles=["lead"])
    resolutions.adjudicate(
        principal=principals.of_person(lead),
        actor=lead,
        item_id=ReviewItem.objects.get().pk,
        answer={"label": "balance"},
        rationale="The last sentence settles it.",
        now=NOW,
    )
    (row,) = rows_of(house.sealed(house.dataset()))
    assert row["resolution_kind"] == "adjudicated"
    assert row["rationale"] == "The last sentence settles it."
    assert row["agreement"] == 0.5


def test_what_was_resolved_after_as_of_is_not_in_the_version(house: House) -> None:
    house.resolved(external_id="a", now=NOW)
    house.resolved(external_id="b", now=NOW + timedelta(minutes=20))
    early = house.sealed(house.dataset(), as_of=NOW + timedelta(minutes=10))
    assert [row["external_id"] for row in rows_of(early)] == ["a"]


def test_what_was_undone_stands_before_the_undo_and_not_after(house: House) -> None:
    house.resolved("balance", external_id="a")
    house.resolved(external_id="b")
    decision = ReviewItem.objects.get(prediction__external_id="a").decisions.get()
    undone_at = NOW + timedelta(minutes=5)
    decisions.undo(decision_id=decision.pk, actor=house.reviewer, now=undone_at)
    dataset = house.dataset()
    before = house.sealed(dataset, as_of=undone_at - timedelta(seconds=1))
    after = house.sealed(dataset, as_of=undone_at)
    assert [row["external_id"] for row in rows_of(before)] == ["a", "b"]
    assert [row["external_id"] for row in rows_of(after)] == ["b"]


def test_a_decision_after_an_undo_takes_the_place_of_the_first(house: House) -> None:
    house.resolved("balance", external_id="a")
    decision = ReviewItem.objects.get().decisions.get()
    moment = NOW + timedelta(minutes=5)
    undone = decisions.undo(decision_id=decision.pk, actor=house.reviewer, now=moment)
    factories.decide(house.reviewer, undone.claim, "card_linking", now=moment)
    (row,) = rows_of(house.sealed(house.dataset()))
    assert row["answer"] == {"label": "card_linking"}
    assert len(row["decisions"]) == 1


def test_an_as_of_that_has_not_passed_is_refused(house: House) -> None:
    dataset = house.dataset()
    with pytest.raises(InvalidInput) as caught:
        house.promised(dataset, as_of=LATER + timedelta(seconds=1))
    assert caught.value.faults[0].pointer == "/as_of"


def test_the_bytes_stay_the_same_whatever_happens_later(house: House) -> None:
    house.resolved(external_id="a")
    dataset = house.dataset()
    first = house.sealed(dataset)
    kinds = ("jsonl", "csv", "csv-raw", "parquet")
    before = {kind: bytes_of(first, kind) for kind in kinds}
    house.resolved("balance", external_id="b", now=LATER)
    second = house.sealed(dataset, now=LATER + timedelta(hours=1))
    assert {kind: bytes_of(first, kind) for kind in kinds} == before
    assert (second.number, second.parent_id, second.rows) == (2, first.pk, 2)
    for kind, content in before.items():
        file = first.files.get(format=kind)
        assert (file.size, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_a_version_of_the_same_rows_has_the_same_digest(house: House) -> None:
    house.resolved(external_id="a")
    dataset = house.dataset()
    first, second = house.sealed(dataset), house.sealed(dataset)
    assert first.digest == second.digest
    assert bytes_of(first, "parquet") == bytes_of(second, "parquet")


def test_a_split_is_the_same_in_every_version_and_dataset(house: House) -> None:
    for i in range(20):
        house.resolved(external_id=f"q-{i}")
    one, other = house.sealed(house.dataset()), house.sealed(house.dataset("others"))
    splits = [{row["external_id"]: row["split"] for row in rows_of(v)} for v in (one, other)]
    assert splits[0] == splits[1]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"verdict": "correct"}, ["b"]),
        ({"verdict": ["accept", "correct"]}, ["a", "b", "c"]),
        ({"scenario_type": "loans"}, ["b"]),
        ({"model_version": ["4"]}, ["c"]),
        ({"model_name": "intents"}, ["a", "b", "c"]),
        ({"reason_code": "model_error"}, ["b"]),
        ({"tier": "high"}, ["c"]),
        ({"resolution_kind": ["agreement"]}, ["c"]),
        ({"min_confidence": 0.58}, ["a", "b"]),
        ({"max_confidence": 0.2}, ["c"]),
        ({"agreement_min": 1}, ["a", "b", "c"]),
        ({"resolved_after": "2026-11-24T10:00:01Z"}, ["b"]),
        ({"resolved_before": "2026-11-24T11:00:01+00:30"}, ["a", "c"]),
    ],
)
def test_a_filter_takes_the_rows_it_names(
    house: House, wanted: dict[str, Any], found: list[str]
) -> None:
    house.resolved(external_id="a")
    house.resolved("balance", external_id="b", scenario_type="loans", now=NOW + timedelta(hours=1))
    house.agreed(
        ("card_arrival", "card_arrival"),
        external_id="c",
        model={"name": "intents", "version": "4"},
    )
    version = house.sealed(house.dataset(wanted=wanted), now=LATER + timedelta(hours=2))
    assert [row["external_id"] for row in rows_of(version)] == found


def test_a_filter_on_judgement_leaves_out_what_nobody_judged(house: House) -> None:
    house.resolved(external_id="a")
    house.approved(external_id="b")
    some = house.dataset(wanted={"agreement_min": 0.5}, include={"auto": True})
    assert [row["external_id"] for row in rows_of(house.sealed(some))] == ["a"]
    only = house.dataset("rules", wanted={"resolution_kind": "auto"}, include={"auto": True})
    assert [row["external_id"] for row in rows_of(house.sealed(only))] == ["b"]


def test_a_decision_whose_outcome_was_sealed_cannot_be_undone(house: House) -> None:
    house.resolved(external_id="a")
    decision = ReviewItem.objects.get().decisions.get()
    house.sealed(house.dataset(), now=NOW + timedelta(minutes=1))
    with pytest.raises(Conflict, match="left the system"):
        decisions.undo(
            decision_id=decision.pk, actor=house.reviewer, now=NOW + timedelta(minutes=2)
        )


def test_a_decision_that_the_filter_left_out_can_be_undone(house: House) -> None:
    house.resolved(external_id="a")
    house.resolved("balance", external_id="b")
    decision = ReviewItem.objects.get(prediction__external_id="b").decisions.get()
    house.sealed(house.dataset(wanted={"verdict": "accept"}), now=NOW + timedelta(minutes=1))
    decisions.undo(decision_id=decision.pk, actor=house.reviewer, now=NOW + timedelta(minutes=2))


def test_sealing_is_one_event_of_the_dataset(house: House) -> None:
    house.resolved(external_id="a")
    dataset = house.dataset()
    first, second = house.sealed(dataset), house.sealed(dataset)
    events = AuditEvent.objects.filter(stream=f"dataset:{dataset.pk}").order_by("sequence")
    created, published, again = events
    assert (created.action, published.action) == ("dataset.created", "dataset.published")
    assert published.detail["version"] == str(first.pk)
    assert published.detail["digest"] == first.digest
    assert (published.detail["rows"], published.detail["parent"]) == (1, None)
    assert (again.detail["number"], again.detail["parent"]) == (2, first.digest)
    assert second.sealed_by == house.bot


def test_the_card_counts_what_is_in_the_version(house: House) -> None:
    house.resolved(external_id="a", subject={"ref": "c-1", "basis": "contract"})
    house.resolved("balance", external_id="b", scenario_type="x|y\n# z")
    house.approved(external_id="c")
    version = house.sealed(house.dataset(include={"auto": True}))
    card = version.card
    assert card["resolution_kind"] == {"single": 2, "auto": 1}
    assert card["verdict"] == {"accept": 2, "correct": 1}
    assert card["tier"] == {"mid": 2, "low": 1}
    assert card["confidence_band"] == {"0.5-0.6": 2, "0.9-1.0": 1}
    assert card["model"] == {"intents 3": 3}
    assert card["guideline_version"] == {"1": 3}
    assert sum(card["split"].values()) == 3
    assert "| x\\|y \\# z | 1 | 33.3 % |" in card["markdown"]
    assert version.consent == {"with_subject": 1, "by_basis": {"unstated": 2, "contract": 1}}


def test_a_version_without_rows_is_refused_and_leaves_nothing(house: House) -> None:
    job = house.promised(house.dataset())
    message = OutboxMessage.objects.get(dedupe=f"job:{job.pk}")
    assert dispatch.run(message_id=str(message.pk), now=LATER)
    job.refresh_from_db()
    assert (job.state, job.problem["status"]) == ("failed", 409)
    assert not DatasetVersion.objects.exists()
    assert not AuditEvent.objects.filter(action="dataset.published").exists()


def test_a_job_seals_a_version_and_says_where_it_is(house: House) -> None:
    house.resolved(external_id="a")
    job = house.promised(house.dataset())
    message = OutboxMessage.objects.get(dedupe=f"job:{job.pk}")
    assert dispatch.run(message_id=str(message.pk), now=LATER)
    job.refresh_from_db()
    assert (job.state, job.progress) == ("succeeded", 1)
    assert job.result["location"] == "/api/v1/datasets/answers/versions/1"


def test_a_job_that_runs_again_makes_no_second_version(house: House) -> None:
    house.resolved(external_id="a")
    job = house.promised(house.dataset())
    assert sealing.seal(job=job, now=LATER) == sealing.seal(job=job, now=LATER)
    assert DatasetVersion.objects.count() == 1


def test_sealing_that_breaks_off_leaves_nothing_and_can_be_run_again(house: House) -> None:
    house.resolved(external_id="a")
    job = house.promised(house.dataset())
    # Sealed before what it tells of: the version's own row, which comes last, is refused.
    with pytest.raises(IntegrityError, match="datasetversion_as_of_past"), transaction.atomic():
        sealing.seal(job=job, now=NOW)
    for model in (DatasetVersion, DatasetEntry, DatasetFile, DatasetFilePart):
        assert not model.objects.exists()
    assert not AuditEvent.objects.filter(action="dataset.published").exists()
    assert ReviewItem.objects.get().left_at is None
    assert sealing.seal(job=job, now=LATER)["version"] == 1


def another_job(house: House, job: Job) -> Job:
    return Job.objects.create(
        kind="x", user=house.bot, pipeline=house.pipeline, created_at=NOW, arguments=job.arguments
    )


def test_a_name_can_be_taken_once(house: House) -> None:
    house.dataset()
    with pytest.raises(Conflict) as caught:
        house.dataset()
    assert caught.value.faults[0].pointer == "/slug"


def test_a_pipeline_out_of_reach_is_not_found(house: House) -> None:
    stranger = factories.a_service("stranger", pipelines=())
    with pytest.raises(NotFound):
        datasets.create(
            principal=principals.of_person(stranger),
            actor=stranger,
            slug="theirs",
            pipeline="intents",
            wanted=None,
            include=None,
            now=NOW,
        )


def test_what_was_altered_is_not_sent_whole(house: House) -> None:
    house.resolved(external_id="a")
    version = house.sealed(house.dataset())
    file = version.files.get(format="jsonl")
    file.sha256 = "0" * 64
    sent = []
    with pytest.raises(downloads.AlteredFile):
        sent.extend(downloads.stream(file))
    assert sent == []


def refuses(row: Any, name: str) -> None:
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        row.save()
    columns = {
        "datasetversion_number_uniq": "number",
        "datasetversion_job_uniq": "job_id",
        "datasetentry_position_uniq": "position",
        "datasetentry_external_id_uniq": "external_id",
        "datasetfile_uniq": "format",
        "datasetfilepart_position_uniq": "position",
    }
    assert name in str(caught.value) or columns.get(name, name) in str(caught.value)


def a_version(version: DatasetVersion, job: Job, **changes: Any) -> DatasetVersion:
    row = DatasetVersion(
        dataset=version.dataset, number=2, parent=version, as_of=NOW, rows=1, digest="0" * 64,
        recipe={}, card={}, consent={}, job=job, sealed_by=version.sealed_by, sealed_at=NOW,
    )  # fmt: skip
    for name, value in changes.items():
        setattr(row, name, value)
    return row


def test_the_database_refuses_a_version_that_breaks_a_rule(house: House) -> None:
    house.resolved(external_id="a")
    version = house.sealed(house.dataset())
    job = another_job(house, version.job)
    refuses(a_version(version, job, number=1, parent=None), "datasetversion_number_uniq")
    refuses(a_version(version, version.job), "datasetversion_job_uniq")
    refuses(a_version(version, job, parent=None), "datasetversion_parent_unless_first")
    refuses(a_version(version, job, rows=0), "datasetversion_has_rows")
    refuses(a_version(version, job, as_of=LATER), "datasetversion_as_of_past")
    with pytest.raises(IntegrityError, match="dataset_slug_named"), transaction.atomic():
        house.dataset("")


def test_the_database_refuses_more_rows_for_what_was_sealed(house: House) -> None:
    house.resolved(external_id="a")
    version = house.sealed(house.dataset())
    entry = version.entries.get()
    more = DatasetEntry(
        version=version, position=1, prediction=entry.prediction, external_id="x", content="{}"
    )
    refuses(more, "feedback_datasetentry_sealed")
    # There is one of each format, so PostgreSQL may name that rule first.
    file = DatasetFile(version=version, format="jsonl", sha256="0" * 64, size=1)
    refuses(file, "datasetfile_")
    part = DatasetFilePart(file=version.files.get(format="parquet"), position=9, content=b"")
    refuses(part, "feedback_datasetfilepart_sealed")


def test_the_database_refuses_entries_and_files_that_break_a_rule(house: House) -> None:
    house.resolved(external_id="a")
    prediction = house.sealed(house.dataset()).entries.get().prediction
    # Of a version that is never closed: it would be missed at the commit, which is not made.
    with transaction.atomic():
        open_id, file_id = uuid7(), uuid7()
        first = {"version_id": open_id, "prediction": prediction, "content": "{}"}
        DatasetEntry(position=0, external_id="a", **first).save()
        refuses(DatasetEntry(position=0, external_id="b", **first), "datasetentry_position_uniq")
        refuses(DatasetEntry(position=1, external_id="a", **first), "datasetentry_external_id_uniq")
        nobody = first | {"prediction": None, "prediction_id": uuid7()}
        del nobody["prediction"]
        refuses(DatasetEntry(position=1, external_id="b", **nobody), "refers to nothing")
        file = {"version_id": open_id, "sha256": "0" * 64, "size": 1}
        DatasetFile(format="csv", **file).save()
        refuses(DatasetFile(format="csv", **file), "datasetfile_uniq")
        refuses(DatasetFile(format="xml", **file), "datasetfile_format_valid")
        DatasetFilePart(file_id=file_id, position=0, content=b"a").save()
        again = DatasetFilePart(file_id=file_id, position=0, content=b"b")
        refuses(again, "datasetfilepart_position_uniq")
        transaction.set_rollback(True)


@pytest.mark.parametrize("table", ["datasetversion", "datasetentry", "datasetfile"])
@pytest.mark.parametrize("act", ["UPDATE feedback_{} SET id = id", "DELETE FROM feedback_{}"])
def test_the_database_refuses_to_change_what_was_sealed(house: House, table: str, act: str) -> None:
    house.resolved(external_id="a")
    house.sealed(house.dataset())
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(act.format(table))
