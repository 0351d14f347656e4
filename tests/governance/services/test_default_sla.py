"""Row 40: the only default SLA policy of a pipeline stays while a tier needs it."""

from copy import deepcopy
from io import StringIO
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command

from governance.domain.documents import InvalidDocuments
from governance.enums import PolicyMode
from governance.models import Pipeline, PolicyVersion
from governance.services import policies, rows
from tests import factories
from tests.api.answers import good, problem

pytestmark = pytest.mark.django_db
CONFIG = "/pipelines/intents/config"
SLAS = [{"policy": "quick", "default": True}]


def document(*named: str, **changes: Any) -> dict[str, Any]:
    """Return a Pipeline document in which only the tiers that are named have a policy of theirs."""
    tiers = deepcopy(factories.PIPELINE["tiers"])
    for slug, tier in tiers.items():
        tier.pop("sla", None)
        if slug in named:
            tier["sla"] = "quick"
    return factories.pipeline_document(tiers=tiers, **changes)


@pytest.fixture
def pipeline(db: None) -> Pipeline:
    factories.a_pipeline()
    factories.apply(document("high", slas=SLAS))
    return Pipeline.objects.get()


def refused(**more: Any) -> str:
    with pytest.raises(InvalidDocuments) as caught:
        factories.apply(document(**more))
    (fault,) = caught.value.faults
    assert (fault.pointer, fault.code) == ("/0/slas", "needed")
    return fault.detail


@pytest.mark.parametrize("changes", [{}, {"slas": []}, {"slas": None}])
def test_a_document_without_the_default_is_refused_as_a_whole(
    pipeline: Pipeline, changes: dict[str, Any]
) -> None:
    before = rows.document_of(pipeline)
    assert "mid, high" in refused(name="Another name", **changes)
    pipeline.refresh_from_db()
    assert rows.document_of(pipeline) == before
    assert PolicyVersion.objects.filter(kind="pipeline").count() == 2


def test_the_default_may_go_once_each_tier_has_a_policy_of_its_own(pipeline: Pipeline) -> None:
    factories.apply(document("mid", "high", slas=[]))
    pipeline.refresh_from_db()
    assert rows.document_of(pipeline)["slas"] == []


def test_another_default_may_take_its_place(pipeline: Pipeline) -> None:
    factories.apply(factories.SLA | {"slug": "slow"})
    factories.apply(document(slas=[{"policy": "slow", "default": True}]))
    pipeline.refresh_from_db()
    assert rows.document_of(pipeline)["slas"][0]["policy"] == "slow"


def test_a_pipeline_that_never_had_a_default_needs_none(db: None) -> None:
    factories.a_pipeline()
    factories.apply(document())
    assert rows.document_of(Pipeline.objects.get())["slas"] == []


def test_a_tier_of_which_only_samples_are_looked_at_needs_it_too(pipeline: Pipeline) -> None:
    routing = deepcopy(factories.PIPELINE["routing"]) | {"random_slice": 0.1}
    with pytest.raises(InvalidDocuments, match="no SLA policy: low"):
        factories.apply(document("mid", "high", routing=routing))
    sampled = document("mid", "high")
    sampled["tiers"]["low"]["monitor_rate"] = 0.1
    with pytest.raises(InvalidDocuments, match="no SLA policy: low"):
        factories.apply(sampled)


@pytest.mark.parametrize("mode", ["live", "shadow", "draft"])
def test_the_api_points_at_the_field_and_says_what_mends_it(
    api: Any, pipeline: Pipeline, mode: str
) -> None:
    author = api(factories.a_service("author"), "config:write")
    told = problem(
        author("PUT", f"{CONFIG}?mode={mode}", document("high"), if_match="*"), 400, "/0/slas"
    )
    (error,) = told["errors"]
    assert error["code"] == "needed"
    assert "mid. Give each a sla of its own, or keep the default." in error["detail"]
    good(author("PUT", f"{CONFIG}?mode={mode}", document("mid", "high"), if_match="*"))


def test_the_command_names_the_field_too(pipeline: Pipeline, tmp_path: Any) -> None:
    file = tmp_path / "pipeline.yaml"
    file.write_text(yaml.safe_dump(document("high")))
    said = StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("apply", str(file), stdout=said, stderr=said)
    told = f"{caught.value}{said.getvalue()}"
    assert "/slas" in told
    assert "keep the default" in told


def test_rows_that_lost_it_are_not_published(pipeline: Pipeline) -> None:
    pipeline.settings = pipeline.settings | {"slas": []}
    pipeline.because(None, "By hand").save()
    with pytest.raises(InvalidDocuments, match="The only default stays"):
        policies.publish(
            pipeline_id=pipeline.pk, mode=PolicyMode.LIVE, actor=None, reason="", now=factories.NOW
        )
