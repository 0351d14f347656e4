"""SLA policies, calendars of queues and the safe default on the form of a pipeline."""

from copy import deepcopy
from typing import Any

import pytest
from django.urls import reverse

from governance.models import Calendar, Pipeline, SLAPolicy
from governance.services import rows
from tests import factories
from tests.governance.admin.test_configuration import filled, page_of

pytestmark = pytest.mark.django_db
WHY = "The quarter's review asked for it"
SLAS = [
    {"policy": "fast", "when": "scenario_type == 'fraud'", "default": False},
    {"policy": "quick", "when": "", "default": True},
]


@pytest.fixture
def pipeline(db: None) -> Pipeline:
    factories.a_pipeline()
    factories.apply(factories.SLA | {"slug": "fast"})
    tiers = deepcopy(factories.PIPELINE["tiers"])
    del tiers["mid"]["sla"]
    given = [{k: v for k, v in entry.items() if v} for entry in SLAS]
    factories.apply(factories.pipeline_document(slas=given, safe_default="deny", tiers=tiers))
    return Pipeline.objects.get()


@pytest.fixture
def client(browser, admin_user):
    return browser(admin_user)


def post(client, row: Pipeline, **changes: Any) -> Any:
    return client.post(page_of(row), filled(client, page_of(row)) | {"reason": WHY} | changes)


def errors(client, row: Pipeline, **changes: Any) -> dict[str, list[str]]:
    response = post(client, row, **changes)
    assert response.status_code == 200, "it was saved"
    return response.context["adminform"].form.errors


def test_a_form_that_is_sent_back_unchanged_changes_nothing(client, pipeline) -> None:
    before, history = rows.document_of(pipeline), Pipeline.history.count()
    assert post(client, pipeline).status_code == 302
    pipeline.refresh_from_db()
    assert rows.document_of(pipeline) == before
    assert before["slas"] == SLAS
    assert Pipeline.history.count() == history


def test_slas_and_the_safe_default_go_into_the_document(client, pipeline) -> None:
    changed = {
        "sla_1_when": "confidence < 0.1", "sla_2_policy": "quick", "sla_2_when": "confidence < 0.2",
        "sla_default": "fast", "safe_default": "hold", "settings": '{"gold": {"rate": 0.1}}',
    }  # fmt: skip
    assert post(client, pipeline, **changed).status_code == 302
    pipeline.refresh_from_db()
    document = rows.document_of(pipeline)
    assert document["slas"] == [
        {"policy": "fast", "when": "confidence < 0.1", "default": False},
        {"policy": "quick", "when": "confidence < 0.2", "default": False},
        {"policy": "fast", "when": "", "default": True},
    ]
    assert (document["safe_default"], document["gold"]) == ("hold", {"rate": 0.1})
    publish = reverse("admin:governance_pipeline_publish", args=[pipeline.pk])
    assert client.post(publish, {"mode": "live", "reason": WHY}).status_code == 302
    pipeline.refresh_from_db()
    assert pipeline.live.document["slas"] == document["slas"]


def test_a_calendar_of_a_queue_goes_into_the_document(client, pipeline) -> None:
    assert 'name="queues-0-calendar"' in client.get(page_of(pipeline)).content.decode()
    assert post(client, pipeline, **{"queues-0-calendar": "always"}).status_code == 302
    assert [q["calendar"] for q in rows.document_of(pipeline)["queues"].values()] == ["always", ""]


def test_a_condition_without_a_default_is_refused(client, pipeline) -> None:
    found = errors(client, pipeline, sla_default="")
    assert found == {"sla_default": ["Exactly one SLA policy is the default: choose it."]}


def test_row_40_the_only_default_stays_while_a_tier_needs_it(client, pipeline) -> None:
    bare = {"sla_1_policy": "", "sla_1_when": "", "sla_default": ""}
    found = errors(client, pipeline, **bare)
    assert [*found] == ["sla_default"]
    assert "mid" in found["sla_default"][0]
    mid = pipeline.tiers.get(slug="mid")
    mid.sla = "quick"
    mid.because(None, WHY).save()
    assert post(client, pipeline, **bare).status_code == 302
    pipeline.refresh_from_db()
    assert rows.document_of(pipeline)["slas"] == []


