"""The same predictions, sent by many at the same moment."""

import json

import pytest

from governance.enums import Scope
from governance.models import AuditEvent, Pipeline, PolicyActivation, PolicyVersion, User
from governance.services import rows
from reviews.models import Prediction, ReviewItem
from tests import factories
from tests.races.crowd import Crowd, member

pytestmark = [pytest.mark.race, pytest.mark.xdist_group("races")]


@pytest.fixture
def sender(transactional_db: None) -> User:
    factories.a_pipeline()
    return factories.a_service()


def test_one_external_id_from_many_senders_is_one_row(crowd: Crowd, sender: User) -> None:
    payload = factories.a_payload(external_id="same")

    taken = crowd.go(*([member("send", user=sender.pk, payloads=[payload])] * 16))

    outcomes = [entry["outcomes"][0] for entry in taken]
    assert outcomes.count("accepted") == 1
    assert outcomes.count("duplicate") == 15
    assert len({entry["ids"][0] for entry in taken}) == 1
    assert Prediction.objects.count() == ReviewItem.objects.count() == 1
    assert AuditEvent.objects.filter(action="predictions.received").count() == 1


def test_one_external_id_with_different_content_is_one_row(crowd: Crowd, sender: User) -> None:
    payloads = [factories.a_payload(external_id="same", input={"n": n}) for n in range(8)]

    taken = crowd.go(*(member("send", user=sender.pk, payloads=[each]) for each in payloads))

    outcomes = [entry["outcomes"][0] for entry in taken]
    assert outcomes.count("accepted") == 1
    assert outcomes.count("rejected") == 7
    assert Prediction.objects.count() == 1


def test_batches_that_overlap_store_each_prediction_once(crowd: Crowd, sender: User) -> None:
    everything = [factories.a_payload(external_id=f"q-{n:03}") for n in range(300)]
    batches = [everything[start : start + 120] for start in range(0, 181, 60)]

    # The database would refuse one of two that took the same ids in opposite order.
    sent = [batch if turn % 2 else batch[::-1] for turn, batch in enumerate(batches)]
    taken = crowd.go(*(member("send", user=sender.pk, payloads=batch) for batch in sent))

    assert all("error" not in entry for entry in taken), taken
    outcomes = [outcome for entry in taken for outcome in entry["outcomes"]]
    assert outcomes.count("accepted") == 300
    assert outcomes.count("duplicate") == len(outcomes) - 300
    assert Prediction.objects.count() == ReviewItem.objects.count() == 300


def test_fifty_posts_with_one_idempotency_key_have_one_effect(crowd: Crowd, sender: User) -> None:
    token = factories.a_token(sender, Scope.PREDICTIONS_WRITE)
    post = member(
        "post",
        token=token,
        path="/predictions",
        body=factories.a_payload(),
        headers={"Idempotency-Key": "the-same"},
    )

    answers = crowd.go(*([post] * 50))

    first = [a for a in answers if a["status"] == 201 and a["replayed"] is None]
    assert len(first) == 1, answers
    assert {a["status"] for a in answers} <= {201, 409}
    for answer in answers:
        if answer["status"] == 201:
            assert json.loads(answer["body"]) == json.loads(first[0]["body"])
    assert Prediction.objects.count() == 1
    (later,) = crowd.go(post)
    assert (later["status"], later["replayed"]) == (201, "true")


def test_two_publishers_of_one_pipeline_make_one_version(crowd: Crowd, sender: User) -> None:
    before = PolicyVersion.objects.filter(slug="intents").count()
    row = Pipeline.objects.get(slug="intents")
    document = {"kind": "Pipeline", "slug": "intents", **rows.document_of(row)}
    row.guideline = "Read twice. Choose the intent."
    row.because(None, "For a test").save()

    published = crowd.go(*([member("publish", slug="intents")] * 8))

    assert len({(entry["number"], entry["digest"]) for entry in published}) == 1, published
    assert PolicyVersion.objects.filter(slug="intents").count() == before + 1
    assert PolicyActivation.objects.filter(pipeline=row).count() == 2
    assert document["guideline"] != PolicyVersion.objects.latest("number").document["guideline"]


def test_sixteen_writers_of_one_pipeline_leave_no_gap(crowd: Crowd, sender: User) -> None:
    documents = [
        factories.pipeline_document(guideline=f"Read {number} times.") for number in range(16)
    ]

    done = crowd.go(*(member("apply", document=document) for document in documents))

    assert done == [{}] * 16, done
    versions = PolicyVersion.objects.filter(slug="intents").order_by("number")
    assert list(versions.values_list("number", flat=True)) == list(range(1, 18))
    events = AuditEvent.objects.filter(stream="pipeline:intents").order_by("sequence")
    assert list(events.values_list("sequence", flat=True)) == list(range(1, events.count() + 1))
    live = Pipeline.objects.get(slug="intents").live
    assert live == versions.last(), "the last to write is the one in force"
