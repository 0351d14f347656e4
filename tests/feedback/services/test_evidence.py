"""Datasets and signals as evidence of an adjustment are bound by their digests."""

import uuid
from typing import Any

import pytest
from django.utils import timezone

from feedback.models import FeedbackSignal
from feedback.selectors.evidence import signal_digest
from feedback.services import signals
from governance.exceptions import InvalidInput
from governance.models import AdjustmentRevision
from governance.selectors.adjustments import revision_of
from tests import governed, world
from tests.api.answers import problem
from tests.feedback.conftest import House

pytestmark = pytest.mark.django_db


def test_a_dataset_is_bound_by_the_digest_of_its_rows() -> None:
    made = world.build()
    given = {"datasets": [{"dataset": "answers", "version": 1}]}
    row = governed.of_model(made.bot, "9", evidence=given)
    assert revision_of(row).bound == {"datasets": [made.version.digest]}
    for reference in ({"dataset": "answers", "version": 2}, {"dataset": "answer", "version": 1}):
        with pytest.raises(InvalidInput) as refused:
            governed.of_model(made.bot, "9", evidence={"datasets": [*given["datasets"], reference]})
        assert refused.value.faults[0].pointer == "/evidence/datasets/1"


def the_signal(house: House) -> FeedbackSignal:
    house.resolved("balance")
    signals.sweep(now=timezone.now)
    return FeedbackSignal.objects.get()


def test_a_signal_is_bound_by_a_digest_of_its_own(house: House) -> None:
    first = the_signal(house)
    house.resolved("balance")
    signals.sweep(now=timezone.now)
    second = FeedbackSignal.objects.exclude(pk=first.pk).get()
    given = {"signals": [str(first.pk), str(second.pk)]}
    bound = revision_of(governed.of_model(house.bot, "9", evidence=given)).bound["signals"]
    assert bound == [signal_digest(row.pipeline_id, str(row.pk)) for row in (first, second)]
    assert len({*bound}) == 2
    assert all(len(digest) == 64 for digest in bound)


@pytest.mark.parametrize("unknown", [str(uuid.UUID(int=7)), "sig-1", "0" * 200])
def test_a_signal_that_is_not_there_is_refused_where_it_stands(house: House, unknown: str) -> None:
    known = str(the_signal(house).pk)
    with pytest.raises(InvalidInput) as refused:
        governed.of_model(house.bot, "9", evidence={"signals": [known, unknown]})
    (fault,) = refused.value.faults
    assert (fault.pointer, fault.code) == ("/evidence/signals/1", "unknown")


def test_a_signal_of_another_pipeline_is_no_evidence(house: House) -> None:
    row, other = the_signal(house), House("other")
    with pytest.raises(InvalidInput) as refused:
        governed.of_model(other.bot, "9", pipeline="other", evidence={"signals": [str(row.pk)]})
    assert refused.value.faults[0].pointer == "/evidence/signals/0"


def test_the_interface_names_the_signal_that_is_not_there(house: House, api: Any) -> None:
    body: dict[str, Any] = {
        "pipeline": "intents", "kind": "model_version", "summary": "The next model",
        "change": {"name": "intents", "version": "9"},
        "evidence": {"signals": [str(the_signal(house).pk), "gone"]},
    }  # fmt: skip
    caller = api(house.bot)
    refused = problem(caller.post("/adjustments", body), 400)
    assert [fault["pointer"] for fault in refused["errors"]] == ["/evidence/signals/1"]
    body["evidence"]["signals"].pop()
    made = caller.post("/adjustments", body)
    assert made.status_code == 201
    assert AdjustmentRevision.objects.get().bound["signals"]
