"""Sealing versions of datasets: what is taken, the act, and what holds it afterwards."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from feedback.models import DatasetEntry, DatasetFile, DatasetFilePart, DatasetVersion
from feedback.services import datasets, sealing
from governance.exceptions import Conflict, InvalidInput, NotFound
from governance.models import AuditEvent, Job, OutboxMessage
from governance.models.base import uuid7
from governance.selectors import principals
from governance.services import dispatch
from reviews.models import ReviewItem
from reviews.services import decisions
from tests import factories
from tests.factories import NOW
from tests.feedback.conftest import LATER, House, rows_of

pytestmark = pytest.mark.django_db


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
