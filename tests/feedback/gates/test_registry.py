"""The registry of models: what a version was trained on is said once and stays."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from feedback.domain.registry import Registration
from feedback.models import ModelTraining, ModelVersion
from feedback.services import registry
from governance.exceptions import Conflict, InvalidInput
from governance.models import AuditEvent
from governance.models.base import AppendOnlyError
from tests import factories, governed
from tests.feedback.gates.conftest import Lab, a_row, digest_of

pytestmark = pytest.mark.django_db


def test_a_version_is_on_record_with_what_it_was_trained_on(lab: Lab) -> None:
    lab.house.resolved()
    version = lab.house.sealed(lab.house.dataset())
    first = lab.model("1")
    second = lab.model("2", trained_on=(("answers", 1),), parent="1")
    assert second.parent == first
    assert [row.dataset_version for row in second.trainings.all()] == [version]
    event = AuditEvent.objects.get(stream=f"model:{second.pk}")
    assert event.action == "model.registered"
    assert event.detail["trained_on"] == {str(version.pk): version.digest}
    assert event.detail["pipelines"] == {"intents": 1}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"version": "a b"}, "/version"),
        ({"version": ""}, "/version"),
        ({"digest": "md5:0"}, "/digest"),
        ({"digest": f"sha256:{'A' * 64}"}, "/digest"),
        ({"artifact_uri": "model.bin"}, "/artifact_uri"),
        ({"artifact_uri": "https://me:secret@example.org/m"}, "/artifact_uri"),
        ({"trained_on": (("nothing", 1),)}, "/trained_on/0"),
        ({"parent": "0"}, "/parent"),
    ],
)
def test_what_is_not_valid_is_refused_with_its_place(
    lab: Lab, changes: dict[str, Any], pointer: str
) -> None:
    wanted = {
        "name": "intents", "version": "1", "artifact_uri": "file:1", "digest": digest_of("1"),
    } | changes  # fmt: skip
    with pytest.raises(InvalidInput) as refused:
        registry.register(wanted=Registration(**wanted), **lab.who())
    assert refused.value.faults[0].pointer == pointer
    assert not ModelVersion.objects.exists()


def test_a_model_is_not_trained_on_what_is_held_out(lab: Lab) -> None:
    lab.held([a_row("a")])
    with pytest.raises(InvalidInput) as refused:
        lab.model("1", trained_on=(("edge", 1),))
    assert refused.value.faults[0].code == "held_out"


def test_a_version_never_changes(lab: Lab) -> None:
    row = lab.model("1")
    with pytest.raises(Conflict, match="never changes"):
        lab.model("1")
    row.digest = digest_of("another")
    with pytest.raises(AppendOnlyError):
        row.save()


def test_nothing_is_added_to_what_a_version_was_trained_on(lab: Lab) -> None:
    lab.house.resolved()
    version = lab.house.sealed(lab.house.dataset())
    row = lab.model("1")
    with pytest.raises(IntegrityError, match="feedback_modeltraining_sealed"), transaction.atomic():
        ModelTraining(model=row, dataset_version=version).save()


def test_who_does_not_see_what_a_version_was_trained_on_does_not_see_it(lab: Lab, api: Any) -> None:
    lab.house.resolved()
    lab.house.sealed(lab.house.dataset())
    lab.model("1")
    lab.model("2", trained_on=(("answers", 1),))
    factories.a_pipeline("others")
    stranger = api(factories.a_service("stranger", pipelines=["others"]), pipelines=("others",))
    assert stranger.get("/models/intents/versions/2").status_code == 404
    assert [row["version"] for row in stranger.get("/models").json()["results"]] == ["1"]


def test_a_version_is_registered_and_read_over_http(lab: Lab, api: Any) -> None:
    client = api(lab.bot, "models:write")
    body = {"version": "1.0", "artifact_uri": "s3://models/1.onnx", "digest": digest_of("1.0")}
    made = client.post("/models/intents/versions", body)
    assert made.status_code == 201, made.content
    shown = client.get(made["Location"].removeprefix("/api/v1"))
    assert shown.json() == made.json()
    assert shown.json()["ref"] == "model:intents@1.0"
    assert (
        client.get("/models/intents/versions/1.0", if_none_match=shown["ETag"]).status_code == 304
    )
    again = client.post("/models/intents/versions", body)
    assert (again.status_code, again.json()["errors"][0]["pointer"]) == (409, "/version")


def test_a_model_is_brought_into_force_under_the_digest_that_it_is_registered_with(
    lab: Lab,
) -> None:
    row = lab.model("1")
    for change, pointer in (
        ({"name": "intents", "version": "2"}, "/change/version"),
        ({"name": "intents", "version": "1", "digest": digest_of("2")}, "/change/digest"),
    ):
        with pytest.raises(InvalidInput) as refused:
            governed.draft(lab.bot, change, kind="model_version")
        assert refused.value.faults[0].pointer == pointer
    draft = governed.of_model(lab.bot, "1")
    submitted = governed.submit(draft)
    assert submitted.after["model"]["digest"] == row.digest