def test_half_a_row_is_told_at_its_empty_field(client, pipeline) -> None:
    found = errors(client, pipeline, sla_1_when="", sla_3_when="confidence < 0.2")
    assert set(found) == {"sla_1_when", "sla_3_policy"}


@pytest.mark.parametrize(
    "settings", ["[]", "3", '"x"', '{"slas": []}', '{"safe_default": "approve"}', '{"golf": {}}']
)
def test_settings_hold_the_other_sections_only(client, pipeline, settings) -> None:
    if settings == "[]":
        # An empty list is an empty value of the field, as is an empty object.
        assert post(client, pipeline, settings=settings).status_code == 302
        pipeline.refresh_from_db()
        assert rows.document_of(pipeline)["slas"] == SLAS
        return
    assert [*errors(client, pipeline, settings=settings)] == ["settings"]


def test_an_item_is_never_approved_for_want_of_a_reviewer(client, pipeline) -> None:
    assert [*errors(client, pipeline, safe_default="approve")] == ["safe_default"]


def test_faults_of_the_list_lead_to_their_fields(client, pipeline) -> None:
    changed = {
        "sla_1_when": "confidence <", "sla_2_policy": "gone", "sla_2_when": "true",
        "sla_default": "gone-too",
    }  # fmt: skip
    assert post(client, pipeline, **changed).status_code == 302
    publish = reverse("admin:governance_pipeline_publish", args=[pipeline.pk])
    faults = client.get(publish).context["faults"]
    form = page_of(pipeline)
    assert {fault["pointer"]: fault["link"] for fault in faults} == {
        "/0/slas/0/when": f"{form}#id_sla_1_when",
        "/0/slas/1/policy": f"{form}#id_sla_2_policy",
        "/0/slas/2/policy": f"{form}#id_sla_default",
    }
    page = client.get(form).content.decode()
    assert "gone-too (does not exist)" in page
    for fault in faults:
        assert f'id="{fault["link"].partition("#")[2]}"' in page


def test_an_auditor_reads_the_list_in_words(client, browser, pipeline) -> None:
    auditor = browser(factories.a_person("eve", roles=("auditor",), skills=()))
    page = auditor.get(page_of(pipeline)).content.decode()
    assert "quick: otherwise" in page
    assert "scenario_type ==" in page
    assert "Deny it" in page


@pytest.mark.parametrize("slug", ["fast", "quick"])
def test_row_40_an_sla_policy_of_a_condition_or_the_default_cannot_be_deleted(
    client, pipeline, slug
) -> None:
    row = SLAPolicy.objects.get(slug=slug)
    blocks = client.post(page_of(row, "delete"), {"reason": WHY}).context["blocks"]
    place = "the default" if slug == "quick" else "a condition"
    assert f"{place} of pipeline intents" in blocks
    assert "version 2 of intents, which is in force" in blocks
    assert SLAPolicy.objects.filter(slug=slug).exists()


def test_row_40_a_policy_goes_when_neither_rows_nor_what_is_in_force_name_it(
    client, pipeline
) -> None:
    row = SLAPolicy.objects.get(slug="fast")
    assert post(client, pipeline, sla_1_policy="", sla_1_when="").status_code == 302
    response = client.post(page_of(row, "delete"), {"reason": WHY})
    assert response.context["blocks"] == ["version 2 of intents, which is in force"]
    publish = reverse("admin:governance_pipeline_publish", args=[pipeline.pk])
    client.post(publish, {"mode": "live", "reason": WHY})
    assert client.post(page_of(row, "delete"), {"reason": WHY}).status_code == 302


def test_a_calendar_of_a_queue_cannot_be_deleted(client, pipeline) -> None:
    factories.apply(factories.CALENDAR | {"slug": "nights"})
    row = Calendar.objects.get(slug="nights")
    assert post(client, pipeline, **{"queues-0-calendar": "nights"}).status_code == 302
    blocks = client.post(page_of(row, "delete"), {"reason": WHY}).context["blocks"]
    assert blocks == ["queue general of intents"]
    publish = reverse("admin:governance_pipeline_publish", args=[pipeline.pk])
    client.post(publish, {"mode": "live", "reason": WHY})
    assert post(client, pipeline, **{"queues-0-calendar": ""}).status_code == 302
    blocks = client.post(page_of(row, "delete"), {"reason": WHY}).context["blocks"]
    assert blocks == ["version 3 of intents, which is in force"]
